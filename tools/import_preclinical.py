# SPDX-License-Identifier: Apache-2.0
"""Turn preclinical.csv, mechanisms.csv and in_vitro.csv into one TOML document per paper; with --check, compare instead.

No cell is changed: numbers keep the characters of the CSV, empty cells are left out.
Writes also split.csv (which papers are set aside, and why), variability.csv (spread between animals) and designs.csv (what the texts of the
rows mean, by vocabulary.toml: the words are read here, once, by the program osteosome-designs).
Example: import_preclinical.py ../shared/evidence
"""

import argparse
import csv
import hashlib
import io
import json
import math
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

Record = dict[str, str]

ROOT = Path(__file__).resolve().parent.parent
TABLES = ("preclinical", "in_vitro", "mechanisms")  # in this order a paper gets its title
WIDTH = 150
TOML_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
PMC = re.compile(r"PMC[0-9]+")
AUTHOR_YEAR = re.compile(r"([A-Z][a-z]+)(?: [A-Z]{1,2})? ((?:19|20)[0-9]{2})\b")

DIRECTIONS = {"up", "down", "ns", "improved", "unchanged/down"}  # other texts tell the state of a registry entry
EFFECTS = (
    "osteoblast_proliferation", "osteoblast_differentiation", "apoptosis", "osteoclastogenesis", "adipogenesis",
    "angiogenesis",
)  # fmt: skip
# in_vitro.csv has no direction column; its notes say the direction in these words.
DIRECTION_WORDS = re.compile(
    r"\b(order|up|higher|greater|less|weaker|rises|increases|falls|lowers|internalised|failed to affect)\b"
)

# Papers that must be fitted whatever their hash: the issue names them in its requirements.
NAMED = {
    "10.1359/jbmr.050307",  # Bouxsein 2005
    "10.1007/bf02571317",  # Wronski 1988
    "10.1002/jbm4.10012",  # Ko 2017, unloading
    "HLU adult/aged rats (PMC6052521)",  # unloading
    "10.1080/14653240802071616",  # Uejima 2008
    "Lei Q 2017 (PMC5558561 Fig 4)",  # passage, order of doses
    "10.1186/s13287-021-02456-w",  # Systemic MSC MA 2021
    "10.1371/journal.pone.0149400",  # Li F 2016
    "Mai 2025 (MA, bone regeneration, 20 in-vivo RCTs)",
    "10.1038/s12276-018-0192-0",  # Sui 2018
    "Donor-effect study 2018 (PMC5980002)",
    "10.1186/s13018-023-03660-5",  # BMSC-Exo ERK/ERalpha, JOSR 2023
}

