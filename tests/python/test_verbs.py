# SPDX-License-Identifier: Apache-2.0
"""Whatever the command line can, Python can, with the same bits."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
from conftest import ROOT

import osteosome

Program = Callable[..., str]
DENOSUMAB = "denosumab 60 mg sc every 6 months x 4"
MODEL = """
[model]
id = "absorption"
title = "One compartment with absorption"
time = "h"
source = "a test"
[parameters]
ka = { value = 0.8, unit = "1/h", kind = "reported", source = "model", meaning = "absorption" }
CL = { value = 4.5, unit = "L/h", kind = "reported", source = "model", meaning = "clearance" }
V = { value = 45, unit = "L", kind = "reported", source = "model", meaning = "volume" }
[species]
depot = { initial = 0, unit = "mg", rate = "-ka*depot", meaning = "not yet absorbed" }
central = { initial = 0, unit = "mg", rate = "ka*depot - CL*central/V", meaning = "in the body" }
[doses]
mydrug = { into = "depot" }
[outputs]
concentration = { formula = "central/V", unit = "mg/L", label = "concentration" }
"""
FIT = """
[calibration]
title = "fit"
model = "model.toml"
[data]
table = "absorption.csv"
fit = "pooled"
[observed]
concentration = { error = "log" }
[unknowns]
ka = { low = 0.05, high = 10 }
CL = { low = 0.5, high = 50 }
V = { low = 5, high = 500 }
"""


def table(text: str) -> dict[str, list[str]]:
    head, *rows = csv.reader(io.StringIO(text))
    return {name: [row[k] for row in rows] for k, name in enumerate(head)}


def same(frame: osteosome.Frame, text: str) -> None:
    """Every cell reads back as the same double, or is the same text."""
    told = table(text)
    assert frame.columns == list(told)
    for name, cells in told.items():
        column = frame.arrow()[name].to_pylist()
        assert len(column) == len(cells)
        for value, cell in zip(column, cells):
            if isinstance(value, float):
                assert (value != value and cell == "") or value == float(cell), name
            else:
                assert ("" if value is None else str(value)) == cell, name


def test_every_verb_of_the_command_line_is_there(program: Program) -> None:
    verbs = re.findall(r"^  ([a-z]+) +\S", program("--help").split("Subcommands:")[-1].split("\n\n")[0], re.MULTILINE)
    assert len(verbs) >= 16
    missing = [verb for verb in verbs if not hasattr(osteosome, verb)]
    assert missing == []


def test_every_option_of_every_verb_is_there(program: Program) -> None:
    import inspect

    elsewhere = {
        "help": "",
        "output": "a method of the result, or a word",
        "overwrite": "a word of that",
        "quiet": "progress",
        "no-progress": "progress",
        "to-latex": "form",
        "to-markdown": "form",
        "over": "over",
    }
    for verb in (
        "run",
        "rerun",
        "culture",
        "power",
        "simulate",
        "scan",
        "convert",
        "check",
        "new",
        "list",
        "models",
        "regimen",
        "calibrate",
        "validate",
        "doctor",
    ):
        words = set(inspect.signature(getattr(osteosome, verb)).parameters) | (set(inspect.signature(osteosome.run).parameters) if verb == "culture" else set())
        for option in re.findall(r"^\s+(?:-\w,)?--([a-z-]+)", program(verb, "--help"), re.MULTILINE):
            assert option in elsewhere or option.replace("-", "_") in words, f"{verb} --{option}"


def test_simulate(program: Program) -> None:
    text = program("simulate", "osteosome", "--age", "68 years", "--t-score", "TH=-2.5", "--dose", DENOSUMAB, "--until", "24 months", "--every", "1 month")
    result = osteosome.simulate("osteosome", age="68 years", t_score={"TH": -2.5}, dose=DENOSUMAB, until=(24, "months"), every="1 month")
    same(result, text)


def test_simulate_an_event_table_from_any_frame(program: Program, decay: Path, tmp_path: Path) -> None:
    import pandas
    import polars
    import pyarrow

    events = {
        "ID": [1, 1, 1, 2, 2],
        "TIME": [0.0, 1.0, 2.5, 0.0, 4.0],
        "EVID": [1, 0, 0, 1, 0],
        "AMT": [3.0, None, None, 5.0, None],
        "CMT": ["x", None, None, "x", None],
    }
    frame = polars.DataFrame(events)
    frame.write_csv(tmp_path / "events.csv")
    text = program("simulate", str(decay), "--data", "events.csv", "--time-unit", "h")
    for data in (frame, pandas.DataFrame(events), pyarrow.table(events), events, tmp_path / "events.csv"):
        same(osteosome.simulate(decay, data=data, time_unit="h"), text)


def test_scan(program: Program, decay: Path, tmp_path: Path) -> None:
    text = program("scan", str(decay), "--over", "k=0.1:1:4", "--until", "3 h", "--observe", "x,twice", "-o", "scan")
    result = osteosome.scan(decay, "k=0.1:1:4", until="3 h", observe=["x", "twice"])
    same(result, text)
    assert numpy.array_equal(osteosome.scan(decay, {"k": result["k"].tolist()}, until="3 h", observe="x")["x"], result["x"])
    page = result.save(tmp_path / "mine")
    assert page.read_bytes() == (tmp_path / "scan" / "scan.html").read_bytes()
    assert (tmp_path / "mine" / "scan.csv").read_bytes() == (tmp_path / "scan" / "scan.csv").read_bytes()


@pytest.mark.parametrize("verb, scenario", [("run", "denosumab-and-stop"), ("culture", "culture-dose-response")])
def test_run_and_culture(verb: str, scenario: str, program: Program, tmp_path: Path) -> None:
    program(verb, str(ROOT / "scenarios" / f"{scenario}.toml"), "-o", "theirs")
    run = getattr(osteosome, verb)(scenario, tmp_path / "mine")
    assert run.values_sha256 == json.loads((tmp_path / "theirs" / "run.json").read_text())["values_sha256"]
    names = sorted(p.relative_to(tmp_path / "theirs") for p in (tmp_path / "theirs").rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(tmp_path / "mine") for p in (tmp_path / "mine").rglob("*") if p.is_file())
    for name in names:
        if name.name not in ("run.json", "report.html"):
            assert (tmp_path / "mine" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes(), name
    told = table((tmp_path / "theirs" / "trajectories.csv").read_text())
    mine = run.trajectories().arrow()
    place = {key: k for k, key in enumerate(zip(*(mine[c].to_pylist() for c in mine.column_names[:4])))}
    columns = {name: mine[name].to_pylist() for name in set(told["output"])}
    for k, value in enumerate(told["value"]):
        row = (told["model"][k], told["arm"][k], int(told["subject"][k]), float(told[run.time_unit][k]))
        assert columns[told["output"][k]][place[row]] == float(value)


def test_culture_refuses_what_is_none() -> None:
    with pytest.raises(osteosome.InputError) as caught:
        osteosome.culture("denosumab-and-stop")
    assert caught.value.code == "culture-001"


def test_rerun(tmp_path: Path) -> None:
    first = osteosome.run("culture-dose-response", tmp_path / "first")
    again = osteosome.rerun(first.folder / "run.json")
    assert again.values_sha256 == first.values_sha256


def test_power(program: Program, tmp_path: Path) -> None:
    scenario = str(ROOT / "scenarios" / "exosomes-in-ovx-rat.toml")
    text = program("power", scenario, "-o", "theirs")
    answer = osteosome.power(scenario)
    assert answer.text == text
    same(answer.table, (tmp_path / "theirs" / "power.csv").read_text())
    assert answer.save(tmp_path / "mine").read_bytes() == (tmp_path / "theirs" / "power.html").read_bytes()


def test_validate(program: Program, tmp_path: Path) -> None:
    study = "freedom"
    text = program("validate", study, "--model", "osteosome", "-o", "theirs")
    validation = osteosome.validate(study, model="osteosome")
    assert validation.text == text
    for name, frame in validation.tables.items():
        same(frame, (tmp_path / "theirs" / f"{name}.csv").read_text())
    validation.save(tmp_path / "mine")
    assert sorted(p.name for p in (tmp_path / "mine").iterdir()) == sorted(p.name for p in (tmp_path / "theirs").iterdir())


def test_calibrate(program: Program, tmp_path: Path) -> None:
    (tmp_path / "model.toml").write_text(MODEL, encoding="utf-8")
    fit = tmp_path / "fit.toml"
    fit.write_text(FIT, encoding="utf-8")
    data = ROOT / "tests" / "data" / "own_fit" / "absorption.csv"
    shutil.copy(data, tmp_path)
    text = program("calibrate", "fit.toml", "--data", str(data), "-o", "theirs")
    import pandas

    for given in (data, pandas.read_csv(data, comment="#")):
        mine = osteosome.calibrate(fit, data=given)
        assert mine.summary == [line.split("; theirs")[0] for line in text.splitlines()]
        for name, content in mine.files.items():
            if name.endswith(".csv"):
                assert content == (tmp_path / "theirs" / name).read_text()
    assert set(mine.tables) >= {"parameters", "predictions"}


def test_convert(program: Program, tmp_path: Path) -> None:
    for form, option in (("latex", ["--to-latex"]), ("markdown", ["--to-markdown"])):
        assert osteosome.convert("joerg-2022", form=form) == program("convert", "joerg-2022", *option)
    program("convert", "osteosome", "theirs.xml", "--dose", DENOSUMAB, "--until", "24 months")
    osteosome.convert("osteosome", tmp_path / "mine.xml", dose=DENOSUMAB, until="24 months")
    assert (tmp_path / "mine.xml").read_bytes() == (tmp_path / "theirs.xml").read_bytes()
    osteosome.convert(tmp_path / "mine.xml", tmp_path / "back.toml")
    assert osteosome.check(tmp_path / "back.toml")[0].found


def test_check(program: Program, decay: Path) -> None:
    assert program("check", str(decay)) == "".join(f"{c.file}: ok ({c.found})\n" for c in osteosome.check(decay))
    decay.write_text(decay.read_text().replace("-k*x", "-k*y"), encoding="utf-8")
    with pytest.raises(osteosome.Error) as caught:
        osteosome.check(decay)
    assert caught.value.line == 11 and "y" in caught.value.problems[0].message


def test_models_and_show(program: Program) -> None:
    listed = [line.split()[0] for line in program("models", "list").splitlines()]
    assert osteosome.models()["id"].tolist() == listed
    assert osteosome.Model("joerg-2022").to_markdown() == program("models", "show", "joerg-2022")


def test_list(program: Program) -> None:
    for what in ("drugs", "products", "species", "outcomes", "sites", "scenarios", "studies"):
        assert len(osteosome.list(what)) == len(program("list", what).splitlines()) - 1
    with pytest.raises(osteosome.InputError, match="did you mean|Did you mean"):
        osteosome.list("drug")


def test_new(program: Program, tmp_path: Path) -> None:
    program("new", "rat-study", "theirs.toml")
    osteosome.new("rat-study", tmp_path / "mine.toml")
    assert (tmp_path / "mine.toml").read_bytes() == (tmp_path / "theirs.toml").read_bytes()
    with pytest.raises(osteosome.FileError):
        osteosome.new("rat-study", tmp_path / "mine.toml")


def test_regimen(program: Program) -> None:
    same(osteosome.regimen(DENOSUMAB), program("regimen", DENOSUMAB))
    same(osteosome.Regimen(DENOSUMAB).doses("1 year"), program("regimen", DENOSUMAB, "--until", "1 year"))
    with pytest.raises(osteosome.DosingError, match="denosumab"):
        osteosome.Regimen("denosumap 60 mg")


def test_doctor(program: Program) -> None:
    theirs = [line.split()[0] for line in program("doctor", codes=(0, 6)).splitlines()]
    assert [part.split()[0] for part in osteosome.doctor()["part"]] == theirs[1:]


def test_omex_is_the_package() -> None:
    import osteosome_omex

    assert osteosome_omex.__path__ == osteosome.omex.__path__
