# SPDX-License-Identifier: Apache-2.0
"""Virtual subjects of one model: drawn, or from a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from . import _core
from ._frames import _as_narwhals
from ._quantities import as_number
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
        if n is not None and (not isinstance(n, int) or isinstance(n, bool) or n < 1):
            raise bad_input(f"n: {n!r} is not a number of subjects")
        if not isinstance(seed, int) or not 0 <= seed < 2**63:
            raise bad_input(f"seed: {seed!r} is not an integer from 0 to {2**63 - 1}")
        self.seed = seed
        self._vary = {name: _as_toml(name, words) for name, words in (vary or {}).items()}
        self._correlate = [(str(a), str(b), float(as_number(r, "correlate"))) for a, b, r in correlate]
        self._columns: list[str] = []
        self._rows: Any = None
        if table is not None:
            self._columns, self._rows = _numbers(table)
        self.n = int(n) if n is not None else len(self._rows)

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


def _as_toml(name: str, words: Mapping[str, Any]) -> str:
    """The distribution as a scenario would have it; the library says what is wrong with it."""
    entries = [f"{json.dumps(str(k))} = {json.dumps(v) if isinstance(v, str) else as_number(v, f'vary {name}: {k}')}" for k, v in words.items()]
    return f"d = {{ {', '.join(entries)} }}"


def _numbers(table: Any) -> tuple[list[str], Any]:
    """Columns and [row x column] of a data frame of numbers without gaps."""
    import numpy

    frame = _as_narwhals(table, "table")
    if len(frame) == 0 or not frame.columns:
        raise bad_input("table: there are no subjects in it")
    for name, type_ in frame.schema.items():
        if not type_.is_numeric():
            raise bad_input(f"table: column '{name}' holds {type_}, not numbers")
    rows = numpy.ascontiguousarray(numpy.stack([frame[c].to_numpy().astype(float) for c in frame.columns], axis=1))
    if not numpy.isfinite(rows).all():
        row, column = (int(k) for k in numpy.argwhere(~numpy.isfinite(rows))[0])
        raise bad_input(f"table: row {row + 1} of column '{frame.columns[column]}' is no number")
    return list(frame.columns), rows