# Key -> id where the text does not begin with an author and a year, or where two papers would share them.
IDS = {
    "10.1371/journal.pone.0149400": "li-f-2016",
    "Li 2016 (ADSC)": "li-adsc-2016",
    "10.1186/s13018-020-02160-0": "li-l-2021",
    "10.3389/fmolb.2021.679345": "li-x-2021",
    "10.7150/thno.96174": "li-m-2024",
    "10.1016/j.jbiosc.2021.02.007": "zhang-l-2021",
    "miR-22-3p | BMSC exosome": "zhang-x-2021",
    "miR-935 | BMSC exosome": "zhang-y-2021",
    "10.1371/journal.pone.0327011": "zhang-y-2025-plos",
    "10.3389/fendo.2025.1625969": "zhang-y-2025-front",
    "10.1186/s13287-021-02456-w": "systemic-msc-2021",
    "WJ-MSC exosome (ref 88 of IJMS 22:12750)": "wj-msc-exosome",
    "BMSC-sEV miR-20a (ref 122 of IJMS 22:12750)": "bmsc-sev-mir-20a",
    "GMNPE-BMSC-EV miR-150-5p (PMC10425527)": "gmnpe-ev-2022",
    "10.1186/s13018-023-03660-5": "bmsc-exo-erk-2023",
    "10.1186/s13018-023-04440-x": "bmsc-exo-mir-210-2023",
    "ASC-exo diabetic nonunion (PMC10003369)": "asc-exo-nonunion-2023",
    "Bengbu thesis (globethesis 2334330518455671)": "bengbu-thesis",
    "Donor-effect study 2018 (PMC5980002)": "donor-effect-2018",
    "Osterix reporter fracture, LLP2A-Ale (PMC5690802 Fig 3)": "osterix-reporter",
    "MSC-BMP6 pig vertebra (PMC4685143)": "msc-bmp6-pig-2015",
    "NCT02566655 (CSM/OP/2011)": "nct02566655",
    "NCT06949137 (hMSC100)": "nct06949137",
    "NCT05018637": "nct05018637",
    "Lactation/PTHrP mouse study (PMC2999486 T1)": "lactation-pthrp",
    "ORX + androgen rats (PMC8366408 T2)": "orx-androgen",
    "10.1186/s12891-022-05265-1": "early-ovx-rat-2022",
    "OVX rat serial uCT (2016, Guke)": "ovx-rat-serial-2016",
    "OVX rat L4 1-year uCT (WASET)": "ovx-rat-l4-year",
    "Rabbit OVX+MP (PMC2876847)": "rabbit-ovx-mp-2010",
    "HLU adult/aged rats (PMC6052521)": "hlu-aged-rats-2018",
    "HLU growing Wistar (Bioscience J 2012)": "hlu-wistar-2012",
    "10.2478/gsr-2018-0006": "hlu-reload-2018",
    "hADSC-Exo (PMC7864848)": "hadsc-exo",
    "10.1186/s13287-024-03639-x": "osteo-ev-2024",
    "LMHF vibration": "lmhf-vibration",
    "Scl-Ab BrdU (PMC6020110)": "scl-ab-brdu",
    "10.1080/21655979.2021.1996015": "mir-196a-bmsc",
    "10.1302/2046-3758.1012.bjr-2020-0275.r2": "mir-136-5p-bmsc",
    "10.18632/aging.203169": "mir-424-5p-bmsc",
    "10.1080/03008207.2025.2565592": "strained-bmsc-exo",
    "10.1186/s13287-018-1121-9": "irradiated-bmsc-exo",
    "10.1002/stem.1771": "wnt4-uc-msc",
    "10.1002/1873-3468.12024": "let-7-mc3t3",
    "miR-27a (reported DKK2) / miR-27a-3p (reported ATF3) | BMSC-EV": "mir-27a-bmsc",
    "10.1016/j.actbio.2019.12.020": "mir-126-hypoxic",
    "10.7150/thno.58410": "h19-bmsc",
    "10.7150/thno.39238": "clec11a-uc-msc",
    "miR-146a | ADSC exosome": "mir-146a-adsc",
    "miR-29b-3p | BMSC-EV": "mir-29b-3p-bmsc",
    "miR-328-3p, miR-2110 | WJ-MSC exosome": "mir-328-3p-wj-msc",
    "miR-20a | BMSC sEV": "mir-20a-bmsc",
    "10.1186/s13287-020-1562-9": "bmp2-bmmsc",
    "10.1186/s13287-019-1410-y": "mir-375-hasc",
    "10.1016/j.actbio.2022.07.015": "mir-210-3p-hypoxic",
    "10.1111/cpr.12570": "hif-1a-uc-msc",
    "10.1186/s12951-021-00958-6": "mir-1260a-bmsc",
    "10.1186/s13287-021-02449-9": "mir-19b-3p-serum",
    "10.1016/j.cmet.2015.08.018": "mir-29b-fas-bmsc",
    "pmc7900016": "mir-324-osteoclast",
    "10.18632/aging.205031": "mir-486-5p-m2",
    "circ_0006859 (up in OP serum exosomes) | patient serum exosome": "circ-0006859-serum",
    "10.18632/aging.203264": "ev-quantity-op",
}

