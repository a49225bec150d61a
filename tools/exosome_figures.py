#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the figures of docs/science/exosomes-and-cells.md that are not rows of `osteosome validate`: predictions nobody fitted, dose
response, kinetics, what exosomes do beside drugs. Usage: exosome_figures.py [PROGRAM]; default build/bin/osteosome."""
import csv
import io
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/bin/osteosome")
WEEK = 7
AGE = "13 weeks"  # of every animal when the simulation starts, and when those that are operated are
OPERATED = ("--ovariectomy", "0 weeks")


def simulate(outputs, until, species, doses=(), settings=(), times=None, operated=True):
    """Values at the end (or at `times`, in days) of one simulation, by output."""
    command = [PROGRAM, "simulate", "osteosome", "--species", species, "--age", AGE, "--observe", ",".join(outputs), *(OPERATED if operated else ())]
    for dose in doses:
        command += ["--dose", dose]
    for name, value in dict(settings).items():
        command += ["--set", f"{name}={value}"]
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("time [d]\n" + "".join(f"{t}\n" for t in (times or [until])))
        file.flush()
        text = subprocess.run(command + ["--times", file.name], check=True, capture_output=True, text=True).stdout
    rows = list(csv.reader(io.StringIO(text)))
    names = [cell.split(" ")[0] for cell in rows[0]]
    return [dict(zip(names, map(float, row))) for row in rows[1:]]


def percent(treated, control):
    return 100 * (treated / control - 1)


def end(species, doses, outputs, weeks, settings=(), operated=True):
    return simulate(outputs, weeks * WEEK, species, doses, settings, operated=operated)[-1]


def courses():
    print("Disease: ovariectomy at 13 weeks of age, against intact animals")
    for species, weeks in (("mouse", [4, 8]), ("mouse-c3h", [4]), ("rat", [4, 6, 8, 12, 14, 24, 33, 52])):
        times = [WEEK * w for w in weeks]
        outputs = ["BVTV_tibia", "BVTV_vertebra", "CTX", "BFR_BS"]
        operated = simulate(outputs, 0, species, times=times)
        intact = simulate(outputs, 0, species, times=times, operated=False)
        for week, x, base in zip(weeks, operated, intact):
            print(f"  {species:<10} week {week:>2}: tibia BV/TV {x['BVTV_tibia']:.1f} %" + "".join(f", {o} {percent(x[o], base[o]):+.0f} %" for o in outputs))


def pth():
    print("Prediction 1: 80 ug/kg PTH daily for eight weeks in the intact rat, within an hour or over six (Frolik 2003: gain, loss)")
    base = end("rat", [], ["BVTV_tibia", "BVTV_vertebra"], 8, operated=False)
    for over in ("1 h", "6 h", "24 h"):
        x = end("rat", [f"teriparatide 0.02 mg sc over {over} daily x 56"], ["BVTV_tibia", "BVTV_vertebra"], 8, operated=False)
        print(f"  over {over:>4}: BV/TV tibia {percent(x['BVTV_tibia'], base['BVTV_tibia']):+.1f} %, "
              f"vertebra {percent(x['BVTV_vertebra'], base['BVTV_vertebra']):+.1f} %")


def dkk1():
    print("Prediction 2: cargo that silences DKK1, sclerostin antibody, both; OVX rat, eight weeks, BV/TV of the vertebra against OVX")
    arms = {"siDKK1 exosomes": ["exosomes:sidkk1 100 ug iv every 3 d x 19"], "antibody 3 mg/kg": ["romosozumab 0.75 mg sc weekly x 8"]}
    arms["both"] = arms["siDKK1 exosomes"] + arms["antibody 3 mg/kg"]
    base = end("rat", [], ["BVTV_vertebra"], 8)["BVTV_vertebra"]
    gains = {name: percent(end("rat", [" & ".join(doses)], ["BVTV_vertebra"], 8)["BVTV_vertebra"], base) for name, doses in arms.items()}
    for name, gain in gains.items():
        print(f"  {name:<18} {gain:+.1f} %")
    print(f"  both less the sum of each: {gains['both'] - gains['siDKK1 exosomes'] - gains['antibody 3 mg/kg']:+.1f} points")


def tcells():
    print("Prediction 4: OVX mice, eight weeks, with and without T cells: BV/TV of the tibia against their OVX controls")
    outputs = ["BVTV_tibia", "OcS"]
    for name, settings in (("with T cells", {}), ("without", {"immune.tnf_share": 0, "osteoblast.tnf_death": 0})):
        base = end("mouse", [], outputs, 8, settings)
        line = f"  {name:<13}"
        for label, dose in (("MSC", "msc:bmsc 1e6 cells iv"), ("exosomes", "exosomes:bmsc 100 ug iv weekly x 8"),
                            ("OPG-depleted", "exosomes:opg-depleted 100 ug iv weekly x 8")):
            x = end("mouse", [dose], outputs, 8, settings)
            line += f"  {label} {percent(x['BVTV_tibia'], base['BVTV_tibia']):+.1f} % (Oc.S {percent(x['OcS'], base['OcS']):+.1f} %)"
        print(line)


def dose_response():
    print("Dose response, no gate: exosomes weekly for eight weeks in the OVX rat, BV/TV of the femur against OVX")
    base = end("rat", [], ["BVTV_femur"], 8)["BVTV_femur"]
    for particles in (1e8, 3e8, 1e9, 1e10, 1e11, 1e12, 1e13):
        x = end("rat", [f"exosomes:bmsc {particles:g} particles iv weekly x 8"], ["BVTV_femur"], 8)["BVTV_femur"]
        print(f"  {particles:.0e} particles a rat ({4 * particles:.0e}/kg): {percent(x, base):+.1f} %")


def stoichiometry():
    print("One miRNA: highest copies a cell and effect on BV/TV of the femur, OVX rat, 100 ug weekly for eight weeks")
    base = end("rat", [], ["BVTV_femur"], 8)["BVTV_femur"]
    for name, drug, output in (("native miR-196a", "exosomes:mir-196a", "exosomes_mir_196a_native.miR_196a_per_cell"),
                               ("loaded 1000 times", "exosomes:mir-196a-loaded", "exosomes_mir_196a_loaded.miR_196a_per_cell")):
        rows = simulate(["BVTV_femur", output], 56, "rat", [f"{drug} 100 ug iv weekly x 8"], times=list(range(0, 57)))
        copies = max(row[output] for row in rows)
        print(f"  {name:<18} {copies:.2g} copies a cell; BV/TV {percent(rows[-1]['BVTV_femur'], base):+.2f} %")


def beside_drugs():
    print("Beside drugs, OVX rat treated for eight weeks from the operation on; formation and resorption at week 4 against OVX")
    outputs = ["P1NP", "MAR", "BFR_BS", "CTX"]
    base = end("rat", [], outputs, 4)
    for name, dose in (("exosomes 100 ug weekly", "exosomes:bmsc 100 ug iv weekly x 8"), ("alendronate", "alendronate 0.0075 mg sc every 3 d x 19"),
                       ("OPG-Fc", "opg-fc 2.5 mg sc every 3 d x 19")):
        x = end("rat", [dose], outputs, 4)
        print(f"  {name:<23}" + "".join(f" {o} {percent(x[o], base[o]):+.0f} %" for o in outputs))


def main():
    for section in (courses, pth, dkk1, tcells, dose_response, stoichiometry, beside_drugs):
        section()


if __name__ == "__main__":
    main()
