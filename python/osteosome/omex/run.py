# SPDX-License-Identifier: Apache-2.0
"""Runs the tasks of SED-ML files with the osteosome program and writes reports (CSV, HDF5) and plots (Vega-Lite, SVG)."""
import csv
import fractions
import json
import pathlib
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree

import h5py
import libsedml
import numpy
import vl_convert

from . import formula, sedml
from .problem import IO, UNSUPPORTED, Problem, said


def simulate(program, root, start, end, steps, rtol, names):
    """Columns by name, 'time' among them."""
    first, last = (fractions.Fraction(repr(float(t))) for t in (start, end))
    times = [float(first + (last - first) * k / steps) for k in range(steps + 1)]  # each rounded once, so that 0.3 is 0.3
    with tempfile.TemporaryDirectory() as folder:
        model, table = pathlib.Path(folder) / "model.xml", pathlib.Path(folder) / "times.csv"
        ElementTree.ElementTree(root).write(model, encoding="utf-8", xml_declaration=True)
        table.write_text("time\n" + "".join(f"{t!r}\n" for t in times), encoding="utf-8")
        command = [program, "simulate", str(model), "--times", str(table), "--time-unit", "model", "--observe", ",".join(names)]
        command += ["--rtol", repr(rtol)] if rtol else []
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Problem(said(done.stderr).replace(str(model), "the model").replace(str(table), "the times"), done.returncode)
    rows = list(csv.reader(done.stdout.splitlines()))
    columns = numpy.array([[float(cell) if cell else numpy.nan for cell in row] for row in rows[1:]]).T
    return dict(zip(["time", *rows[0][1:]], columns))  # the first column carries its unit


class Tasks:
    """The tasks of one SED-ML document, each run once with all that its data generators want of it."""

    def __init__(self, program, path, archive_folder, notes):
        self.program, self.folder, self.archive_folder, self.notes = program, path.parent, archive_folder.resolve(), notes
        self.document = sedml.read(path)
        self.namespaces, self.maths = sedml.tree(path)
        self.roots = {}
        self.values = {}
        self.columns = {}

    def root(self, task):
        model = self.document.getModel(task.getModelReference())
        if model is None:
            raise Problem(f"task '{task.getId()}': there is no model '{task.getModelReference()}'")
        if model.getId() not in self.roots:
            self.roots[model.getId()] = self.changed(model, [])
        return self.roots[model.getId()]

    def changed(self, model, seen):
        """The model with its changes; where its source is another model of the document ("#id"), on top of that one's."""
        if model.getId() in seen:
            raise Problem(f"model '{model.getId()}' is derived from itself")
        if model.isSetLanguage() and "sbml" not in model.getLanguage():
            raise Problem(f"model '{model.getId()}': the language '{model.getLanguage()}' is not supported", UNSUPPORTED)
        source = model.getSource()
        if source.startswith("#"):
            base = self.document.getModel(source[1:])
            if base is None:
                raise Problem(f"model '{model.getId()}': there is no model '{source[1:]}'")
            root = self.changed(base, [*seen, model.getId()])
            sedml.change_all(root, model, self.namespaces, self.notes)
            return root
        if ":" in source:
            raise Problem(f"model '{model.getId()}': the source '{source}' is not supported; only files of the archive are", UNSUPPORTED)
        path = (self.folder / source).resolve()
        if self.archive_folder not in path.parents:
            raise Problem(f"model '{model.getId()}': the source '{source}' is not in the archive")
        return sedml.changed(path, model, self.namespaces, self.notes)

    def task(self, reference):
        task = self.document.getTask(reference)
        if task is None:
            raise Problem(f"there is no task '{reference}'")
        if task.getTypeCode() != libsedml.SEDML_TASK:
            raise Problem(f"task '{reference}': <{task.getElementName()}> is not supported; only <task> is", UNSUPPORTED)
        return task

    def wanted(self):
        """Task id -> names of what its data generators use."""
        found = {}
        for i in range(self.document.getNumDataGenerators()):
            generator = self.document.getDataGenerator(i)
            for k in range(generator.getNumVariables()):
                variable = generator.getVariable(k)
                check_variable(variable)
                task = self.task(variable.getTaskReference())
                names = found.setdefault(task.getId(), [])
                name = self.name_of(variable)
                if name not in ("time", *names):
                    names.append(name)
        return found

    def name_of(self, variable):
        """The column of a variable."""
        if variable.getSymbol() == sedml.TIME:
            return "time"
        return sedml.identifier(self.root(self.task(variable.getTaskReference())), variable.getTarget(), self.namespaces)

    def run(self):
        for reference, names in self.wanted().items():
            task = self.task(reference)
            simulation = self.document.getSimulation(task.getSimulationReference())
            if simulation is None:
                raise Problem(f"task '{reference}': there is no simulation '{task.getSimulationReference()}'")
            root = self.root(task)
            start, end, steps = sedml.course(simulation)
            self.values[reference] = simulate(self.program, root, start, end, steps, sedml.tolerance(simulation, self.notes), names or [any_name(root)])

    def generated(self, reference):
        """The column of a data generator."""
        if reference not in self.columns:
            generator = self.document.getDataGenerator(reference)
            if generator is None:
                raise Problem(f"there is no data generator '{reference}'")
            self.columns[reference] = self.computed(generator)
        return self.columns[reference]

    def computed(self, generator):
        values = {}
        for k in range(generator.getNumVariables()):
            variable = generator.getVariable(k)
            values[variable.getId()] = self.values[self.task(variable.getTaskReference()).getId()][self.name_of(variable)]
        for k in range(generator.getNumParameters()):
            values[generator.getParameter(k).getId()] = generator.getParameter(k).getValue()
        return numpy.atleast_1d(numpy.asarray(formula.evaluate(generator.getId(), self.maths.get(generator.getId()), values), dtype=float))


