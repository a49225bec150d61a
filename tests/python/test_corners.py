# SPDX-License-Identifier: Apache-2.0
"""What is not used is said, what is kept is kept, and nothing is left behind."""

from __future__ import annotations

import glob
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import pytest
from conftest import ROOT

import osteosome

EVENTS = {"ID": ["#1", "#1", "2", "2"], "TIME": [0.0, 1, 0, 1], "EVID": [1, 0, 1, 0], "AMT": [3.0, 0, 5, 0], "CMT": ["x"] * 4}


def refused(call, says: str = ".") -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(osteosome.Error, match=says) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow", "dict"])
def test_no_row_is_a_comment(decay: Path, library: str) -> None:
    import pandas
    import polars
    import pyarrow

    made = {"pandas": pandas.DataFrame, "polars": polars.DataFrame, "pyarrow": pyarrow.table, "dict": dict}[library](EVENTS)
    r = osteosome.simulate(decay, data=made, time_unit="h", observe="x")
    assert r["ID"].tolist() == ["#1", "2"]
    numpy.testing.assert_allclose(r["x"], numpy.array([11, 13]) * numpy.exp(-0.25), rtol=1e-5)


def test_looks_that_are_none_are_refused(decay: Path) -> None:
    for times in ({"time [h]": [0, float("nan"), 2]}, {"time [h]": [0, None, 2]}):
        refused(lambda times=times: osteosome.simulate(decay, times=times), "empty")
    assert osteosome.simulate(decay, times={"time [h]": [0, 0.5, 2]}).numpy()[:, 0].tolist() == [0, 0.5, 2]
    assert osteosome.simulate(decay, times=[0, 1], time_unit="h")["x"][1] == pytest.approx(8 * numpy.exp(-0.25))
    refused(lambda: osteosome.simulate(decay, times=[0, 1]), "unit")


def test_numbers_keep_their_columns(decay: Path) -> None:
    for every in ("1 h", "0.5 h"):
        r = osteosome.simulate(decay, until="3 h", every=every)
        assert r["time [hour]"].dtype == float
        assert r.numpy()[:, r.columns.index("x")].tolist() == r["x"].tolist()


def test_names_are_not_numbers(decay: Path) -> None:
    data = {
        "ID": ["007", "008"],
        "TIME": [1.0, 1.0],
        "EVID": [0, 0],
        "VISIT": ["1E1", "2E1"],
        "LONG": ["12345678901234567891", "12345678901234567892"],
        "KG": [61, 70.5],
    }
    with pytest.warns(osteosome.OsteosomeWarning, match="VISIT"):
        r = osteosome.simulate(decay, data=data, time_unit="h")
    assert r["ID"].tolist() == ["007", "008"] and r["VISIT"].tolist() == ["1E1", "2E1"]
    for ids, kept in ((["1", "2"], ["1", "2"]), ([1, 2], [1, 2])):
        other = osteosome.simulate(decay, data={"ID": ids, "TIME": [1.0, 1.0], "EVID": [0, 0]}, time_unit="h")
        assert other["ID"].tolist() == kept
    assert r["LONG"].tolist() == data["LONG"] and r["KG"].tolist() == [61, 70.5]
    assert osteosome.Model("joerg-2022").outputs["unit"].tolist()[0] == "1"


def test_columns_of_one_name_are_refused(decay: Path) -> None:
    refused(lambda: osteosome.scan(decay, {"x": [1, 2.5]}, until="3 h", observe="x"), "'x'")
    decay.write_text(decay.read_text().replace("twice =", "subject ="), encoding="utf-8")
    r = osteosome.simulate(decay, population=osteosome.Population(table={"k": [0.1]}), until="1 h")
    refused(r.frame, "subject")  # type: ignore[union-attr]


