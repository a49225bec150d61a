# SPDX-License-Identifier: Apache-2.0
"""Virtual subjects of one model: drawn, or from a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from . import _core
from ._frames import as_narwhals
from ._quantities import as_number, as_whole, as_word
from .errors import bad_input


class Population:
    """`n` subjects whose parameters or initial values vary, or a table with a row a subject and a column a parameter.

    `vary` gives a distribution for each name, as in a scenario: {"kind": "lognormal", "cv": 0.2}, {"kind": "normal", "mean": 1, "sd": 0.1},
    {"kind": "uniform", "low": 0, "high": 1}; "low" and "high" truncate the first two. What is left out of `mean` or `median` is the model's own value.
    Names like "patient.age" [years] are of the patient. `correlate` has triples (name, name, r) of normal scores. The same seed, number and name draw
    the same value in every run.

    >>> from osteosome import Population
    >>> Population(100, seed=1, vary={"osteoclast.estrogen_rankl": {"kind": "lognormal", "cv": 0.2}}).n
    100
    """

    def __init__(
        self,
        n: int | None = None,
        *,
        seed: int = 1,
        vary: Mapping[str, Mapping[str, Any]] | None = None,
        correlate: Iterable[tuple[str, str, float]] = (),
        table: Any = None,
    ) -> None:
        if (table is None) == (n is None):
            raise bad_input("a population has either a number of subjects or a table of them")
        whole = as_whole(n, "n", 1, 10**9) if n is not None else 0
        self.seed = as_whole(seed, "seed", 0, 2**63 - 1)
        self._vary = {name: _as_toml(name, words) for name, words in (vary or {}).items()}
        self._correlate = [_correlation(c) for c in correlate]
        self._columns: list[str] = []
        self._rows: Any = None
        if table is not None:
            self._columns, self._rows = as_rows(table)
        self.n = whole or len(self._rows)

    def _made(self) -> Any:
        made = _core.Population()
        made.n = self.n
        for name, distribution in self._vary.items():
            made.vary(*_of_whom(name), distribution)
        for a, b, r in self._correlate:
            made.correlate(a, b, r)
        if self._rows is not None:
            made.tabulate(self._columns, self._rows)
        return made

    def __repr__(self) -> str:
        varied = ", ".join([*self._vary, *self._columns])
        return f"Population of {self.n}: {varied}"


def _of_whom(name: str) -> tuple[str, str]:
    return ("patient", name[len("patient.") :]) if name.startswith("patient.") else ("", name)


def _correlation(given: Any) -> tuple[str, str, float]:
    if not isinstance(given, (tuple, list)) or len(given) != 3:
        raise bad_input(f"correlate: {given!r} is not (name, name, r)")
    return as_word(given[0], "correlate"), as_word(given[1], "correlate"), float(as_number(given[2], "correlate"))


def _as_toml(name: str, words: Mapping[str, Any]) -> str:
    """The distribution as a scenario would have it; the library says what is wrong with it."""
    if not isinstance(words, Mapping):
        raise bad_input(f"vary {name}: {words!r} is no distribution", 'E.g. {"kind": "lognormal", "cv": 0.2}.')
    entries = [f"{json.dumps(str(k))} = {json.dumps(v) if isinstance(v, str) else as_number(v, f'vary {name}: {k}')}" for k, v in words.items()]
    return f"d = {{ {', '.join(entries)} }}"


def as_rows(table: Any, gaps: bool = False) -> tuple[list[str], Any]:
    """Columns and [row x column] of a data frame of numbers, without gaps unless they are allowed."""
    import numpy

    frame = as_narwhals(table, "table")
    if len(frame) == 0 or not frame.columns:
        raise bad_input("table: there are no subjects in it")
    for name, type_ in frame.schema.items():
        if not type_.is_numeric():
            raise bad_input(f"table: column '{name}' holds {type_}, not numbers")
    rows = numpy.ascontiguousarray(numpy.stack([frame[c].to_numpy().astype(float) for c in frame.columns], axis=1))
    if not gaps and not numpy.isfinite(rows).all():
        row, column = (int(k) for k in numpy.argwhere(~numpy.isfinite(rows))[0])
        raise bad_input(f"table: row {row + 1} of column '{frame.columns[column]}' is no number")
    return list(frame.columns), rows
