#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Python adds to C++: the same calls from both, in turns. One subject of a small model; a population of the integrated model (60 months, 10 outputs)
to pandas; memory beyond the result. Needs `make python`.
usage: PYTHONPATH=build/python build/python-env/bin/python bench/python.py [SUBJECTS]"""

import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import osteosome

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUTPUTS = ["LS", "TH", "FN", "CTX", "P1NP", "BSAP", "OC", "modelling", "beta_catenin", "erk"]
MODEL = """[model]
id = "decay"
title = "Decay"
source = "a bench"
time = "d"
[parameters]
k = { value = 0.25, unit = "1/d", kind = "assumed", source = "a bench", rationale = "a bench", meaning = "rate" }
[species]
x = { initial = "8", unit = "mg", kind = "assumed", source = "a bench", rationale = "a bench", rate = "-k*x", meaning = "amount" }
"""
CALLS, TURNS = 50, 3


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident() -> float:
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "decay.toml"
        model.write_text(MODEL, encoding="utf-8")
        one, many = {"C++": [], "Python": []}, {"C++": [], "Python": []}
        for _ in range(TURNS):
            said = subprocess.run([ROOT / "build/bin/door_runs", model, str(n)], capture_output=True, text=True, check=True).stdout.split()
            one["C++"].append(float(said[1]))
            many["C++"].append(float(said[4]))
            osteosome.simulate(model, until="1 d", every="1 d")
            began = time.perf_counter()
            for _ in range(CALLS):
                osteosome.simulate(model, until="1 d", every="1 d")
            one["Python"].append((time.perf_counter() - began) / CALLS)
            before, began = resident(), time.perf_counter()
            population = osteosome.Population(n, vary={"osteoclast.estrogen_rankl": {"kind": "lognormal", "cv": 0.2}})
            result = osteosome.simulate("osteosome", population=population, age="65 years", until="60 months", every="1 month", observe=OUTPUTS)
            frame = result.pandas()
            many["Python"].append(time.perf_counter() - began)
            assert frame.shape == (n * 61, 12)
            size = result.values.nbytes / 2**20
            beyond = resident() - before - size
            del result, frame, population
    cpp, python = (statistics.median(one[k]) * 1e3 for k in ("C++", "Python"))
    print(f"one subject: C++ {cpp:.2f} ms, Python {python:.2f} ms, {python - cpp:+.2f} ms a call")
    cpp, python = (statistics.median(many[k]) for k in ("C++", "Python"))
    print(f"{n} subjects, 60 months, 10 outputs, to pandas: C++ {cpp:.2f} s, Python {python:.2f} s, {100 * (python / cpp - 1):+.1f} %")
    print(f"memory beyond the result of {size:.0f} MB, its data frame in it: {beyond:.0f} MB; peak {megabytes():.0f} MB")


if __name__ == "__main__":
    main()
