# SPDX-License-Identifier: Apache-2.0
"""Turn arms.csv + measurements.csv into TOML study documents, one per study; with --check, compare instead of writing.

No value is changed: numbers are written with the characters of the CSV, empty cells are left out.
A row without a month stands in a comment, because a measurement of a study document needs one.
Example: import_evidence.py TABLES OUT --ids OUT/ids.csv --verified OUT/verified.csv
"""

import argparse
import csv
import json
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

Record = dict[str, str]
RowKey = tuple[str, str, str, str]

ARM_KEYS = {  # CSV column -> TOML key, in the order written
    "arm": "label", "class": "class", "regimen": "regimen", "time_zero_month": "time_zero_month",
    "comparator_regimen": "comparator_regimen", "n_randomised": "n_randomised", "age_y": "age_y",
    "years_since_menopause": "years_since_menopause", "t_ls": "t_ls", "t_th": "t_th", "t_fn": "t_fn",
    "sex_or_disease": "sex_or_disease", "population_source": "population_source", "runnable": "runnable",
    "role": "role", "remark": "remark",
}  # fmt: skip
ROW_KEYS = {
    "site_or_marker": "outcome", "unit": "unit", "month": "month", "mean": "mean", "sd_or_se": "error",
    "ci_low": "ci_low", "ci_high": "ci_high", "which": "interval", "n": "n", "count": "count",
    "provenance": "provenance", "note": "note", "verified": "verified",
}  # fmt: skip
NUMBERS = {
    "time_zero_month", "n_randomised", "age_y", "years_since_menopause", "t_ls", "t_th", "t_fn",
    "month", "mean", "sd_or_se", "ci_low", "ci_high", "n",
}  # fmt: skip
UNDATED = "# no month: "
TOML_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
DIGITISED_BY = "Jörg et al. 2022 (doi 10.7554/eLife.76228)"


def read_csv(path: Path) -> list[Record]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def pairs(record: Record, keys: dict[str, str]) -> list[str]:
    """The filled cells of a record as TOML `key = value`."""
    out = []
    for column, key in keys.items():
        text = record.get(column, "")
        if not text:
            continue
        if column not in NUMBERS:
            text = json.dumps(text, ensure_ascii=False)
        elif not TOML_NUMBER.fullmatch(text):
            raise ValueError(f"{record['arm_id']}: {column} = {text!r} is not a TOML number")
        out.append(f"{key} = {text}")
    return out


def header(doi: str, rows: Iterable[Record]) -> list[str]:
    trial = f"doi {doi}" if doi else "no doi given"
    if any(row["provenance"] == "digitised" for row in rows):
        digitised = f'Rows with provenance "digitised" were read off published figures by {DIGITISED_BY}: cite them'
        cite = f"# {digitised} and the study ({trial})."
    else:
        cite = f'# No row has provenance "digitised"; cite the study ({trial}).'
    return ["# Rows of the clinical evidence tables, written without change by tools/import_evidence.py.", cite]


def document(identifier: str, domain: str, arms: list[Record], rows: list[Record]) -> str:
    title, doi = arms[0]["study"], arms[0]["doi"]
    study = {"id": identifier, "title": title, "domain": domain, "doi": doi}
    lines = [*header(doi, rows), "", "[study]", *pairs(study, {key: key for key in study})]
    for arm in arms:
        lines += ["", f"[arms.{arm['arm_id']}]", *pairs(arm, ARM_KEYS), "measurements = ["]
        own = (row for row in rows if row["arm_id"] == arm["arm_id"])
        lines += [f"  {'' if row['month'] else UNDATED}{{ {', '.join(pairs(row, ROW_KEYS))} }}," for row in own]
        lines.append("]")
    return "\n".join(lines) + "\n"


def mark_verified(rows: list[Record], verified: list[Record]) -> None:
    """Add the `verified` text of each entry to the one row that it names."""
    by_key: dict[RowKey, list[Record]] = {}
    for row in rows:
        by_key.setdefault((row["arm_id"], row["site_or_marker"], row["unit"], row["month"]), []).append(row)
    for entry in verified:
        key = (entry["arm_id"], entry["outcome"], entry["unit"], entry["month"])
        matches = by_key.get(key, [])
        if len(matches) != 1 or "verified" in matches[0]:
            raise ValueError(f"verified: {', '.join(key)} must name exactly one row, once")
        matches[0]["verified"] = entry["verified"]


