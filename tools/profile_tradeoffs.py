#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the anchors that fail cost elsewhere: along each profile of a calibration, the simulated anchors and the hip and spine errors.

Usage: tools/profile_tradeoffs.py PROFILES.csv FITTED.overlay.toml [build/bin/osteosome] prints a markdown table. PROFILES.csv and the overlay
come from `osteosome calibrate` with `profiles` in its configuration."""
import csv
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
WANTED = [("horizon-zoledronate-vs-placebo", "TH", "36", "HORIZON hip"), ("frame-romosozumab-denosumab", "CTX", "0.5", "FRAME CTX week 2"),
          ("frame-romosozumab-denosumab", "CTX", "12", "FRAME CTX month 12"), ("frame-romosozumab-vs-placebo", "LS", "12", "FRAME spine")]


def overlay_of(row, fitted, also):
    text = fitted
    for name, value in row.items():
        for target in [name, *also.get(name, [])]:
            text = re.sub(rf'("{re.escape(target)}" = {{ value = )[^,]+', rf"\g<1>{value}", text)
    return text


def main():
    profiles, overlay = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_text(encoding="utf-8")
    binary = str(pathlib.Path(sys.argv[3] if len(sys.argv) > 3 else ROOT / "build/bin/osteosome").resolve())
    config = tomllib.loads((ROOT / "calibrations/osteosome.toml").read_text(encoding="utf-8"))
    also = {name: unknown.get("also", []) for name, unknown in config["unknowns"].items()}
    print("| held | at | cost | " + " | ".join(w[3] for w in WANTED) + " | hip RMSE | spine RMSE |\n|---|" + "---:|" * (len(WANTED) + 4))
    with tempfile.TemporaryDirectory() as folder:
        for row in csv.DictReader(profiles.open(encoding="utf-8")):
            name, value, cost = row.pop("parameter"), row.pop("held_at"), row.pop("cost")
            path = pathlib.Path(folder) / "point.toml"
            path.write_text(overlay_of(row, overlay, also), encoding="utf-8")
            subprocess.run([binary, "validate", "--model", "osteosome", "--role", "calibration", "--overlay", str(path), "-o", folder], check=True, capture_output=True)
            points = list(csv.DictReader((pathlib.Path(folder) / "points.csv").open(encoding="utf-8")))
            cells = [next(f"{float(p['simulated']):.1f}" for p in points if (p["arm_id"], p["outcome"], p["month"]) == w[:3]) for w in WANTED]
            for site in ("TH", "LS"):
                errors = [float(p["simulated"]) - float(p["observed"]) for p in points if p["outcome"] == site and p["unit"] in ("percent_change", "percent_diff")]
                cells.append(f"{(sum(e * e for e in errors) / len(errors)) ** 0.5:.2f}")
            print(f"| `{name}` | {float(value):.3g} | {float(cost):.1f} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
