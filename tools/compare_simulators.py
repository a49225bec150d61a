#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs SBML files in Osteosome, libRoadRunner and COPASI and compares the trajectories.

usage: PEERS/bin/python tools/compare_simulators.py PROGRAM FILE... [--until T] [--lengths FOLDER] [--rtol R] [-o TABLE.csv]

PEERS is the environment that tools/peer_simulators.sh makes. PROGRAM is the osteosome binary. T is in the model's time (default 100); with
--lengths, a file FOLDER/NAME_ref.csv gives the end instead. Differences are relative to the largest magnitude of a column. One line a file:
peers = libRoadRunner against COPASI, and Osteosome against each. Each simulator runs in a process of its own."""
import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy

POINTS = 101
SECONDS = 300
ATOL_SHARE = 1e-6  # of the relative tolerance: the peers' absolute tolerance


def species_kinds(path):
    """SBML id -> (kind, compartment): what the symbol of a species means."""
    import libsbml
    model = libsbml.readSBMLFromFile(str(path)).getModel()
    kinds = {}
    for s in model.getListOfSpecies():
        c = model.getCompartment(s.getCompartment())
        amount = s.getHasOnlySubstanceUnits() or (c is not None and c.getSpatialDimensions() == 0)
        kinds[s.getId()] = ("amount" if amount else "concentration", s.getCompartment())
    for p in model.getListOfParameters():
        if model.getRateRule(p.getId()) is not None:
            kinds[p.getId()] = ("value", "")
    return kinds


def run_roadrunner(path, until, rtol):
    import roadrunner
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    kinds = species_kinds(path)
    r = roadrunner.RoadRunner(str(path))
    r.integrator.relative_tolerance = rtol
    r.integrator.absolute_tolerance = ATOL_SHARE * rtol
    r.integrator.maximum_num_steps = 10000000
    r.integrator.stiff = True
    names = list(kinds)
    r.timeCourseSelections = ["time"] + [f"[{n}]" if kinds[n][0] == "concentration" else n for n in names]
    values = r.simulate(0, until, POINTS)
    return names, numpy.array(values)[:, 1:]


def run_copasi(path, until, rtol):
    import COPASI
    kinds = species_kinds(path)
    model = COPASI.CRootContainer.addDatamodel()
    if not model.importSBML(str(path)):
        raise RuntimeError("COPASI cannot import the file")
    task = model.getTask("Time-Course")
    task.setMethodType(COPASI.CTaskEnum.Method_deterministic)
    problem = task.getProblem()
    problem.setDuration(until)
    problem.setStepNumber(POINTS - 1)
    problem.setTimeSeriesRequested(True)
    problem.setAutomaticStepSize(False)
    method = task.getMethod()
    method.getParameter("Relative Tolerance").setDblValue(rtol)
    method.getParameter("Absolute Tolerance").setDblValue(ATOL_SHARE * rtol)
    method.getParameter("Max Internal Steps").setUIntValue(10000000)
    if not task.process(True):
        raise RuntimeError("COPASI: " + COPASI.CCopasiMessage.getAllMessageText()[:200])
    series = task.getTimeSeries()
    sizes = {c.getSBMLId(): c.getInitialValue() for c in model.getModel().getCompartments()}
    names, columns = [], []
    for i in range(1, series.getNumVariables()):
        sid = series.getSBMLId(i, model)
        if sid not in kinds:
            continue
        column = [series.getConcentrationData(k, i) for k in range(series.getRecordedSteps())]
        if kinds[sid][0] == "amount":
            column = [x * sizes[kinds[sid][1]] for x in column]
        names.append(sid)
        columns.append(column)
    return names, numpy.array(columns).T


def run_osteosome(program, path, until, rtol):
    with tempfile.TemporaryDirectory() as folder:
        times = pathlib.Path(folder) / "times.csv"
        times.write_text("time\n" + "".join(f"{k * until / (POINTS - 1):.17g}\n" for k in range(POINTS)))
        done = subprocess.run([program, "simulate", str(path), "--times", str(times), "--time-unit", "model", "--rtol", str(rtol)],
                              capture_output=True, text=True, timeout=SECONDS)
    if done.returncode not in (0, 4):
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    rows = list(csv.reader(done.stdout.splitlines()))
    if done.returncode == 4 and not any(any(row[1:]) for row in rows[-1:]):
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    values = numpy.array([[float(x) if x else numpy.nan for x in row] for row in rows[1:]])
    return rows[0][1:], values[:, 1:]


def worker(what, program, path, until, rtol):
    run = {"roadrunner": run_roadrunner, "copasi": run_copasi}.get(what)
    names, values = run(path, until, rtol) if run else run_osteosome(program, path, until, rtol)
    json.dump({"names": names, "values": values.tolist()}, sys.stdout)


def run(what, args, path, until):
    try:
        done = subprocess.run([sys.executable, __file__, "--worker", what, args.program, str(path), "--until", repr(until), "--rtol", repr(args.rtol),
                               "--atol-share", repr(args.atol_share)],
                              capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return None, "no answer in time"
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        return None, (lines[-1] if lines else f"ended with {done.returncode}")[:160]
    data = json.loads(done.stdout[done.stdout.index("{"):])
    return dict(zip(data["names"], numpy.array(data["values"], dtype=float).T)), ""


def difference(a, b):
    """Largest difference relative to the column's largest magnitude, and the column."""
    worst, where = 0.0, ""
    for name in a:
        if name not in b or len(a[name]) != len(b[name]):
            continue
        scale = numpy.nanmax(numpy.abs(b[name]), initial=0)
        if scale == 0:
            scale = numpy.nanmax(numpy.abs(a[name]), initial=0)
        if scale == 0:
            continue
        d = numpy.nanmax(numpy.abs(a[name] - b[name]), initial=0) / scale
        if numpy.isnan(a[name]).any() != numpy.isnan(b[name]).any():
            d = numpy.inf
        if d > worst:
            worst, where = d, name
    return worst, where