# Used where no row of the tables matches: the range is 20 to 40 %.
ASSUMED_SOURCE = "issue: 20 to 40 % where no row matches"
ASSUMED_CV = {
    "BV/TV": "0.25", "Tb.N": "0.20", "Tb.Th": "0.20", "Tb.Sp": "0.20", "BMD": "0.20", "P1NP": "0.30", "CTX": "0.30",
    "MAR": "0.35", "BFR/BS": "0.35", "osteoblast number": "0.35", "osteoclast number": "0.35", "strength": "0.25",
    "other": "0.30",
}  # fmt: skip
SITE = re.compile(r" (L3|distal femur|femur|tibia)$")
DESIGNS = "designs.csv"
BY_HAND = {"vocabulary.toml"}  # beside what this tool writes


@dataclass
class Row:
    table: str
    line: int
    cells: Record


@dataclass
class Paper:
    key: str
    rows: list[Row] = field(default_factory=list)

    @property
    def title(self) -> str:
        return title_of(self.rows[0])

    @property
    def doi(self) -> str:
        """The doi column also holds PMC ids; those stay in the rows."""
        return next((row.cells["doi"] for row in self.rows if row.cells["doi"].startswith("10.")), "")

    @property
    def author_year(self) -> re.Match[str] | None:
        """Mechanism rows name their paper, if at all, at the start of the note."""
        first = self.rows[0]
        return AUTHOR_YEAR.match(first.cells["note"] if first.table == "mechanisms" else first.cells["study"])

    @property
    def year(self) -> str:
        years = [row.cells["year"] for row in self.rows if row.cells.get("year")]
        if years:
            return years[0]
        if self.author_year:
            return self.author_year[2]
        in_title = re.search(r"\b(19|20)[0-9]{2}\b", self.rows[0].cells.get("study", ""))
        return in_title[0] if in_title else ""

    @property
    def id(self) -> str:
        if self.key in IDS:
            return IDS[self.key]
        if not self.author_year:
            raise ValueError(f"IDS must give an id for {self.key!r}")
        return f"{self.author_year[1].lower()}-{self.author_year[2]}"

    @property
    def first_byte(self) -> int:
        return hashlib.sha256(self.key.encode()).digest()[0]

    @property
    def parity(self) -> str:
        return "odd" if self.first_byte % 2 else "even"

    @property
    def role(self) -> tuple[str, str]:
        """Role and reason."""
        if self.key in NAMED:
            return "calibration", "named in the issue"
        if any(row.cells.get("data_level") == "mean_sd" for row in self.rows):
            return "calibration", "source of mean_sd rows"
        reason = f"first byte of sha256 of {self.key} is 0x{self.first_byte:02x} ({self.parity})"
        return ("calibration" if self.parity == "odd" else "set_aside"), reason


def title_of(row: Row) -> str:
    return row.cells["study"] if "study" in row.cells else f"{row.cells['cargo']} | {row.cells['source']}"


def read_table(folder: Path, table: str) -> list[Row]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        return [Row(table, reader.line_num, cells) for cells in reader]


def group(rows: list[Row]) -> list[Paper]:
    """One paper per key, in the order of the tables."""
    by_pmc: dict[str, str] = {}
    for row in rows:
        if not row.cells["doi"] and "study" in row.cells:
            by_pmc |= {pmc: row.cells["study"] for pmc in PMC.findall(row.cells["study"])}
    papers: dict[str, Paper] = {}
    for row in rows:
        doi = row.cells["doi"]
        # A PMC id in a doi column names a paper that another table knows by its study text alone.
        key = by_pmc.get(doi) or doi.lower() or title_of(row)
        papers.setdefault(key, Paper(key)).rows.append(row)
    for key in (NAMED | IDS.keys()) - papers.keys():
        raise ValueError(f"no paper of the tables has the key {key!r}")
    for identifier, count in Counter(paper.id for paper in papers.values()).items():
        if count > 1:
            raise ValueError(f"{count} papers have the id {identifier}: add them to IDS")
    return list(papers.values())


