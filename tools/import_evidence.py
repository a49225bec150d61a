# SPDX-License-Identifier: Apache-2.0
"""Turn chosen arms of arms.csv + measurements.csv into TOML study documents, one per study.

No value is changed: numbers are written with the characters of the CSV, empty cells are left out.
Example: import_evidence.py TABLES OUT 'DEFEND (Bone 2008)' active-placebo --verified OUT/verified.csv
"""

import argparse
import csv
import json
import re
import sys
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
TOML_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
DIGITISED_BY = "Jörg et al. 2022 (doi 10.7554/eLife.76228)"


def read_csv(path: Path) -> list[Record]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def study_id(title: str) -> str:
    """'DATA 24 mo (Leder 2014)' -> 'data-24mo': without the closing parenthesis, kebab-case."""
    short = re.sub(r"\s*\([^()]*\)$", "", title)
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"(\d+) mo\b", r"\1mo", short.lower())).strip("-")


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
        lines += [f"  {{ {', '.join(pairs(row, ROW_KEYS))} }}," for row in own]
        lines.append("]")
    return "\n".join(lines) + "\n"


def choose(arms: list[Record], wanted: list[str]) -> list[Record]:
    """The arms whose id or study is named, in the order of the table."""
    if unknown := set(wanted) - {arm["arm_id"] for arm in arms} - {arm["study"] for arm in arms}:
        raise ValueError(f"neither an arm nor a study: {', '.join(sorted(unknown))}")
    return [arm for arm in arms if arm["arm_id"] in wanted or arm["study"] in wanted]


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


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", type=Path, help="folder with arms.csv and measurements.csv")
    parser.add_argument("out", type=Path, help="folder for the study documents")
    parser.add_argument("wanted", nargs="+", metavar="ARM_OR_STUDY", help="arm_id, or the whole text of `study`")
    parser.add_argument("--verified", type=Path, help="CSV with arm_id,outcome,unit,month,verified")
    parser.add_argument("--id", action="append", default=[], metavar="STUDY=ID", help="an id other than the usual one")
    parser.add_argument("--domain", default="clinical")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_arguments(argv)
    rows = read_csv(args.tables / "measurements.csv")
    if args.verified:
        mark_verified(rows, read_csv(args.verified))
    chosen_id = dict(item.rsplit("=", 1) for item in args.id)

    studies: dict[tuple[str, str], list[Record]] = {}
    for arm in choose(read_csv(args.tables / "arms.csv"), args.wanted):
        studies.setdefault((arm["study"], arm["doi"]), []).append(arm)

    documents: dict[str, str] = {}
    for (title, _), arms in studies.items():
        identifier = chosen_id.get(title, study_id(title))
        if identifier in documents:
            raise ValueError(f"two studies share the id {identifier}: give one another with --id")
        names = {arm["arm_id"] for arm in arms}
        own = [row for row in rows if row["arm_id"] in names]
        documents[identifier] = document(identifier, args.domain, arms, own)
        print(f"{identifier}.toml: {len(arms)} arms, {len(own)} rows")

    args.out.mkdir(parents=True, exist_ok=True)
    for identifier, text in documents.items():
        (args.out / f"{identifier}.toml").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"import_evidence: {error}")
