# SPDX-License-Identifier: Apache-2.0
"""Writes absorption.csv (made up: closed form of one compartment with absorption, and errors from a fixed seed) and prints what scipy fits to it:
the expected values of tests/cli/test_fit.py and tests/unit/calibrate/likelihood_test.cpp. Needs numpy and scipy; nothing of Osteosome."""
import csv
import pathlib

import numpy
from scipy.optimize import minimize

HERE = pathlib.Path(__file__).parent
DOSE, TIMES = [100, 200, 150, 120], [0.5, 1, 2, 4, 6, 9, 12, 18, 24]
TRUE = {"ka": [0.9, 0.7, 1.1, 0.8], "CL": [4, 5.5, 4.6, 3.5], "V": [40, 48, 52, 43]}


def concentration(dose, t, ka, cl, v):
    k = cl / v
    return dose * ka / (v * (ka - k)) * (numpy.exp(-k * t) - numpy.exp(-ka * t))


def write():
    random = numpy.random.default_rng(7)
    rows = []
    for s, dose in enumerate(DOSE):
        rows.append([s + 1, 0, dose, 1, "."])
        truth = concentration(dose, numpy.array(TIMES), *(TRUE[p][s] for p in ("ka", "CL", "V")))
        for t, c in zip(TIMES, truth):
            observed = c * (1 + 0.08 * random.standard_normal()) + 0.02 * random.standard_normal()
            rows.append([s + 1, t, ".", 0, f"{max(observed, 0.001):.4g}"])
    with open(HERE / "absorption.csv", "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["ID", "TIME [h]", "AMT [mg]", "EVID", "DV"], *rows])


def read():
    data, dose = [], {}
    for row in csv.DictReader(open(HERE / "absorption.csv")):
        if row["EVID"] == "1":
            dose[row["ID"]] = float(row["AMT [mg]"])
        else:
            data.append((row["ID"], dose[row["ID"]], float(row["TIME [h]"]), float(row["DV"])))
    return data


def fit(data, kind):
    dose, t, y = (numpy.array([row[k] for row in data]) for k in (1, 2, 3))

    def minus_two_log_likelihood(x):
        f = concentration(dose, t, *numpy.exp(x[:3]))
        a, b = {"additive": (numpy.exp(x[3]), 0), "log": (numpy.exp(x[3]), 0), "proportional": (0, numpy.exp(x[3])),
                "combined": (numpy.exp(x[3]), numpy.exp(x[-1]))}[kind]
        u, g = (numpy.log(y), numpy.log(f)) if kind == "log" else (y, f)
        v = a**2 + b**2 * g**2
        return numpy.sum(numpy.log(2 * numpy.pi * v) + (u - g) ** 2 / v)

    best = None
    for errors in ([-2.0], [-1.0], [-3.0]):
        start = numpy.log([0.8, 4.5, 45]).tolist() + errors * (2 if kind == "combined" else 1)
        found = minimize(minus_two_log_likelihood, start, method="Nelder-Mead",
                         options={"xatol": 1e-10, "fatol": 1e-11, "maxiter": 40000, "maxfev": 40000, "adaptive": True})
        best = found if best is None or found.fun < best.fun else best
    # Expected information by differences of the mean and the variance, observations counted (n - 3) / n times.
    x, n = best.x, len(y)

    def moments(z):
        f = concentration(dose, t, *numpy.exp(z[:3]))
        if kind == "log":
            return numpy.log(f), numpy.full(n, numpy.exp(2 * z[3]))
        a, b = {"additive": (numpy.exp(z[3]), 0), "proportional": (0, numpy.exp(z[3])), "combined": (numpy.exp(z[3]), numpy.exp(z[-1]))}[kind]
        return f, a**2 + b**2 * f**2

    steps = numpy.eye(len(x)) * 1e-5
    mean = numpy.array([(moments(x + s)[0] - moments(x - s)[0]) / 2e-5 for s in steps])
    spread = numpy.array([(moments(x + s)[1] - moments(x - s)[1]) / 2e-5 for s in steps])
    v = moments(x)[1]
    information = (mean / v) @ mean.T + (spread / (2 * v**2)) @ spread.T
    errors = numpy.sqrt(numpy.diag(numpy.linalg.inv(information * (n - 3) / n)))
    size = numpy.exp(x[3:]) * numpy.sqrt(n / (n - 3))
    return numpy.exp(x[:3]), errors[:3] * numpy.exp(x[:3]), size, best.fun


if __name__ == "__main__":
    if not (HERE / "absorption.csv").exists():
        write()
    data = read()
    for kind in ("additive", "proportional", "combined", "log"):
        print("pooled", kind, *fit(data, kind))
    for subject in sorted({row[0] for row in data}):
        print("subject", subject, *fit([row for row in data if row[0] == subject], "log"))