def end_of(path, args):
    reference = pathlib.Path(args.lengths) / (path.stem + "_ref.csv") if args.lengths else None
    if reference is None or not reference.exists():
        return args.until
    return float(reference.read_text().strip().splitlines()[-1].split(",")[0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker")
    parser.add_argument("program")
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--until", type=float, default=100.0)
    parser.add_argument("--lengths")
    parser.add_argument("--rtol", type=float, default=1e-9)
    parser.add_argument("--atol-share", type=float, default=ATOL_SHARE)
    parser.add_argument("-o", "--output")
    args = parser.parse_args()
    globals()["ATOL_SHARE"] = args.atol_share
    if args.worker:
        return worker(args.worker, args.program, args.files[0], args.until, args.rtol)
    table = [["model", "until", "peers", "against_roadrunner", "against_copasi", "column", "remark"]]
    bad = agreed = 0
    for path in args.files:
        until = end_of(path, args)
        results = {what: run(what, args, path, until) for what in ("osteosome", "roadrunner", "copasi")}
        remark = "; ".join(f"{what}: {why}" for what, (_, why) in results.items() if why)
        ours, rr, copasi = (results[w][0] for w in ("osteosome", "roadrunner", "copasi"))
        d = {"peers": None, "rr": None, "copasi": None}
        where = ""
        if rr is not None and copasi is not None:
            d["peers"], _ = difference(rr, copasi)
        if ours is not None and rr is not None:
            d["rr"], where = difference(ours, rr)
        if ours is not None and copasi is not None:
            d["copasi"], where = difference(ours, copasi)
        if d["peers"] is not None and d["peers"] <= 1e-7 and d["rr"] is not None:
            agreed += 1
            if max(d["rr"], d["copasi"]) > 1e-6:
                bad += 1
        row = [path.stem, f"{until:g}"] + ["" if x is None else f"{x:.1e}" for x in d.values()] + [where, remark]
        table.append(row)
        print(",".join(row), flush=True)
    if args.output:
        with open(args.output, "w", newline="", encoding="utf-8") as out:
            csv.writer(out, lineterminator="\n").writerows(table)
    print(f"{len(args.files)} models; the peers agree to 1e-7 on {agreed}; of those Osteosome differs by more than 1e-6 on {bad}")


main()
