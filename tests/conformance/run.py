#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A folder of SBML test cases on one engine, against the list of cases that do not pass.

usage: run.py PROGRAM ENGINE [FOLDER] [--update]

PROGRAM is build/bin/osteosome-conformance; FOLDER holds one folder a case, as release 3.4 of the SBML Test Suite does in semantic/. Nothing is
fetched: the suite's cases are third-party data (https://github.com/sbmlteam/sbml-test-suite/releases) that the reader unpacks. Without FOLDER they
are looked for in $OSTEOSOME_SHARED/sbml-test-suite/semantic (default ../shared); if there are none the test is skipped (exit status 77).
not_passed.csv, in FOLDER or else beside this file, names every case that does not pass, by engine, with the reason; a case that is missing there, or
passes although it is named, fails the test. --update writes the list anew."""
import csv
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
SHARES = {"auto": 0.97, "reference": 0.97, "lanes": 0.85}  # of the time courses
SKIPPED = 77


def main():
    program, engine, *given = [word for word in sys.argv[1:] if word != "--update"]
    shared = pathlib.Path(os.environ.get("OSTEOSOME_SHARED", HERE.parents[1] / "../shared")) / "sbml-test-suite/semantic"
    suite = pathlib.Path(given[0]) if given else shared
    if not suite.is_dir():
        print(f"{'error' if given else 'skipped'}: there is no folder {suite}")
        return 3 if given else SKIPPED
    own = suite / "not_passed.csv"
    listing = own if own.exists() else HERE / "not_passed.csv"
    with tempfile.TemporaryDirectory() as folder:
        table = pathlib.Path(folder) / "table.csv"
        done = subprocess.run([program, "--suite", str(suite), "--engine", engine, "-o", str(table)], capture_output=True, text=True, check=False)
        print(done.stdout + done.stderr, end="")
        if done.returncode not in (0, 4):
            return 1
        rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    found = {row["case"]: (row["status"], row["reason"].split(f"{suite}/")[-1]) for row in rows if row["status"] != "pass"}
    with open(listing, encoding="utf-8") as text:
        known = list(csv.DictReader(text))
    if "--update" in sys.argv:
        kept = [row for row in known if row["engine"] != engine]
        kept += [{"engine": engine, "case": case, "status": status, "reason": reason} for case, (status, reason) in found.items()]
        with open(listing, "w", newline="", encoding="utf-8") as text:
            writer = csv.DictWriter(text, ["engine", "case", "status", "reason"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(sorted(kept, key=lambda row: (row["engine"], row["case"])))
        return 0
    listed = {row["case"]: row["status"] for row in known if row["engine"] == engine}
    problems = [f"{case}: {status}, not in {listing}: {reason}" for case, (status, reason) in found.items() if listed.get(case) != status]
    problems += [f"{row['case']} passes now: take it out of {listing}" for row in rows if row["status"] == "pass" and row["case"] in listed]
    courses = [row for row in rows if not (row["status"] == "unsupported" and row["reason"] == "no time course" or "flux balance" in row["reason"])]
    passed = sum(row["status"] == "pass" for row in courses)
    print(f"{engine}: {passed} of {len(courses)} time courses pass ({100 * passed / len(courses):.1f} %)")
    if listing != own and passed < SHARES[engine] * len(courses):
        problems.append(f"fewer than {SHARES[engine]:.0%}")
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