def check_variable(variable):
    for what, value in (("symbol", variable.getSymbol() if variable.getSymbol() != sedml.TIME else ""), ("second symbol", variable.getSymbol2()),
                        ("term", variable.getTerm()), ("dimension term", variable.getDimensionTerm())):
        if value:
            raise Problem(f"variable '{variable.getId()}': the {what} '{value}' is not supported", UNSUPPORTED)
    if variable.getSymbol() and variable.getTarget():
        raise Problem(f"variable '{variable.getId()}' has a symbol and a target; it should have one of them")


def any_name(root):
    for element in root.iter():
        if sedml.local(element.tag) in ("species", "parameter", "compartment"):
            return sedml.program_name(root, element)
    raise Problem("the model has no quantities")


def write_report(tasks, report, location, out, hdf):
    sets = [report.getDataSet(i) for i in range(report.getNumDataSets())]
    columns = [tasks.generated(s.getDataReference()) for s in sets]
    length = max((len(c) for c in columns), default=0)
    path = out / location / (report.getId() + ".csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([s.getLabel() for s in sets])
        for k in range(length):
            writer.writerow([repr(float(c[k])) if k < len(c) and not numpy.isnan(c[k]) else "" for c in columns])
    data = numpy.full((len(columns), length), numpy.nan)
    for i, column in enumerate(columns):
        data[i, :len(column)] = column
    dataset = hdf.create_dataset(f"{location}/{report.getId()}", data=data)
    dataset.attrs.update({"_type": "SedReport", "uri": f"{location}/{report.getId()}", "sedmlId": report.getId(), "sedmlName": report.getName()})
    for key, values in (("Ids", [s.getId() for s in sets]), ("Names", [s.getName() for s in sets]), ("Labels", [s.getLabel() for s in sets]),
                        ("DataTypes", ["float64"] * len(sets)), ("Shapes", [str(len(c)) for c in columns])):
        dataset.attrs.create("sedmlDataSet" + key, values, dtype=h5py.string_dtype())


def title_of(tasks, reference):
    generator = tasks.document.getDataGenerator(reference)
    return generator.getName() or reference


def is_log(axis, of_curve):
    """Version 4 says so on the axis, earlier versions on the curve."""
    return bool(of_curve) or (axis is not None and axis.isSetType() and axis.getType() == libsedml.SEDML_AXISTYPE_LOG10)


def write_plot(tasks, plot, location, out):
    """One line a curve, as the SED-ML says: data, axes, logarithms."""
    rows, log_x, log_y, axes = [], False, False, ("", "")
    for i in range(plot.getNumCurves()):
        curve = plot.getCurve(i)
        x, y = tasks.generated(curve.getXDataReference()), tasks.generated(curve.getYDataReference())
        label = curve.getName() or title_of(tasks, curve.getYDataReference())
        log_x, log_y = log_x or is_log(plot.getXAxis(), curve.isSetLogX() and curve.getLogX()), log_y or is_log(plot.getYAxis(), curve.isSetLogY() and curve.getLogY())
        axes = (title_of(tasks, curve.getXDataReference()), label if plot.getNumCurves() == 1 else "")
        rows += [{"x": float(a), "y": float(b), "curve": label} for a, b in zip(x, y) if numpy.isfinite(a) and numpy.isfinite(b)]
    scale = {True: {"type": "log"}, False: {"type": "linear", "zero": False}}
    spec = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "title": plot.getName() or plot.getId(), "width": 480, "height": 300,
            "data": {"values": rows}, "mark": {"type": "line", "clip": True},
            "encoding": {"x": {"field": "x", "type": "quantitative", "title": axes[0], "scale": scale[log_x]},
                         "y": {"field": "y", "type": "quantitative", "title": axes[1], "scale": scale[log_y]},
                         "color": {"field": "curve", "type": "nominal", "title": None}}}
    path = out / location / plot.getId()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".vl.json").write_text(json.dumps(spec) + "\n", encoding="utf-8")
    path.with_suffix(".svg").write_text(vl_convert.vegalite_to_svg(spec), encoding="utf-8")