def why_not(row: Row) -> str:
    """Empty if the row is usable, else the reason."""
    cells = row.cells
    if row.table == "mechanisms":
        filled = [cells[column] for column in EFFECTS if cells[column]]
        if cells["in_vitro_fold_change"] or any(text[0] in "+-" for text in filled):
            return ""
        return f"effect without a sign: {'; '.join(filled)}" if filled else "no effect column filled"
    if row.table == "in_vitro":
        return "" if cells["value"] or DIRECTION_WORDS.search(cells["note"]) else "no number, no direction in the note"
    direction = cells["direction"]
    if direction and direction not in DIRECTIONS:
        return f"registry entry without result ({direction})"
    if direction or any(cells[column] for column in ("effect", "percent_change", "mean_control", "mean_treated")):
        return ""
    return "design only: no direction, no number" if cells["data_level"] == "design_only" else "no direction, no number"


def pair(column: str, text: str) -> list[str]:
    """A cell as TOML; a long text is broken after single spaces, which a TOML line-ending backslash keeps."""
    key = column if re.fullmatch(r"[A-Za-z0-9_-]+", column) else json.dumps(column)
    if TOML_NUMBER.fullmatch(text):
        return [f"{key} = {text}"]
    quoted = json.dumps(text, ensure_ascii=False)
    if len(f"{key} = {quoted}") <= WIDTH:
        return [f"{key} = {quoted}"]
    lines, current = [f'{key} = """\\'], " " * 2
    for piece in re.split(r"(?<=\S )(?=\S)", quoted[1:-1]):
        if len(current) + len(piece) >= WIDTH and current.strip():
            lines.append(current + "\\")
            current = " " * 2
        current += piece
    return [*lines, current + '"""']


def document(paper: Paper) -> str:
    role, reason = paper.role
    lines = [
        "# Rows of the preclinical evidence tables, written without change by tools/import_preclinical.py.",
        "",
        "[study]",
    ]
    study = {
        "id": paper.id, "title": paper.title, "doi": paper.doi, "year": paper.year, "role": role, "role_reason": reason,
    }  # fmt: skip
    for key, text in study.items():
        lines += pair(key, text) if text else []
    for row in paper.rows:
        lines += ["", "[[rows]]", f'table = "{row.table}"', f"line = {row.line}"]
        reason = why_not(row)
        if reason:
            lines += ["usable = false", *pair("why_not", reason)]
        for column, text in row.cells.items():
            lines += pair(column, text) if text else []
    return "\n".join(lines) + "\n"


def verify(paper: Paper, text: str) -> None:
    """The document, read back, holds every cell of the tables."""
    read = tomllib.loads(text, parse_float=str)["rows"]
    for row, cells in zip(paper.rows, read, strict=True):
        found = {key: str(value) for key, value in cells.items() if key not in ("usable", "why_not")}
        expected = {"table": row.table, "line": str(row.line)} | {k: v for k, v in row.cells.items() if v}
        if found != expected:
            raise ValueError(f"{paper.id}: line {row.line} of {row.table}.csv is not read back as it was")


