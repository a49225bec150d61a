# SPDX-License-Identifier: Apache-2.0
"""Virtual subjects from Python: drawn, from tables, and as a function of many points."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

import osteosome

WORDS = {"until": "2 h", "every": "1 h", "observe": "x"}


def test_a_table_of_subjects(decay: Path) -> None:
    import pandas
    import polars

    k = [0.1, 0.5, 2.0]
    for table in ({"k": k}, pandas.DataFrame({"k": k}), polars.DataFrame({"k": k})):
        r = osteosome.simulate(decay, population=osteosome.Population(table=table), **WORDS)
        numpy.testing.assert_allclose(r.values[:, :, 0], 8 * numpy.exp(-numpy.outer(k, [0, 1, 2])), rtol=1e-5)
        assert r.subjects["k"].tolist() == k and r.statuses == ["completed"] * 3


def test_draws_are_those_of_their_distribution(decay: Path) -> None:
    """Median, spread, bounds and correlation of 4000 draws, within four standard errors."""
    n = 4000
    p = osteosome.Population(
        n,
        seed=5,
        vary={"k": {"kind": "lognormal", "sd": 0.3}, "x": {"kind": "normal", "mean": 10, "sd": 2, "low": 6, "high": 14}},
        correlate=[("k", "x", 0.6)],
    )
    s = osteosome.simulate(decay, population=p, until="1 h", every="1 h").subjects
    z = numpy.log(s["k"] / 0.25) / 0.3
    assert abs(z.mean()) < 4 / numpy.sqrt(n) and abs(z.std() - 1) < 4 / numpy.sqrt(2 * n)
    assert s["x"].min() >= 6 and s["x"].max() <= 14 and abs(s["x"].mean() - 10) < 0.15
    assert abs(numpy.corrcoef(z, s["x"])[0, 1] - 0.6) < 0.05


def test_subjects_are_the_same_in_any_company(decay: Path) -> None:
    vary = {"k": {"kind": "lognormal", "cv": 0.3}}
    many = osteosome.simulate(decay, population=osteosome.Population(40, seed=3, vary=vary), threads=2, **WORDS).values
    few = osteosome.simulate(decay, population=osteosome.Population(7, seed=3, vary=vary), threads=1, **WORDS).values
    assert numpy.array_equal(many[:7], few)
    other = osteosome.simulate(decay, population=osteosome.Population(7, seed=4, vary=vary), **WORDS).values
    assert not numpy.array_equal(few, other)


def test_a_population_is_a_scenario_of_it(tmp_path: Path) -> None:
    """The same women as in [population] of a scenario, when treatment starts; then a scenario gives them calcium and vitamin D."""
    run = osteosome.Scenario.from_text(SCENARIO).run()
    p = osteosome.Population(6, seed=9, vary={"osteoclast.estrogen_rankl": {"kind": "lognormal", "cv": 0.2}})
    names = [q[0] for q in run.outputs("denosumab")]
    mine = osteosome.simulate("osteosome", population=p, age="65 years", until="1 month", every="1 month", observe=names)
    numpy.testing.assert_allclose(mine.values[:, 0], run.values("denosumab")[:, 0], rtol=1e-6)


SCENARIO = """
[scenario]
title = "six women"
question = "a test"
until = "12 months"
every = "6 months"
seed = 9
[patient]
age = "65 years"
[models.osteosome]
[arms.denosumab]
regimen = "denosumab 60 mg every 6 months x 2"
[population]
n = 6
[population.parameters.osteosome]
"osteoclast.estrogen_rankl" = { kind = "lognormal", cv = 0.2 }
"""


def test_quantiles(decay: Path) -> None:
    r = osteosome.simulate(decay, population=osteosome.Population(table={"k": [0.1, 0.2, 0.3]}), **WORDS)
    q = r.quantiles("x", (0, 0.5, 1))
    numpy.testing.assert_allclose(q.numpy()[2], [2, *8 * numpy.exp([-0.6, -0.4, -0.2])], rtol=1e-5)


def test_tables_of_a_population(decay: Path) -> None:
    r = osteosome.simulate(decay, population=osteosome.Population(table={"k": [0.1, 0.2]}), **WORDS)
    frame = r.frame()
    assert frame["subject"].tolist() == [0, 0, 0, 1, 1, 1] and frame["time [hour]"].tolist() == [0, 1, 2] * 2
    assert frame["x"].tolist() == r.values[:, :, 0].ravel().tolist()
    assert r.xarray()["x"].dims == ("subject", "time")
    assert r.pandas()["x"].tolist() == r.polars()["x"].to_list()


def test_a_function_of_many_points(decay: Path) -> None:
    f = osteosome.Model(decay).function(["k", "x"], until="2 h", every="1 h", observe=["x", "twice"])
    points = numpy.array([[0.1, 4.0], [0.5, 2.0], [1.0, 1.0]])
    values = f(points)
    assert values.shape == (3, 3, 2)
    numpy.testing.assert_allclose(values[:, :, 0], points[:, 1:] * numpy.exp(-points[:, :1] * numpy.array([0, 1, 2])), rtol=1e-5)
    numpy.testing.assert_allclose(values[:, :, 1], 2 * values[:, :, 0], rtol=1e-12)
    assert numpy.array_equal(f(points[1]), values[1])
    with pytest.raises(osteosome.InputError, match="k, x"):
        f([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"n": 0},
        {"n": 2.5},
        {"n": 3, "table": {"k": [1.0]}},
        {"n": 3, "seed": -1},
        {"table": {"k": []}},
        {"table": {"k": ["a"]}},
        {"table": {"k": [1.0, float("nan")]}},
    ],
)
def test_what_is_no_population(words: dict[str, object]) -> None:
    with pytest.raises(osteosome.InputError):
        osteosome.Population(**words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "words, says",
    [
        ({"n": 3, "vary": {"kk": {"kind": "lognormal", "cv": 0.1}}}, "'kk'"),
        ({"n": 3, "vary": {"k": {"kind": "lognormal"}}}, "needs"),
        ({"n": 3, "vary": {"k": {"kind": "gamma", "cv": 0.1}}}, "gamma"),
        ({"n": 3, "vary": {"k": {"kind": "lognormal", "vc": 0.1}}}, "vc"),
        ({"n": 3, "vary": {"k": {"kind": "uniform", "low": 2, "high": 1}}}, "below"),
        ({"n": 300, "vary": {"k": {"kind": "normal", "mean": 0, "sd": 1}}}, "outside"),
        ({"n": 3, "vary": {"patient.ages": {"kind": "uniform", "low": 2, "high": 3}}}, "ages"),
        ({"n": 3, "vary": {"k": {"cv": 0.1, "kind": "lognormal"}}, "correlate": [("k", "j", 0.5)]}, "j"),
        ({"table": {"kk": [1.0]}}, "'kk'"),
        ({"table": {"k": [11.0]}}, "11"),
        ({"table": {"k": [0.1], "patient.ages": [3.0]}}, "ages"),
    ],
)
def test_what_a_model_does_not_take(decay: Path, words: dict[str, object], says: str) -> None:
    with pytest.raises(osteosome.Error, match=says):
        osteosome.simulate(decay, population=osteosome.Population(**words), **WORDS)  # type: ignore[arg-type]