def read_back(text: str) -> tuple[Record, dict[str, Record], list[Record]]:
    """Header, arms and rows of a document, with the keys of the TOML and every number as written."""
    data = tomllib.loads(text.replace(UNDATED, ""), parse_float=str)
    arms: dict[str, Record] = {}
    rows: list[Record] = []
    for arm_id, arm in data["arms"].items():
        for row in arm.pop("measurements"):
            rows.append({"arm_id": arm_id} | {key: str(value) for key, value in row.items()})
        arms[arm_id] = {key: str(value) for key, value in arm.items()}
    return data["study"], arms, rows


def renamed(record: Record, keys: dict[str, str]) -> Record:
    return {key: record[column] for column, key in keys.items() if record.get(column)}


def check(out: Path, ids: dict[str, str], arms: list[Record], rows: list[Record]) -> None:
    """The files of `out` hold every arm and row of the tables once, unchanged and in order, and no other."""
    found_arms: dict[str, Record] = {}
    found_rows: dict[str, list[Record]] = {}
    files = sorted(out.glob("*.toml"))
    if {file.stem for file in files} != set(ids.values()):
        raise ValueError(f"{out} does not hold one file for each id")
    for file in files:
        study, own_arms, own_rows = read_back(file.read_text(encoding="utf-8"))
        for arm_id, arm in own_arms.items():
            if arm_id in found_arms:
                raise ValueError(f"{arm_id} stands in two files")
            found_arms[arm_id] = arm | {"id": study["id"], "study": study["title"], "doi": study.get("doi", "")}
            found_rows[arm_id] = []
        for row in own_rows:
            found_rows[row["arm_id"]].append(row)
    if set(found_arms) != {arm["arm_id"] for arm in arms} or len(found_arms) != len(arms):
        raise ValueError("the files do not hold the arms of arms.csv")
    for arm in arms:
        name = arm["arm_id"]
        study = {"id": ids[arm["study"]], "study": arm["study"], "doi": arm["doi"]}
        if found_arms[name] != renamed(arm, ARM_KEYS) | study:
            raise ValueError(f"{name} is not as in arms.csv")
        own = [row for row in rows if row["arm_id"] == name]
        if found_rows[name] != [{"arm_id": name} | renamed(row, ROW_KEYS) for row in own]:
            raise ValueError(f"the rows of {name} are not as in measurements.csv")
    total = sum(len(own) for own in found_rows.values())
    if total != len(rows):
        raise ValueError(f"{total} rows instead of {len(rows)}")
    print(f"as in the tables: {len(files)} studies, {len(found_arms)} arms, {total} rows")


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", type=Path, help="folder with arms.csv and measurements.csv")
    parser.add_argument("out", type=Path, help="folder for the study documents")
    parser.add_argument("--ids", type=Path, required=True, help="CSV with study,id: every `study` of arms.csv")
    parser.add_argument("--verified", type=Path, help="CSV with arm_id,outcome,unit,month,verified")
    parser.add_argument("--domain", default="clinical")
    parser.add_argument("--check", action="store_true", help="write nothing: do the documents equal the tables?")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_arguments(argv)
    arms, rows = read_csv(args.tables / "arms.csv"), read_csv(args.tables / "measurements.csv")
    if args.verified:
        mark_verified(rows, read_csv(args.verified))
    ids = {entry["study"]: entry["id"] for entry in read_csv(args.ids)}
    titles = {arm["study"]: None for arm in arms}
    if titles.keys() != ids.keys() or len(set(ids.values())) != len(ids):
        raise ValueError(f"{args.ids} must name each study once: {', '.join(sorted(titles.keys() ^ ids.keys()))}")
    if args.check:
        check(args.out, ids, arms, rows)
        return

    documents: dict[str, str] = {}
    for title in titles:
        of_study = [arm for arm in arms if arm["study"] == title]
        names = {arm["arm_id"] for arm in of_study}
        own = [row for row in rows if row["arm_id"] in names]
        documents[ids[title]] = document(ids[title], args.domain, of_study, own)
        print(f"{ids[title]}.toml: {len(of_study)} arms, {len(own)} rows")

    args.out.mkdir(parents=True, exist_ok=True)
    for identifier, text in documents.items():
        (args.out / f"{identifier}.toml").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"import_evidence: {error}")