def csv_text(header: list[str], rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


def split_table(papers: list[Paper]) -> str:
    header = ["key", "study", "first_byte", "parity", "role", "reason"]
    rows = [[p.key, p.title, f"0x{p.first_byte:02x}", p.parity, *p.role] for p in papers]
    return csv_text(header, sorted(rows))


def model_class(text: str) -> str:
    for name in ("OVX", "ORX", "HLU", "lactation", "none"):
        if name in text:
            return name
    raise ValueError(f"no model class for {text!r}")


def variability_table(papers: list[Paper]) -> str:
    """Root mean square of sd/mean over the arms of one species, model and outcome, then the assumed values.

    A sham arm counts under the model of its study. An arm printed again in the rows of several therapies counts once.
    """
    squares: dict[tuple[str, str, str], dict[tuple[str, ...], float]] = {}
    sources: dict[tuple[str, str, str], list[str]] = {}
    for paper in papers:
        for row in paper.rows:
            cells = row.cells
            if cells.get("data_level") != "mean_sd":
                continue
            place = (cells["species"], model_class(cells["osteoporosis_model"]), SITE.sub("", cells["outcome"]))
            for arm in ("control", "treated", "sham"):
                mean, sd = cells[f"mean_{arm}"], cells[f"sd_{arm}"]
                if mean and sd:
                    therapy = cells["source"] if arm == "treated" else ""
                    identity = (paper.id, cells["outcome"], cells["duration_weeks"], arm, therapy, mean, sd)
                    squares.setdefault(place, {})[identity] = (float(sd) / float(mean)) ** 2
                    if paper.id not in sources.setdefault(place, []):
                        sources[place].append(paper.id)
    rows = []
    for place, arms in sorted(squares.items()):
        cv = math.sqrt(math.fsum(arms.values()) / len(arms))
        rows.append([*place, f"{cv:.3f}", str(len(arms)), "; ".join(sources[place]), "derived"])
    rows += [["any", "any", outcome, cv, "", ASSUMED_SOURCE, "assumed"] for outcome, cv in ASSUMED_CV.items()]
    return csv_text(["species", "model", "outcome", "cv", "arms", "source", "kind"], rows)


def render(papers: list[Paper]) -> dict[str, str]:
    """File name -> text of everything that this tool owns in the folder."""
    files = {"split.csv": split_table(papers), "variability.csv": variability_table(papers)}
    for paper in papers:
        text = document(paper)
        verify(paper, text)
        files[f"{paper.id}.toml"] = text
    return files


def differences(out: Path, files: dict[str, str]) -> list[str]:
    found = {path.name for pattern in ("*.toml", "*.csv") for path in out.glob(pattern)}
    problems = [f"{name} is missing" for name in files.keys() - found]
    problems += [f"{name} belongs to no paper of the tables" for name in found - files.keys() - BY_HAND - {DESIGNS}]
    for name in files.keys() & found:
        if (out / name).read_bytes() != files[name].encode():
            problems.append(f"{name} is not as the tables give it")
    return sorted(problems)


def designs(program: Path, out: Path) -> str:
    """Text of designs.csv for the documents of the data folder that `out` belongs to."""
    if not program.exists():
        raise ValueError(f"{program} reads the texts of the rows: build it first (cmake --build build --target osteosome-designs)")
    done = subprocess.run([program, out.parent.parent], capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise ValueError(done.stderr.strip())
    return done.stdout


def summary(papers: list[Paper]) -> None:
    for role in ("calibration", "set_aside"):
        own = [paper for paper in papers if paper.role[0] == role]
        rows = [row for paper in own for row in paper.rows]
        unusable = sum(bool(why_not(row)) for row in rows)
        print(f"{role}: {len(own)} papers, {len(rows)} rows, of these {unusable} not usable")


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    shared = Path(os.environ.get("OSTEOSOME_SHARED") or ROOT.parent / "shared")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "tables", type=Path, nargs="?", default=shared / "evidence",
        help="folder with the three tables (default: $OSTEOSOME_SHARED/evidence, else ../shared/evidence)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=ROOT / "evidence" / "preclinical", help="folder of the documents")
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "bin" / "osteosome-designs", help="reads the texts of the rows")
    parser.add_argument("--check", action="store_true", help="write nothing: do the documents equal the tables?")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_arguments(argv)
    papers = group([row for table in TABLES for row in read_table(args.tables, table)])
    files = render(papers)
    if args.check:
        problems = differences(args.out, files)
        if not problems and (args.out / DESIGNS).read_text(encoding="utf-8") != designs(args.program, args.out):
            problems = [f"{DESIGNS} is not what the texts of the rows mean"]
        if problems:
            raise ValueError("\n  ".join(["not as in the tables", *problems]))
        print("as in the tables")
    else:
        args.out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (args.out / name).write_text(text, encoding="utf-8", newline="\n")
        (args.out / DESIGNS).write_text(designs(args.program, args.out), encoding="utf-8", newline="\n")
    summary(papers)


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"import_preclinical: {error}")
