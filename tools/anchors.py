#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the table of anchors: published values that the model osteosome should meet.

Usage: tools/anchors.py FOLDER [--role ROLE] > docs/science/anchors.md, FOLDER from `osteosome validate -o FOLDER`.
Tolerance: the larger of 1 percentage point and half the reported interval; markers 25 % of the reported level. Exit 1 if fewer than nine
tenths of the anchors on calibration arms pass."""
import argparse
import csv
import math
import pathlib
import sys
import tomllib

ROOT = pathlib.Path(__file__).parent.parent
MARKERS = {"CTX", "uCTX", "P1NP", "BSAP", "OC"}


def rows_of_evidence():
    rows, roles, titles = {}, {}, {}
    for path in sorted((ROOT / "evidence").glob("*/*.toml")):
        study = tomllib.loads(path.read_text(encoding="utf-8"))
        for arm_id, arm in study["arms"].items():
            roles[arm_id], titles[arm_id] = arm.get("role", ""), study["study"]["title"]
            for m in arm.get("measurements", []):
                if m["count"] == "yes" and m["unit"] in ("percent_change", "percent_diff") and "mean" in m:
                    rows[arm_id, m["outcome"], float(m["month"])] = m
    return rows, roles, titles


def half_width(m):
    return (m["ci_high"] - m["ci_low"]) / 2 if "ci_low" in m and "ci_high" in m and m.get("interval") != "SD" else 0.0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--role", choices=("calibration", "validation"))
    options = parser.parse_args()
    measured, roles, titles = rows_of_evidence()
    simulated = {}
    for row in csv.DictReader((options.folder / "points.csv").open(encoding="utf-8")):
        if row["model"] == "osteosome" and row["unit"] in ("percent_change", "percent_diff"):
            simulated[row["arm_id"], row["outcome"], float(row["month"])] = float(row["simulated"] or "nan")
    passed, total, lines = 0, 0, []
    for anchor in csv.DictReader((ROOT / "evidence/anchors.csv").open(encoding="utf-8")):
        role = roles[anchor["arm_id"]]
        if options.role not in (None, role):
            continue
        key = (anchor["arm_id"], anchor["outcome"], float(anchor["month"]))
        observed, value, width = measured[key]["mean"], simulated[key], half_width(measured[key])
        if anchor["minus"]:
            other = (anchor["minus"], *key[1:])
            observed, value = observed - measured[other]["mean"], value - simulated[other]
            width = math.hypot(width, half_width(measured[other]))
        tolerance = 0.25 * (100 + observed) if key[1] in MARKERS else max(1.0, width)
        ok = abs(value - observed) <= tolerance
        if role == "calibration":
            passed, total = passed + ok, total + 1
        name = key[0] + (f" minus {anchor['minus']}" if anchor["minus"] else "")
        lines.append(f"| {titles[key[0]]} | {name} | {role} | {key[1]} | {key[2]:g} | {observed:.2f} | {tolerance:.2f} | {value:.2f} | {'yes' if ok else '**no**'} |")
    print("# Anchors\n\nWritten by `tools/anchors.py`; do not edit. Changes and differences in percent; calibration rows were fitted, validation rows were not.\n")
    print(f"{passed} of {total} anchors on calibration arms pass.\n")
    print("| study | arm | role | outcome | month | reported | tolerance | simulated | passed |\n|---|---|---|---|---:|---:|---:|---:|---|")
    print("\n".join(lines))
    return 0 if passed >= 0.9 * total else 1


if __name__ == "__main__":
    sys.exit(main())
