#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what the animal studies say about each constant of exosomes, and which constant's uncertainty moves the human prediction most:
hip BMD after a year of exosomes 4 mg weekly in a woman of 65, each constant one standard deviation up and down, the others as they are.
Usage: exosome_sensitivity.py [PROGRAM]; default build/bin/osteosome."""
import csv
import io
import math
import pathlib
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/bin/osteosome")
DOSE = "exosomes:bmsc 4 mg iv weekly x 52"
START_AGE, YEAR = 64, 365.25


def hip(settings, dosed=True):
    """Hip BMD at 65 of a woman who starts at rest at START_AGE."""
    command = [PROGRAM, "simulate", "osteosome", "--until", f"{YEAR} d", "--every", f"{YEAR} d", "--observe", "TH"]
    command += ["--set", f"endocrine.age_0={START_AGE}"] + (["--dose", DOSE] if dosed else [])
    for name, value in settings.items():
        command += ["--set", f"{name}={value}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(list(csv.reader(io.StringIO(text)))[-1][1])


def priors():
    """Value, standard deviation and scale of every constant of vesicles with a prior, by its name in the model."""
    found = {}
    for prefix, path in (("ev.", "models/osteosome/exosome-biology.toml"), ("exosomes_bmsc.", "models/osteosome/vesicle.toml")):
        for name, p in tomllib.loads((ROOT / path).read_text(encoding="utf-8"))["parameters"].items():
            if "prior" in p:
                found[prefix + name] = (p["value"], p["prior"]["sd"], p["prior"].get("scale", "log"), p.get("bounds"))
    return found


def fitted():
    with open(ROOT / "calibrations/exosomes-run/identifiability.csv", encoding="utf-8") as file:
        return {row["parameter"]: row for row in csv.DictReader(file)}


def moved(value, sd, scale, bounds, sign):
    x = value * math.exp(sign * sd) if scale == "log" else value + sign * sd
    return min(max(x, bounds[0]), bounds[1]) if bounds else x


def main():
    posterior = fitted()
    control = hip({}, dosed=False)
    gain = 100 * (hip({}) / control - 1)
    rows = []
    for name, (value, sd, scale, bounds) in priors().items():
        fit = posterior.get(name)
        informed = float(fit["informed"]) if fit else 0.0
        center, spread = (float(fit["value"]), float(fit["standard_error"])) if fit and informed >= 0.05 else (value, sd)
        up, down = (hip({name: moved(center, spread, scale, bounds, sign)}) for sign in (1, -1))
        rows.append((abs(100 * (up - down) / control) / 2, name, informed, sd, spread, bool(fit)))
    rows.sort(reverse=True)
    total = sum(effect**2 for effect, *_ in rows)
    print(f"Gain of the hip over untreated: {gain:+.1f} %")
    print("constant | informed | prior sd | posterior sd | moves the gain by, points | share of the variance")
    for effect, name, informed, sd, spread, asked in rows:
        state = f"informed ({informed:.2f})" if informed >= 0.05 else "prior" if asked else "prior (not asked)"
        print(f"{name} | {state} | {sd:.2f} | {spread:.2f} | {effect:.2f} | {100 * effect**2 / total:.0f} %")


if __name__ == "__main__":
    main()
