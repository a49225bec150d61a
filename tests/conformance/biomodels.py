#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Curated BioModels files: every one is read; those that are time courses run for the length of their reference, or 100 time units.

usage: biomodels.py PROGRAM

Read from $OSTEOSOME_SHARED/biomodels (default ../shared); without them the test is skipped (exit status 77). Trajectories are compared with those of
$OSTEOSOME_SHARED/reference/biomodels, which come from a plain solver with events off, so only models without events (and 149) are."""
import csv
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
SHARED = pathlib.Path(os.environ.get("OSTEOSOME_SHARED", HERE.parents[1] / "../shared"))
SKIPPED = 77
REFUSED = {"BIOMD0000000562": "a logical model: the file requires the package 'qual'",
           "BIOMD0000000588": "every reaction is marked fast, and they come to no rest that is determined"}
WIDTH = 1e-5  # relative to a column's largest magnitude: the references stand at 1e-8 a step, kept in six to eight digits
WIDER = {"BIOMD0000000043": 2e-4, "BIOMD0000000044": 2e-4}  # bursts of spikes: libRoadRunner and COPASI at 1e-9 differ by 1e-5 and 5e-5 here

SPECIES_ONLY = {"BIOMD0000000659": "its Hill functions, which are outputs too, have no value where a species that has decayed stands a rounding below zero"}


def run(program, path, times, observe):
    with tempfile.TemporaryDirectory() as folder:
        table = pathlib.Path(folder) / "times.csv"
        table.write_text("time\n" + "\n".join(times) + "\n", encoding="utf-8")
        command = [program, "simulate", str(path), "--times", str(table), "--time-unit", "model", "--rtol", "1e-8"]
        return subprocess.run(command + (["--observe", ",".join(observe)] if observe else []), capture_output=True, text=True, check=False, timeout=300)


def compare(path, output, reference):
    """Problems of the columns both have."""
    rows = list(csv.DictReader(output.splitlines()))
    problems = []
    for name in rows[0]:
        if name == "time" or name not in reference[0]:
            continue
        ours, theirs = [float(r[name] or "nan") for r in rows], [float(r[name]) for r in reference]
        scale = max(map(abs, theirs)) or 1
        worst = max(abs(a - b) for a, b in zip(ours, theirs)) / scale
        if not worst <= WIDER.get(path.stem, WIDTH):
            problems.append(f"{path.stem}: {name} differs by {worst:.1e} of its largest magnitude")
    return problems


def main():
    folder = SHARED / "biomodels"
    if not folder.is_dir():
        print(f"skipped: there is no {folder}")
        return SKIPPED
    program, problems, ran, compared = sys.argv[1], [], 0, 0
    files = sorted(folder.glob("BIOMD*.xml"))
    for path in files:
        file = SHARED / "reference/biomodels" / (path.stem + "_ref.csv")
        text = path.read_text(encoding="utf-8")
        reference = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines())) if file.exists() else None
        time = next(iter(reference[0])) if reference else None
        times = [row[time] for row in reference] if reference else [str(k) for k in range(101)]
        usable = reference is not None and ("<listOfEvents" not in text or path.stem == "BIOMD0000000149")
        species = re.findall(r'<species [^>]*\bid="(\w+)"', text) if path.stem in SPECIES_ONLY else None
        done = run(program, path, times, species)
        if done.returncode != 0:
            if path.stem not in REFUSED:
                problems.append(f"{path.stem}: {done.stderr.strip().splitlines()[-1]}")
            continue
        if path.stem in REFUSED:
            problems.append(f"{path.stem} runs now: take it out of the list")
        ran += 1
        if usable:
            compared += 1
            problems += compare(path, done.stdout, reference)
    print(f"{len(files)} files, {ran} run, {compared} compared, {len(REFUSED)} refused")
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
