# SPDX-License-Identifier: Apache-2.0
"""What is given wrongly: an exception with a code and a hint, or it works; never a crash and never in silence."""

from __future__ import annotations

import datetime
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import numpy
import pytest

import osteosome


def code_of(call) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(osteosome.Error) as caught:
        call()
    assert caught.value.problems and all(p.code and p.message for p in caught.value.problems)
    return caught.value.code


def test_quantities_need_their_units(decay: Path) -> None:
    with pytest.raises(osteosome.InputError, match="has no unit"):
        osteosome.simulate(decay, until=3)
    assert len(osteosome.simulate(decay, until=3, every=1, time_unit="model")) == 4
    for until in ("3 h", (3, "h"), (numpy.float64(3), "h")):
        assert osteosome.simulate(decay, until=until, every="1 h")["time [hour]"].tolist() == [0, 1, 2, 3]
    code_of(lambda: osteosome.simulate(decay, until="3 mg"))
    code_of(lambda: osteosome.simulate(decay, until=(True, "h")))
    code_of(lambda: osteosome.simulate(decay, until="3 h", set={"k": "2 mg"}))
    code_of(lambda: osteosome.simulate(decay, until="3 h", set={"k": float("nan")}))
    code_of(lambda: osteosome.simulate(decay, until="3 h", set={"k": -1}))
    code_of(lambda: osteosome.simulate(decay, until="3 h", set={"k=3, x": 1}))
    code_of(lambda: osteosome.simulate(decay, until="3 h", rtol=1.0))
    code_of(lambda: osteosome.simulate(decay, until="3 h", threads=0))
    code_of(lambda: osteosome.simulate(decay, until="3 h", engine="lane"))
    code_of(lambda: osteosome.simulate(decay, until="3 h", at_dose="after"))
    code_of(lambda: osteosome.simulate(decay, until="3 h", observe=["x,twice"]))


def test_a_word_that_is_not_there_is_a_type_error(decay: Path) -> None:
    with pytest.raises(TypeError):
        osteosome.simulate(decay, untill="3 h")  # type: ignore[call-arg]


EVENTS = {"ID": [1, 1], "TIME": [0.0, 1.0], "EVID": [1, 0], "AMT": [3.0, 0.0], "CMT": ["x", "x"]}


def test_frames_that_cannot_be_events(decay: Path) -> None:
    import pandas
    import polars

    def run(data: object) -> object:
        return osteosome.simulate(decay, data=data, time_unit="h")

    assert len(run(EVENTS)) == 1  # type: ignore[arg-type]
    code_of(lambda: run({**EVENTS, "TIME": [0.0, 1.0, 2.0]}))
    code_of(lambda: run({**EVENTS, "TIME": ["0 h", "1 day"]}))
    code_of(lambda: run({**EVENTS, "TIME": [datetime.datetime(2026, 1, 1), datetime.datetime(2026, 1, 2)]}))
    code_of(lambda: run({**EVENTS, "AMT": [[3.0], [4.0]]}))
    code_of(lambda: run({**EVENTS, "AMT": [complex(1, 1), 2]}))
    code_of(lambda: run({k: v for k, v in EVENTS.items() if k != "TIME"}))
    code_of(lambda: run({**EVENTS, "TIME": [float("nan"), 1.0]}))
    code_of(lambda: run({**EVENTS, "AMT": [float("nan"), 1.0]}))
    code_of(lambda: run({**EVENTS, "AMT": [float("inf"), 1.0]}))
    code_of(lambda: run({}))
    code_of(lambda: run(pandas.DataFrame()))
    code_of(lambda: run(polars.DataFrame(EVENTS).lazy()))
    code_of(lambda: run(polars.Series("TIME", [1.0])))
    code_of(lambda: run(numpy.zeros((2, 2))))
    code_of(lambda: run(3))
    code_of(lambda: run(pandas.DataFrame({**EVENTS, 3: [1, 2]})))
    code_of(lambda: run("no-such-file.csv"))


def test_messages_name_the_frame_and_its_row(decay: Path) -> None:
    with pytest.raises(osteosome.Error) as caught:
        osteosome.simulate(decay, data={**EVENTS, "CMT": ["x", "y"], "EVID": [1, 1]}, time_unit="h")
    assert caught.value.file == "data" and caught.value.line == 3 and "/tmp" not in str(caught.value)


def test_columns_without_effect_are_warned_of(decay: Path) -> None:
    with pytest.warns(osteosome.OsteosomeWarning, match="WIEGHT"):
        osteosome.simulate(decay, data={**EVENTS, "WIEGHT": [70.0, 70.0]}, time_unit="h")


ONE = """one = { value = 1, unit = "mg", kind = "assumed", source = "a test", rationale = "a test", meaning = "one" }

[species]"""


def test_a_failure_is_told(tmp_path: Path, decay: Path) -> None:
    text = decay.read_text().replace("-k*x", "k*x*x/one").replace("[species]", ONE)
    decay.write_text(text, encoding="utf-8")
    with pytest.warns(osteosome.OsteosomeWarning):
        r = osteosome.simulate(decay, until="3 h", every="0.25 h")
    assert r.failures and numpy.isnan(r["x"][-1]) and r["x"][0] == 8  # type: ignore[union-attr, index]


@pytest.mark.parametrize("frame", ["pandas", "polars", "pyarrow"])
def test_half_a_million_rows(decay: Path, frame: str) -> None:
    import importlib

    n = 250_000
    columns = {
        "ID": numpy.repeat(numpy.arange(n), 2),
        "TIME": numpy.tile([0.0, 1.0], n),
        "EVID": numpy.tile([1, 0], n),
        "AMT": numpy.tile([3.0, 0.0], n),
        "CMT": numpy.ones(2 * n, dtype=int),
    }
    library = importlib.import_module(frame)
    data = library.table(columns) if frame == "pyarrow" else library.DataFrame(columns)
    r = osteosome.simulate(decay, data=data, time_unit="h", observe="x")
    assert len(r) == n
    numpy.testing.assert_allclose(r["x"], 11 * numpy.exp(-0.25), rtol=1e-5)


NAMES = st.text(max_size=8)
CELLS = st.one_of(st.none(), st.integers(-3, 3), st.floats(width=32), st.text(max_size=4))


@hypothesis.settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(
    st.integers(0, 4).flatmap(lambda n: st.dictionaries(st.one_of(st.sampled_from(list(EVENTS)), NAMES), st.lists(CELLS, min_size=n, max_size=n), max_size=7))
)
@pytest.mark.filterwarnings("ignore::osteosome.OsteosomeWarning")
def test_any_table_is_a_result_or_an_exception_with_a_code(decay: Path, columns: dict[str, list[object]]) -> None:
    try:
        osteosome.simulate(decay, data=columns, time_unit="h")
    except osteosome.Error as error:
        assert error.code and type(error) is not osteosome.InternalError


@hypothesis.settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(NAMES, st.one_of(NAMES, st.floats(), st.integers(), st.tuples(st.floats(), NAMES)), NAMES, NAMES)
@pytest.mark.filterwarnings("ignore::osteosome.OsteosomeWarning")
def test_any_name_and_unit_is_a_result_or_an_exception_with_a_code(decay: Path, name: str, value: object, dose: str, observe: str) -> None:
    for words in ({"set": {name: value}}, {"dose": dose}, {"observe": observe}, {"age": value}, {"t_score": {name: value}}, {"every": value}):
        try:
            osteosome.simulate(decay, until="1 h", **words)  # type: ignore[arg-type]
        except osteosome.Error as error:
            assert error.code and type(error) is not osteosome.InternalError
