# SPDX-License-Identifier: Apache-2.0
"""Results in every library's clothes: the same numbers, without copies where there need be none, with their units."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy
import pytest

import osteosome


def test_a_closed_form(decay: Path) -> None:
    r = osteosome.simulate(decay, dose="drug 4 mg every 2 h x 2", until="3 h", every="1 h", at_dose="post")
    k = 0.25
    wanted = [12.0, 12 * math.exp(-k), 12 * math.exp(-2 * k) + 4, (12 * math.exp(-2 * k) + 4) * math.exp(-k)]
    numpy.testing.assert_allclose(r["x"], wanted, rtol=1e-5)
    assert r["time [hour]"].tolist() == [0, 1, 2, 3]


def test_every_library_sees_the_same_numbers(decay: Path, tmp_path: Path) -> None:
    import polars
    import pyarrow
    import pyarrow.parquet

    r = osteosome.simulate(decay, until="3 h", every="0.5 h")
    x = r["x"].tolist()
    assert r.arrow()["x"].to_pylist() == x
    assert r.pandas()["x"].tolist() == x
    assert r.polars()["x"].to_list() == x
    assert r.xarray()["x"].values.tolist() == x and r.xarray()["x"].attrs["units"] == "mg"
    assert r.numpy()[:, r.columns.index("x")].tolist() == x
    assert polars.DataFrame(r)["x"].to_list() == x
    assert pyarrow.table(r)["x"].to_pylist() == x
    r.to_parquet(tmp_path / "r.parquet")
    back = pyarrow.parquet.read_table(tmp_path / "r.parquet")
    assert back["x"].to_pylist() == x
    assert back.schema.field("x").metadata[b"unit"] == b"mg" and back.schema.field("twice").metadata[b"label"] == b"twice the amount"


def test_numbers_are_not_copied(decay: Path) -> None:
    r = osteosome.simulate(decay, until="3 h")
    address = r.arrow()["x"].chunk(0).buffers()[1].address
    assert r["x"].__array_interface__["data"][0] == address
    q = osteosome.simulate(decay, population=osteosome.Population(3, vary={"k": {"kind": "lognormal", "cv": 0.1}}), until="3 h")
    assert isinstance(q, osteosome.PopulationResult)
    assert q.values.__array_interface__["data"][0] == q.numpy().__array_interface__["data"][0]
    assert not q.values.flags.writeable


def test_results_outlive_what_made_them(decay: Path) -> None:
    values = osteosome.simulate(decay, population=osteosome.Population(table={"k": [0.1, 0.2]}), until="1 h", every="1 h").values
    import gc

    gc.collect()
    numpy.testing.assert_allclose(values[:, 1, 0], 8 * numpy.exp([-0.1, -0.2]), rtol=1e-6)


def test_columns_are_named(decay: Path) -> None:
    r = osteosome.simulate(decay, until="3 h")
    with pytest.raises(KeyError, match="twice"):
        r["twic"]
    assert r.units == {"time [hour]": "hour", "x": "mg", "twice": "mg"}


def test_notebooks_show_tables(decay: Path) -> None:
    r = osteosome.simulate(decay, until="3 h")
    html = r._repr_html_()
    assert html.count("<tr>") == 11 and "101 rows" in html and "<small>mg</small>" in html
    m = osteosome.Model(decay)
    assert "a test" in m._repr_html_() and "Decay" in m._repr_html_()


def test_models_say_what_they_are(decay: Path) -> None:
    m = osteosome.Model(decay)
    assert (m.title, m.time_unit, m.source) == ("Decay", "h", "a test")
    row = m.parameters.arrow().to_pylist()[0]
    assert row["id"] == "k" and row["value"] == 0.25 and row["unit"] == "1/h" and row["source"] == "a test" and row["high"] == 10
    assert m.outputs["id"].tolist() == ["twice"] and m.doses["drug"].tolist() == ["drug"]


def test_models_never_change(decay: Path) -> None:
    m = osteosome.Model(decay)
    faster = m.with_parameters(k=1.0).with_parameters(x="4 mg")
    assert m.changes == {} and faster.changes == {"k": "k=1.0", "x": "x=4 mg"}
    numpy.testing.assert_allclose(faster.simulate(until="1 h", every="1 h")["x"], [4, 4 * math.exp(-1)], rtol=1e-5)
    numpy.testing.assert_allclose(m.simulate(until="1 h", every="1 h")["x"], [8, 8 * math.exp(-0.25)], rtol=1e-5)
    assert faster.simulate(until="1 h", every="1 h", set={"k": (120, "1/day")})["x"][1] == pytest.approx(4 * math.exp(-5))
    with pytest.raises(osteosome.InputError, match="'k'"):
        m.with_parameters(kk=1.0)


def test_what_is_kept_pickles(decay: Path) -> None:
    m = osteosome.Model(decay).with_parameters(k=0.5)
    again = pickle.loads(pickle.dumps(m))
    assert repr(again) == repr(m) and again.simulate(until="1 h")["x"].tolist() == m.simulate(until="1 h")["x"].tolist()
    f = pickle.loads(pickle.dumps(m.function(["x"], until="1 h", every="1 h", observe="x")))
    assert f([2.0])[0, 0] == 2.0
    r = osteosome.Regimen("denosumab 60 mg")
    assert pickle.loads(pickle.dumps(r)) == r
    frame = m.simulate(until="1 h")
    assert pickle.loads(pickle.dumps(frame))["x"].tolist() == frame["x"].tolist()
    with pytest.raises(osteosome.DosingError) as caught:
        osteosome.Regimen("denosumap 60 mg")
    error = pickle.loads(pickle.dumps(caught.value))
    assert type(error) is osteosome.DosingError and error.problems == caught.value.problems


def test_charts_are_those_of_the_report(tmp_path: Path) -> None:
    run = osteosome.run("culture-dose-response")
    assert run.charts
    for name, spec in run.charts.items():
        drawn = run.plot(name).to_dict()
        marks = [layer["mark"] for layer in spec.get("layer", [spec]) if "mark" in layer]
        assert [layer["mark"] for layer in drawn.get("layer", [drawn]) if "mark" in layer] == marks
    with pytest.raises(osteosome.InputError, match=name):
        run.plot("no chart")


def test_a_folder_that_was_not_asked_for_goes_with_its_run() -> None:
    run = osteosome.run("culture-dose-response")
    folder = run.folder
    assert folder.exists()
    del run
    assert not folder.exists()


def test_import_is_quick() -> None:
    best = min(_seconds() for _ in range(3))
    assert best < 0.3


def _seconds() -> float:
    start = time.monotonic()
    subprocess.run([sys.executable, "-c", "import osteosome"], check=True)
    return time.monotonic() - start
