#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Osteosome beside libRoadRunner on SBML files: load to first result, and CPU a run over parameter draws, at the same achieved error.

usage: PEERS/bin/python tools/bench_sbml.py BUILD [--draws 10000]

PEERS is the environment that tools/peer_simulators.sh makes; BUILD the build folder. Every parameter above 0 is drawn, within 10 % (lognormal; 1 % in
the Peterson-Riggs models).
Error is the largest difference from Osteosome at 1e-10, relative to the largest magnitude of a species, over the first draws. libRoadRunner runs at
the loosest tolerance of a ladder whose error is at most 1e-6 (or its best), Osteosome at the loosest with no larger an error than that. CPU counts
a native compilation. libRoadRunner runs 100 draws; its cost a run does not depend on their
number."""
import argparse
import csv
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy
import roadrunner

SHARED = pathlib.Path(os.environ.get("OSTEOSOME_SHARED", "../shared"))
LADDER = [10.0 ** (-k / 6) for k in range(24, 61)]
TIGHT, WANTED, COMPARED, POINTS = 1e-10, 1e-6, 4, 101


def models(build, folder):
    exported = folder / "peterson-riggs-2010.xml"
    subprocess.run([build / "bin/osteosome", "convert", "peterson-riggs-2010", exported], check=True, capture_output=True)
    bio = SHARED / "biomodels"
    return [("Kim 2007", bio / "BIOMD0000000149.xml", 2000), ("Schoeberl 2002", bio / "BIOMD0000000019.xml", 60),
            ("Peterson-Riggs 2010 (613)", bio / "BIOMD0000000613.xml", 240), ("peterson-riggs-2010, ours", exported, 8760)]


def seconds(who=resource.RUSAGE_SELF):
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


class RoadRunner:
    """libRoadRunner on one file."""

    def __init__(self, path, until):
        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
        began = time.perf_counter()
        self.r, self.until = roadrunner.RoadRunner(str(path)), until
        self.r.simulate(0, until, POINTS)
        self.load = time.perf_counter() - began
        import libsbml
        model = libsbml.readSBMLFromFile(str(path)).getModel()
        rated = [r.getVariable() for r in model.getListOfRules() if r.isRate() and model.getSpecies(r.getVariable()) is None]
        self.species = list(self.r.model.getFloatingSpeciesIds()) + rated
        amount = {s.getId() for s in model.getListOfSpecies() if s.getHasOnlySubstanceUnits()}
        self.r.timeCourseSelections = ["time"] + [s if s in amount or s in rated else f"[{s}]" for s in self.species]

    def columns(self):
        return self.species

    def run(self, names, draws, rtol):
        """(values of the first draws, CPU a run)."""
        self.r.integrator.relative_tolerance = rtol
        self.r.integrator.absolute_tolerance = 1e-4 * rtol
        self.r.integrator.maximum_num_steps = 1000000
        kept, self.failed, began = [], 0, seconds()
        for row in draws:
            self.r.resetToOrigin()
            for name, value in zip(names, row):
                self.r[name] = value
            self.r.reset()  # initial assignments follow the parameters
            try:
                values = numpy.array(self.r.simulate(0, self.until, POINTS))[:, 1:]
            except RuntimeError:  # it gives up
                self.failed += 1
                values = numpy.full((POINTS, len(self.species)), numpy.nan)
            if len(kept) < COMPARED:
                kept.append(values)
        return kept, (seconds() - began) / len(draws)


class Osteosome:
    """Our program on one file, in a process of its own."""

    def __init__(self, build, path, until, folder):
        self.program, self.path, self.until, self.folder = build / "bin/sbml_runs", path, until, folder

    def columns(self):
        return self.said["names"]

    def run(self, names, draws, rtol):
        table, dump = self.folder / "draws.csv", self.folder / "dump.csv"
        with open(table, "w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows([names] + [[repr(float(x)) for x in row] for row in draws])
        with tempfile.TemporaryDirectory() as cache:  # so that a native compilation is paid for
            done = subprocess.run([self.program, self.path, repr(self.until), str(POINTS), table, repr(rtol), cache, dump, str(COMPARED)],
                                  check=True, capture_output=True, text=True)
        self.said = json.loads(done.stdout)
        n = len(self.said["names"])
        rows = [numpy.array([float(x or "nan") for x in line.split(",")]).reshape(-1, n) for line in dump.read_text().splitlines()]
        return rows, self.said["cpu_per_run"]


def error(values, columns, tight):
    """`tight`: species -> [draw][time]; `columns`: the species of `values`."""
    worst = 0.0
    for draw, table in enumerate(values):
        for k, name in enumerate(columns):
            if name not in tight:
                continue
            scale = numpy.max(numpy.abs(tight[name][draw]))
            if scale > 0:
                difference = numpy.max(numpy.abs(table[:, k] - tight[name][draw])) / scale
                worst = max(worst, difference if numpy.isfinite(difference) else numpy.inf)
    return worst


def at_wanted_error(simulator, names, draws, tight, wanted):
    """(tolerance, error) of the loosest rung that is good enough, else of the best."""
    best = (LADDER[-1], float("inf"))
    for rtol in LADDER:
        values, _ = simulator.run(names, draws, rtol)
        e = error(values, simulator.columns(), tight)
        if e < best[1]:
            best = (rtol, e)
        if e <= wanted:
            break
    return best


FIXED = {"E0RUNX2kbEffFACT"}  # 1.01 in 613; below 1 the model takes a power of a negative number


def names_in(node):
    yield node.getName()
    for k in range(node.getNumChildren()):
        yield from names_in(node.getChild(k))


def constants(path):
    """Ids and values of the constant global parameters above 0 that no rule, event or initial assignment sets and no trigger uses."""
    import libsbml
    model = libsbml.readSBMLFromFile(str(path)).getModel()
    targets = {r.getVariable() for r in model.getListOfRules() if not r.isAlgebraic()} | {a.getSymbol() for a in model.getListOfInitialAssignments()}
    for e in model.getListOfEvents():
        targets |= set(names_in(e.getTrigger().getMath()))  # the peer misses events at times that are drawn
        targets |= {a.getVariable() for a in e.getListOfEventAssignments()}
    keep = [p for p in model.getListOfParameters() if p.getConstant() and p.getId() not in targets | FIXED and p.getValue() > 0]
    return [p.getId() for p in keep], numpy.array([p.getValue() for p in keep])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--draws", type=int, default=10000)
    args = parser.parse_args()
    print(f"{'model':<28} {'':<12} {'load s':>7} {'rtol':>6} {'error':>8} {'ms/run: 1':>10} {'100':>8} {args.draws:>8} {'ratio':>7}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for title, path, until in models(args.build, folder):
            names, values = constants(path)
            spread = numpy.random.default_rng(1).lognormal(0, 0.1, (args.draws, len(names)))
            draws = values * spread ** (0.1 if "eterson" in title else 1)  # libRoadRunner gives up on wider ones
            peer, ours = RoadRunner(path, until), Osteosome(args.build, path, until, folder)
            trajectories, _ = ours.run(names, draws[:COMPARED], TIGHT)
            tight = {name: [v[:, k] for v in trajectories] for k, name in enumerate(ours.columns())}
            peer_rtol, peer_error = at_wanted_error(peer, names, draws[:COMPARED], tight, WANTED)
            rtol, own_error = at_wanted_error(ours, names, draws[:COMPARED], tight, min(peer_error, 100 * WANTED))
            _, peer_one = peer.run(names, draws[:1], peer_rtol)
            _, peer_many = peer.run(names, draws[:100], peer_rtol)
            own, loads = {}, []
            for n in (1, 100, args.draws):
                _, own[n] = ours.run(names, draws[:max(n, 2)], rtol)
                loads.append(ours.said["load"])
            failed, load = ours.said["failed"], sorted(loads)[1]
            print(f"{title:<28} {'libRoadRunner':<13}{peer.load:>7.2f} {peer_rtol:>6.0e} {peer_error:>8.1e} {1e3 * peer_one:>10.2f} {1e3 * peer_many:>8.2f}"
                  f"{'':>17}  {peer.failed} of 100 failed")
            print(f"{'':<28} {'Osteosome':<13}{load:>7.2f} {rtol:>6.0e} {own_error:>8.1e} {1e3 * own[1]:>10.2f} {1e3 * own[100]:>8.3f} "
                  f"{1e3 * own[args.draws]:>8.4f} {peer_many / own[args.draws]:>6.1f}x  {failed} failed, {ours.said['engine']}", flush=True)


sys.exit(main())
