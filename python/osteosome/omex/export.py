# SPDX-License-Identifier: Apache-2.0
"""A scenario as a COMBINE archive: one SBML file an arm, its doses as events, and SED-ML that reports and plots the outputs."""
import json
import pathlib
import subprocess
import tempfile
import tomllib

import libsedml

from . import archive
from .problem import INVALID, IO, Problem, said

LANGUAGE = "urn:sedml:language:sbml.level-3.version-2"


def target(kind, name):
    lists = {"species": "listOfSpecies", "parameter": "listOfParameters", "compartment": "listOfCompartments"}
    return f"/sbml:sbml/sbml:model/sbml:{lists[kind]}/sbml:{kind}[@id='{name}']"


def convert(program, scenario, model, arm, folder, stem):
    """Writes the arm's SBML; returns what its course is."""
    course = folder / (stem + ".json")
    done = subprocess.run([program, "convert", scenario, str(folder / (stem + ".xml")), "--model", model, "--arm", arm, "--course", str(course)],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Problem(said(done.stderr), done.returncode)
    return json.loads(course.read_text(encoding="utf-8"))


def add_arm(document, stem, label, course):
    """Model, simulation, task, data generators, report and plot of one arm."""
    model = document.createModel()
    model.setId(stem)
    model.setName(label)
    model.setLanguage(LANGUAGE)
    model.setSource(stem + ".xml")
    simulation = document.createUniformTimeCourse()
    simulation.setId("course_" + stem)
    simulation.setInitialTime(0)
    simulation.setOutputStartTime(course["start"])
    simulation.setOutputEndTime(course["end"])
    simulation.setNumberOfSteps(course["steps"])
    algorithm = simulation.createAlgorithm()
    algorithm.setKisaoID("KISAO:0000019")
    tolerance = algorithm.createAlgorithmParameter()
    tolerance.setKisaoID("KISAO:0000209")
    tolerance.setValue("1e-6")
    task = document.createTask()
    task.setId("task_" + stem)
    task.setModelReference(stem)
    task.setSimulationReference(simulation.getId())
    generator(document, f"time_{stem}", f"time [{course['time_unit']}]", task.getId(), None)
    report = document.createReport()
    report.setId("report_" + stem)
    report.setName(label)
    data(report, "time", f"time_{stem}")
    for output in course["outputs"]:
        name = f"{output['id']}_{stem}"
        generator(document, name, f"{output['label']} [{output['unit']}]", task.getId(), target(output["kind"], output["id"]))
        data(report, output["id"], name)


def generator(document, name, title, task, where):
    g = document.createDataGenerator()
    g.setId(name)
    g.setName(title)
    variable = g.createVariable()
    variable.setId("v_" + name)
    variable.setTaskReference(task)
    if where is None:
        variable.setSymbol("urn:sedml:symbol:time")
    else:
        variable.setTarget(where)
    g.setMath(libsedml.parseFormula("v_" + name))


def data(report, label, reference):
    s = report.createDataSet()
    s.setId(f"set_{reference}")
    s.setLabel(label)
    s.setDataReference(reference)


def add_plots(document, arms, outputs):
    """One plot an output, one curve an arm."""
    for output in outputs:
        plot = document.createPlot2D()
        plot.setId("plot_" + output["id"])
        plot.setName(output["label"])
        for stem, label in arms:
            curve = plot.createCurve()
            curve.setId(f"curve_{output['id']}_{stem}")
            curve.setName(label)
            curve.setXDataReference(f"time_{stem}")
            curve.setYDataReference(f"{output['id']}_{stem}")


def export_scenario(program, scenario, output, overwrite):
    """Returns the path of the archive."""
    path = pathlib.Path(scenario)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Problem(f"cannot read '{scenario}': {error.strerror}", IO) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Problem(f"'{scenario}' is no scenario file: {error}", INVALID) from None
    if "scenario" not in table:
        raise Problem(f"'{scenario}' is no scenario file: it has no [scenario]", INVALID)
    target_path = pathlib.Path(output) if output else pathlib.Path(path.stem + ".omex")
    if target_path.exists() and not overwrite:
        raise Problem(f"'{target_path}' exists; give --overwrite to replace it", IO)
    document = libsedml.SedDocument(1, 4)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        files, arms, shown = [], [], {}
        for model in table.get("models", {}):
            for arm, body in table.get("arms", {}).items():
                stem = "".join(c if c.isalnum() else "_" for c in f"{model}_{arm}")
                course = convert(program, scenario, model, arm, folder, stem)
                label = body.get("label", arm) if len(table["models"]) == 1 else f"{body.get('label', arm)}, {model}"
                add_arm(document, stem, label, course)
                files.append((folder / (stem + ".xml"), f"./{stem}.xml", archive.SBML + ".level-3.version-2", False))
                arms.append((stem, label))
                for o in course["outputs"]:
                    shown.setdefault(o["id"], (o, []))[1].append((stem, label))
        for o, with_it in shown.values():
            add_plots(document, with_it, [o])
        text = libsedml.writeSedMLToString(document).replace(
            'level="1" version="4"', 'xmlns:sbml="http://www.sbml.org/sbml/level3/version2/core" level="1" version="4"', 1)
        sedml_path = folder / "simulation.sedml"
        sedml_path.write_text(text, encoding="utf-8")
        files.append((sedml_path, "./simulation.sedml", archive.SED_ML + ".level-1.version-4", True))
        archive.pack(target_path, files)
    return target_path