def check_outputs(document):
    ids = [document.getOutput(i).getId() for i in range(document.getNumOutputs())]
    if len(set(ids)) < len(ids):
        raise Problem("two outputs have the id '" + next(i for i in ids if ids.count(i) > 1) + "'")
    for i in range(document.getNumOutputs()):
        output = document.getOutput(i)
        if output.getTypeCode() not in (libsedml.SEDML_OUTPUT_REPORT, libsedml.SEDML_OUTPUT_PLOT2D):
            raise Problem(f"output '{output.getId()}': <{output.getElementName()}> is not supported", UNSUPPORTED)


def check_columns(tasks):
    """What the outputs show is there, and the two sides of a curve have common times."""
    for i in range(tasks.document.getNumOutputs()):
        output = tasks.document.getOutput(i)
        if output.getTypeCode() == libsedml.SEDML_OUTPUT_REPORT:
            lengths = {len(tasks.generated(output.getDataSet(k).getDataReference())) for k in range(output.getNumDataSets())}
            if len(lengths) > 1:
                tasks.notes.append(f"report '{output.getId()}': its columns have {' and '.join(str(n) for n in sorted(lengths))} rows, so a row is no common time")
            continue
        for k in range(output.getNumCurves()):
            curve = output.getCurve(k)
            x, y = tasks.generated(curve.getXDataReference()), tasks.generated(curve.getYDataReference())
            if len(x) != len(y):
                raise Problem(f"curve '{curve.getId()}': its x has {len(x)} values and its y {len(y)}")


def run_archive(program, unpacked, out_dir, overwrite, notes):
    """Runs every SED-ML file, then writes every output; a problem leaves nothing behind. Returns what was written; `notes` gets what had no effect."""
    out = pathlib.Path(out_dir)
    if (out / "reports.h5").exists() and not overwrite:
        raise Problem(f"'{out / 'reports.h5'}' exists; give --overwrite to replace it", IO)
    ran = []
    for location in unpacked.sedml:
        tasks = Tasks(program, unpacked.folder / location, unpacked.folder, notes)
        check_outputs(tasks.document)
        tasks.run()
        check_columns(tasks)
        ran.append((location, tasks.document, tasks))
    out.mkdir(parents=True, exist_ok=True)
    with h5py.File(out / "reports.h5", "w") as hdf:
        for location, document, tasks in ran:
            for i in range(document.getNumOutputs()):
                output = document.getOutput(i)
                if output.getTypeCode() == libsedml.SEDML_OUTPUT_REPORT:
                    write_report(tasks, output, location, out, hdf)
                else:
                    write_plot(tasks, output, location, out)
    return sorted(path for path in out.rglob("*") if path.is_file())
