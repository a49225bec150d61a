#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes evidence/grades.csv: how well the model as shipped does on published studies, by the drugs that were given. Reports show it.

usage: tools/grade_table.py OSTEOSOME [--check]   with --check it writes nothing and fails if the file is not what the program gives."""
import collections
import csv
import functools
import io
import math
import pathlib
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = ROOT / "evidence" / "grades.csv"
COLUMNS = ["domain", "drugs", "outcome", "role", "studies", "rows", "rmse", "bias", "right", "sizes", "sizes_right"]


def validate(program, folder, *options):
    subprocess.run([program, "validate", "-o", folder, *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def drug_names(program):
    @functools.cache
    def names(regimen):
        doses = subprocess.run([program, "regimen", regimen], check=True, capture_output=True, text=True, cwd=ROOT).stdout
        return " + ".join(sorted({row["drug"] for row in csv.DictReader(io.StringIO(doses))})) or "none"

    return names


def clinical(program, folder, names):
    regimens = {}
    for path in [*(ROOT / "evidence").glob("clinical/*.toml"), *(ROOT / "evidence").glob("read/*.toml")]:
        for arm, entry in tomllib.loads(path.read_text(encoding="utf-8")).get("arms", {}).items():
            regimens[arm] = entry.get("regimen", "none")
    validate(program, folder, "--model", "osteosome")
    found = collections.defaultdict(list)
    for row in rows_of(f"{folder}/validation.csv"):
        if row["rmse"]:
            found[names(regimens[row["arm_id"]]), row["outcome"], row["role"]].append(row)
    for (drugs, outcome, role), rows in found.items():
        n = [int(row["n_points"]) for row in rows]
        mean = lambda values: sum(k * x for k, x in zip(n, values)) / sum(n)
        yield ["clinical", drugs, outcome, role, len({row["study"] for row in rows}), sum(n),
               f"{math.sqrt(mean([float(row['rmse']) ** 2 for row in rows])):.3g}", f"{mean([float(row['bias']) for row in rows]):.3g}", "", "", ""]


def preclinical(program, folder, names):
    validate(program, folder, "--domain", "preclinical")
    found = collections.defaultdict(list)
    for row in rows_of(f"{folder}/preclinical.csv"):
        if row["right"]:
            found[row["species"], names(row["regimen"]), row["outcome"], row["role"]].append(row)
    for (species, drugs, outcome, role), rows in found.items():
        yield [species, drugs, outcome, role, len({row["study"] for row in rows}), len(rows), "", "", sum(row["right"] == "yes" for row in rows),
               sum(row["size_right"] != "" for row in rows), sum(row["size_right"] == "yes" for row in rows)]


def main(program, check):
    program = str(pathlib.Path(program).resolve())
    names = drug_names(program)
    with tempfile.TemporaryDirectory() as folder:
        rows = sorted([*clinical(program, f"{folder}/clinical", names), *preclinical(program, f"{folder}/animals", names)], key=lambda row: row[:4])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
    if not check:
        TARGET.write_text(text.getvalue(), encoding="utf-8")
    elif TARGET.read_text(encoding="utf-8") != text.getvalue():
        sys.exit(f"{TARGET} is not what {program} gives; run tools/grade_table.py {program}")


if __name__ == "__main__":
    main(sys.argv[1], "--check" in sys.argv[2:])
