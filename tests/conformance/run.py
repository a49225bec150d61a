#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The SBML Test Suite on one engine, against the published list of cases that do not pass.

usage: run.py PROGRAM ENGINE [--suite FOLDER] [--update]

The cases are third-party data and are read from FOLDER, by default $OSTEOSOME_SHARED/sbml-test-suite/semantic (else ../shared); without FOLDER and without
them the test is skipped (exit status 77). not_passed.csv names every case that does not pass, by engine, with the reason; a case that is missing there, or passes
although it is named, fails the test."""
import argparse
import csv
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
LIST = HERE / "not_passed.csv"
SHARES = {"auto": 0.97, "reference": 0.97, "lanes": 0.85}  # of the time courses
SKIPPED = 77


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("engine")
    parser.add_argument("--suite", type=pathlib.Path)
    parser.add_argument("--update", action="store_true")
    given = parser.parse_args()
    program, engine = given.program, given.engine
    suite = given.suite or pathlib.Path(os.environ.get("OSTEOSOME_SHARED", HERE.parents[1] / "../shared")) / "sbml-test-suite/semantic"
    if not suite.is_dir():
        print(f"there is no {suite}")
        return 1 if given.suite else SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        table = pathlib.Path(folder) / "table.csv"
        done = subprocess.run([program, "--suite", str(suite), "--engine", engine, "-o", str(table)], capture_output=True, text=True, check=False)
        print(done.stdout + done.stderr, end="")
        if done.returncode not in (0, 4):
            return 1
        rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    found = {row["case"]: (row["status"], row["reason"].split(f"{suite}/")[-1]) for row in rows if row["status"] != "pass"}
    with open(LIST, encoding="utf-8") as text:
        known = list(csv.DictReader(text))
    if given.update:
        kept = [row for row in known if row["engine"] != engine]
        kept += [{"engine": engine, "case": case, "status": status, "reason": reason} for case, (status, reason) in found.items()]
        with open(LIST, "w", newline="", encoding="utf-8") as text:
            writer = csv.DictWriter(text, ["engine", "case", "status", "reason"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(sorted(kept, key=lambda row: (row["engine"], row["case"])))
        return 0
    listed = {row["case"]: row["status"] for row in known if row["engine"] == engine}
    problems = [f"{case}: {status}, not in {LIST.name}: {reason}" for case, (status, reason) in found.items() if listed.get(case) != status]
    problems += [f"{row['case']} passes now: take it out of {LIST.name}" for row in rows if row["status"] == "pass" and row["case"] in listed]
    courses = [row for row in rows if not (row["status"] == "unsupported" and row["reason"] == "no time course" or "flux balance" in row["reason"])]
    passed = sum(row["status"] == "pass" for row in courses)
    print(f"{engine}: {passed} of {len(courses)} time courses pass ({100 * passed / len(courses):.1f} %)")
    if passed < SHARES[engine] * len(courses):
        problems.append(f"fewer than {SHARES[engine]:.0%}")
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