def test_the_workspace_is_that_of_the_model(tmp_path: Path, decay: Path) -> None:
    other = tmp_path / "other"
    for folder in ("therapies", "species", "vocabulary"):
        shutil.copytree(ROOT / folder, other / folder)
    (other / "models").mkdir()
    shutil.copy(decay, other / "models" / "kim-2007.toml")
    w = osteosome.Workspace(other)
    m = osteosome.Model("kim-2007", workspace=w)
    assert osteosome.simulate(m, until="1 h", observe="x")["x"][0] == 8
    assert osteosome.scan(m, "k=1,2", until="1 h", observe="x")["x"][0] == pytest.approx(8 * numpy.exp(-1))
    refused(lambda: osteosome.simulate(m, until="1 h", workspace=osteosome.Workspace()), "workspace")


def test_a_shipped_scenario_has_a_bare_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(lambda: osteosome.Scenario("/no/such/place/culture-dose-response"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "culture-dose-response").mkdir()
    assert osteosome.Scenario("culture-dose-response").title


def test_a_daemon_thread_does_not_end_the_program_badly() -> None:
    script = """
import threading, time, osteosome
p = osteosome.Population(5000, vary={"osteoclast.estrogen_rankl": {"kind": "lognormal", "cv": 0.2}})
run = lambda: osteosome.simulate("osteosome", population=p, until="60 months", every="1 month", age="65 years")
threading.Thread(target=run, daemon=True).start()
time.sleep(2)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_population_has_is_not_given_twice(decay: Path) -> None:
    one = osteosome.Population(table={"k": [0.1]})
    assert refused(lambda: osteosome.simulate(decay, population=one, until="1 h", set={"k": 5}), "'k'") == "scenario-028"
    assert refused(lambda: osteosome.Model(decay).with_parameters(k=5).function(["k"], until="1 h")([0.1]), "'k'") == "scenario-028"
    aged = osteosome.Population(table={"patient.age": [70.0]})
    assert refused(lambda: osteosome.simulate("osteosome", population=aged, until="1 month", age="85 years"), "age") == "scenario-028"
    assert refused(lambda: osteosome.simulate(decay, population=aged, until="1 h"), "age") == "simulate-012"
    spine = osteosome.Population(table={"patient.age": [70.0], "patient.t_zz": [-2.0]})
    assert refused(lambda: osteosome.simulate("osteosome", population=spine, until="1 month"), "t_zz") in ("simulate-012", "scenario-006")
    both = osteosome.Population(2, vary={"k": {"kind": "lognormal", "cv": 0.1}})
    refused(lambda: osteosome.simulate(decay, population=both, until="1 h", data=EVENTS, time_unit="h"))


def test_subjects_have_their_ages(decay: Path) -> None:
    p = osteosome.Population(3, vary={"patient.age": {"kind": "uniform", "low": 60, "high": 80}})
    r = osteosome.simulate("osteosome", population=p, until="1 month", every="1 month", observe="LS")
    ages = r.subjects["patient.age"]  # type: ignore[union-attr]
    assert len(set(ages)) == 3 and ages.min() >= 60 and ages.max() <= 80


def test_values_that_are_none_are_told(decay: Path) -> None:
    decay.write_text(decay.read_text().replace('formula = "2*x", unit = "mg"', 'formula = "x*x/(x-x)", unit = "mg"'), encoding="utf-8")
    with pytest.warns(osteosome.OsteosomeWarning, match="not finite"):
        r = osteosome.simulate(decay, until="2 h", every="1 h")
    assert numpy.isnan(r["twice"]).all()  # type: ignore[index]
    with pytest.warns(osteosome.OsteosomeWarning, match="not finite"):
        osteosome.simulate(decay, population=osteosome.Population(table={"k": [0.1]}), until="2 h", every="1 h")


def left_behind() -> set[str]:
    return set(glob.glob(os.path.join(tempfile.gettempdir(), "osteosome-*")))


def test_nothing_is_left_behind(decay: Path, tmp_path: Path) -> None:
    before = left_behind()
    refused(lambda: osteosome.run("culture-dose-response", max_failed="x"))  # type: ignore[arg-type]
    refused(lambda: osteosome.run("culture-dose-response", max_failed=float("nan")))
    refused(lambda: osteosome.run("culture-dose-response", max_failed=5))
    refused(lambda: osteosome.run("culture-dose-response", figures="gif"))
    refused(lambda: osteosome.run("culture-dose-response", engine="no"))
    refused(lambda: osteosome.simulate(decay, data={"TIME": [1]}, time_unit="no"))
    (tmp_path / "bad.toml").write_text("[calibration]\n", encoding="utf-8")
    refused(lambda: osteosome.calibrate(tmp_path / "bad.toml", tmp_path / "out"))
    assert left_behind() == before and not (tmp_path / "out").exists()


def test_a_forked_child_does_not_remove_the_folder() -> None:
    run = osteosome.run("culture-dose-response")
    child = os.fork()
    if child == 0:
        del run
        os._exit(0)
    os.waitpid(child, 0)
    assert run.report.exists()


def test_tables_that_are_no_files_are_refused_where_a_run_must_be_repeated() -> None:
    refused(lambda: osteosome.run("culture-dose-response", evidence={"a": [1]}), "file")


def test_results_pickle(decay: Path) -> None:
    r = osteosome.simulate(decay, population=osteosome.Population(table={"k": [0.1, 0.2]}), until="1 h", every="1 h")
    again = pickle.loads(pickle.dumps(r))
    assert numpy.array_equal(again.values, r.values) and again.subjects["k"].tolist() == [0.1, 0.2]  # type: ignore[union-attr]
    scan = pickle.loads(pickle.dumps(osteosome.scan(decay, "k=1,2", until="1 h")))
    assert scan["k"].tolist() == [1, 2]
    with pytest.raises(TypeError, match="folder"):
        pickle.dumps(osteosome.run("culture-dose-response"))


def test_a_pandas_frame_may_be_written_to(decay: Path) -> None:
    frame = osteosome.simulate(decay, until="3 h").pandas()
    frame.loc[0, "x"] = 5.0
    assert frame["x"][0] == 5


def test_a_frame_is_its_columns(decay: Path) -> None:
    r = osteosome.simulate(decay, until="3 h")
    assert list(r) == r.columns and "x" in r and "y" not in r


@pytest.mark.parametrize(
    "words",
    [
        {"population": 5},
        {"dose": 3},
        {"dose": []},
        {"observe": []},
        {"observe": ["x", ""]},
        {"species": 3},
        {"set": 3},
        {"set": {"k": 10**400}},
        {"set": {"\ud800": 1}},
        {"t_score": 3},
        {"threads": 2.7},
        {"progress": "bar"},
        {"data": {"TIME": [1.0], "AMT": ["\ud800"]}},
        {"every": "\ud800"},
    ],
)
def test_wrong_kinds_have_a_code(decay: Path, words: dict[str, object]) -> None:
    assert refused(lambda: osteosome.simulate(decay, **{"until": "1 h", **words}))  # type: ignore[arg-type]


def test_more_wrong_kinds() -> None:
    refused(lambda: osteosome.simulate(3, until="1 h"))  # type: ignore[arg-type]
    refused(lambda: osteosome.Population(3, vary={"k": 0.1}))  # type: ignore[dict-item]
    refused(lambda: osteosome.Population(3, correlate=[("a", "b")]))  # type: ignore[list-item]
    refused(lambda: osteosome.Population(2**70))
    refused(lambda: osteosome.validate([]))
    refused(lambda: osteosome.Model("osteosome").function(["k", "k"]))
    refused(lambda: osteosome.convert("kim-2007", "m.toml", form="sbml"), "xml")
    refused(lambda: osteosome.convert("kim-2007", "m.toml", course="c.json"))


def test_numpy_integers_are_whole(decay: Path) -> None:
    assert len(osteosome.simulate(decay, until="1 h", threads=numpy.int64(2))) > 0  # type: ignore[arg-type]
    assert osteosome.Population(numpy.int32(3), vary={}).n == 3  # type: ignore[arg-type]


def test_an_empty_column_is_missing(decay: Path) -> None:
    events = {"ID": [1, 1], "TIME": [0, 1], "EVID": [0, 0], "AMT": [None, None]}
    assert osteosome.simulate(decay, data=events, time_unit="h")["x"][0] == 8


def test_categories_are_text(decay: Path) -> None:
    import pandas

    frame = pandas.DataFrame({**EVENTS, "CMT": pandas.Categorical(["x"] * 4)})
    assert len(osteosome.simulate(decay, data=frame, time_unit="h")) == 2
    twice = pandas.DataFrame([[1, 2]], columns=["TIME", "TIME"])
    refused(lambda: osteosome.simulate(decay, data=twice, time_unit="h"), "same name")


def test_progress_of_a_table(decay: Path) -> None:
    seen: list[tuple[int, int]] = []
    osteosome.simulate(decay, data=EVENTS, time_unit="h", progress=lambda *counts: seen.append(counts))
    assert seen[-1] == (2, 2)


WOMAN = {"until": "1 month", "every": "1 month", "observe": "TH"}


def test_one_thing_by_two_names_is_given_twice() -> None:
    spread = {"kind": "lognormal", "median": 1, "cv": 0.3}
    by_patient = osteosome.Population(2, vary={"patient.turnover": spread})
    by_both = osteosome.Population(2, vary={"patient.turnover": spread, "turnover_scale": spread})
    for call in (
        lambda: osteosome.simulate("osteosome", age="68 years", population=by_patient, set={"turnover_scale": 1.5}, **WOMAN),
        lambda: osteosome.simulate("osteosome", age="68 years", population=by_both, **WOMAN),
        lambda: osteosome.simulate("osteosome", age="60 years", menopause="50 years", set={"endocrine.age_at_menopause": 45}, **WOMAN),
        lambda: osteosome.simulate("osteosome", age="60 years", t_score={"TH": -2.5}, set={"scale_TH": 1.3}, **WOMAN),
        lambda: osteosome.scan("osteosome", "dose=30,60", dose="denosumab {dose} mg", age="60 years", t_score={"TH": -2.5}, set={"scale_TH": 1.3}, **WOMAN),
    ):
        assert refused(call, "given twice") == "scenario-028"


def test_a_change_is_in_percent(decay: Path) -> None:
    s = osteosome.scan(decay, "k=0.1,0.2", until="1 h", observe="x", value="change")
    assert s.units["x"] == "%" and s.labels["x"] == "change of amount"
    numpy.testing.assert_allclose(s["x"], 100 * (numpy.exp([-0.1, -0.2]) - 1), rtol=1e-4)
    assert osteosome.scan(decay, "k=0.1,0.2", until="1 h", observe="x").units["x"] == "mg"


def test_who_is_simulated_is_told() -> None:
    with pytest.warns(osteosome.OsteosomeNote, match="a woman of 30 years"):
        osteosome.simulate("osteosome", **WOMAN)
    aged = osteosome.Population(2, vary={"patient.age": {"kind": "uniform", "low": 60, "high": 70}})
    assert osteosome.simulate("osteosome", population=aged, **WOMAN).notes == []


def test_a_function_takes_columns_by_name_and_leaves_out_what_cannot_be(decay: Path) -> None:
    import pandas

    f = osteosome.Model(decay).function(["k", "x"], until="1 h", every="1 h", observe="x")
    frame = pandas.DataFrame({"x": [4.0], "k": [0.1]})
    assert f(frame)[0, 1, 0] == pytest.approx(4 * numpy.exp(-0.1))
    with pytest.warns(osteosome.OsteosomeWarning, match="2 of 4"):
        values = f([[0.1, 4], [-1, 4], [0.2, 3], [numpy.nan, 1]])
    assert numpy.isnan(values[[1, 3]]).all()
    numpy.testing.assert_allclose(values[[0, 2], 1, 0], [4 * numpy.exp(-0.1), 3 * numpy.exp(-0.2)], rtol=1e-5)
    for x in (numpy.ma.masked_array([0.1, 4.0], [True, False]), numpy.array([True, False]), numpy.array([1j, 1])):
        refused(lambda x=x: f(x))
    refused(lambda: f(pandas.DataFrame({"k": [0.1], "y": [1.0]})), "y")
    refused(lambda: osteosome.Model(decay).function(["kk"]), "kk")
    refused(lambda: osteosome.Model(decay).function(["k"], set={"k": 1}), "twice")


def test_a_missing_covariate_is_told(decay: Path) -> None:
    data = {"ID": [1, 1, 2, 2], "TIME": [0.0, 1, 0, 1], "EVID": [0] * 4, "k": [0.1, 0.1, None, None]}
    with pytest.warns(osteosome.OsteosomeWarning, match="'k' has no value for ID 2"):
        osteosome.simulate(decay, data=data, time_unit="h")


def test_looks_that_are_no_numbers_are_refused(decay: Path) -> None:
    refused(lambda: osteosome.simulate(decay, times=[0, float("nan"), 2], time_unit="h"), "look")


def test_small_words(decay: Path) -> None:
    assert osteosome.simulate("osteosome", species="human", **WOMAN)["TH"][0] == osteosome.simulate("osteosome", **WOMAN)["TH"][0]  # type: ignore[index]
    with pytest.warns(osteosome.OsteosomeWarning):
        osteosome.Regimen("denosumab 6000 mg")
    with pytest.raises(KeyError, match=r"time \[hour\]"):
        osteosome.simulate(decay, until="1 h")["time"]  # type: ignore[index]
    run = osteosome.run("culture-dose-response")
    assert numpy.array_equal(run.values(run.arms[0]), run.values(run.arms[0][1]))


def test_a_weight_without_effect_is_told(decay: Path) -> None:
    with pytest.warns(osteosome.OsteosomeWarning, match="without effect"):
        osteosome.simulate(decay, until="1 h", weight="50 kg")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        osteosome.simulate(decay, until="1 h", weight="50 kg", dose="drug 1 mg/kg")


def test_every_file_is_checked(decay: Path, tmp_path: Path) -> None:
    bad = [tmp_path / "one.toml", tmp_path / "two.toml"]
    for path in bad:
        path.write_text("[model]\n", encoding="utf-8")
    with pytest.raises(osteosome.Error) as caught:
        osteosome.check(bad[0], decay, bad[1])
    assert {p.file for p in caught.value.problems} == {str(path) for path in bad}


def test_progress_of_a_scan(decay: Path) -> None:
    seen: list[tuple[int, int]] = []
    osteosome.scan(decay, "k=0.1:1:5", until="1 h", progress=lambda *counts: seen.append(counts))
    assert seen and seen[-1] == (5, 5)


def test_failures_of_a_run_are_told(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(
        """[model]
id = "m"
title = "Infinite after half an hour"
source = "a test"
time = "h"
[parameters]
k = { value = 0.25, unit = "1/h/mg", kind = "assumed", source = "a test", rationale = "a test", meaning = "rate" }
[species]
x = { initial = "8", unit = "mg", kind = "assumed", source = "a test", rationale = "a test", rate = "k*x*x", meaning = "amount" }
[outputs]
twice = { formula = "2*x", unit = "mg", label = "twice" }
""",
        encoding="utf-8",
    )
    text = f"""[scenario]
title = "fails"
question = "a test"
until = "2 h"
every = "1 h"
[models.m]
document = "{tmp_path}/m.toml"
[arms.none]
regimen = "none"
"""
    with pytest.warns(osteosome.OsteosomeWarning, match="1 of 1 simulations failed"):
        osteosome.Scenario.from_text(text).run(max_failed=1)
