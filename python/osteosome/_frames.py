# SPDX-License-Identifier: Apache-2.0
"""Tables out, as Arrow and what reads it; tables in, of whatever library."""

from __future__ import annotations

import contextlib
import html
import math
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import bad_input

if TYPE_CHECKING:
    import numpy as np
    import pandas
    import polars
    import pyarrow
    import xarray

_SHOWN = 10  # rows of a table in a notebook


#: Columns of tables of the library that are text whatever stands in them.
_TEXT = frozenset(
    "id name title unit kind source rationale meaning origin label when observable drug route into compartment model arm study study_arm outcome doi "
    "status message role provenance interval species strain part there detail evidence endpoint file time regimen text why class treatment".split()
)
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?")
_LARGEST = 10**15  # integers up to here are the same as doubles


def as_numbers(cells: Sequence[str]) -> pyarrow.Array:
    """Cells that are numbers; an empty one is NaN."""
    import pyarrow

    return pyarrow.array([float(c) if c != "" else math.nan for c in cells], pyarrow.float64())


def as_words(cells: Sequence[str]) -> pyarrow.Array:
    """Cells that are text; an empty one is missing."""
    import pyarrow

    return pyarrow.array([c if c != "" else None for c in cells], pyarrow.string())


def as_read(name: str, cells: Sequence[str]) -> pyarrow.Array:
    """Cells of a column whose kind nobody says: integers or numbers where every cell is written as one in full, else text. "007", "1E1" and integers
    that a double does not hold are names."""
    import pyarrow

    full = [c for c in cells if c != ""]
    if name in _TEXT or not full or not all(_NUMBER.fullmatch(c) or _written_by_us(c) for c in full):
        return as_words(cells)
    if all("." not in c and "e" not in c for c in full):
        if any(abs(int(c)) > _LARGEST for c in full):
            return as_words(cells)
        return pyarrow.array([int(c) if c != "" else None for c in cells], pyarrow.int64())
    return pyarrow.array([float(c) if c != "" else None for c in cells], pyarrow.float64())


def _written_by_us(cell: str) -> bool:
    """1.5e-07: a double as the library writes it, small or large."""
    return re.fullmatch(r"-?\d(\.\d+)?e[+-]\d{2,3}", cell) is not None


def table_of(columns: Iterable[tuple[str, Any]]) -> pyarrow.Table:
    """A table of these columns. Raises InputError where two have the same name."""
    import pyarrow

    names, arrays = [], []
    for name, array in columns:
        if name in names:
            raise bad_input(f"two columns are called '{name}'", "Look at something else, or rename it in the model.")
        names.append(name)
        arrays.append(array if isinstance(array, (pyarrow.Array, pyarrow.ChunkedArray)) else pyarrow.array(array))
    return pyarrow.Table.from_arrays(arrays, names=names)


def _number_column(column: np.ndarray[Any, Any]) -> pyarrow.Array:
    """A contiguous column of doubles as Arrow sees it, without a copy."""
    import pyarrow

    return pyarrow.Array.from_buffers(pyarrow.float64(), len(column), [None, pyarrow.py_buffer(column)])


class Frame:
    """A table of results. Every library that speaks Arrow's C stream reads it as it is: polars.DataFrame(frame), duckdb, ...

    `units` gives the unit of each column that has one, `labels` what it is.
    """

    def __init__(self, table: pyarrow.Table, units: Mapping[str, str] | None = None, labels: Mapping[str, str] | None = None) -> None:
        self.units = dict(units or {})
        self.labels = dict(labels or {})
        self._table = table

    def arrow(self) -> pyarrow.Table:
        """The table itself, units and labels in the metadata of the columns."""
        import pyarrow

        fields = []
        for field in self._table.schema:
            told = {k: v for k, v in (("unit", self.units.get(field.name, "")), ("label", self.labels.get(field.name, ""))) if v}
            fields.append(field.with_metadata(told) if told else field)
        return self._table.cast(pyarrow.schema(fields)) if fields else self._table

    def pandas(self) -> pandas.DataFrame:
        """As pandas; a copy, which may be written to."""
        return self._table.to_pandas().copy()

    def polars(self) -> polars.DataFrame:
        """As polars, without a copy of the numbers."""
        import polars

        frame = polars.from_arrow(self._table)
        assert isinstance(frame, polars.DataFrame)
        return frame

    def numpy(self) -> np.ndarray[Any, Any]:
        """[row x column] of the columns that are numbers, as doubles."""
        import numpy
        import pyarrow

        columns = [c for c, f in zip(self._table.columns, self._table.schema) if pyarrow.types.is_floating(f.type) or pyarrow.types.is_integer(f.type)]
        if not columns:
            return numpy.empty((len(self), 0))
        return numpy.stack([c.cast(pyarrow.float64()).to_numpy() for c in columns], axis=1)

    def xarray(self) -> xarray.Dataset:
        """As an xarray data set along `row`, with the units of its variables."""
        import xarray

        data = {name: ("row", self._table[name].to_numpy(zero_copy_only=False), self._attributes(name)) for name in self.columns}
        return xarray.Dataset(data)

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Writes a Parquet file; units and labels are in the metadata of its columns."""
        import pyarrow.parquet

        pyarrow.parquet.write_table(self.arrow(), path)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.arrow().__arrow_c_stream__(requested_schema)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._table.column_names)

    def __getitem__(self, column: str) -> np.ndarray[Any, Any]:
        if column not in self.columns:
            import difflib

            near = [c for c in self.columns if c.startswith(f"{column} [")] or difflib.get_close_matches(str(column), self.columns, 1)
            raise KeyError(f"there is no column {column!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        values: np.ndarray[Any, Any] = self._table[column].to_numpy(zero_copy_only=False)
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __contains__(self, column: object) -> bool:
        return column in self.columns

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __repr__(self) -> str:
        return f"{type(self).__name__} of {len(self)} rows: {', '.join(self.columns)}"

    def _attributes(self, name: str) -> dict[str, str]:
        return {k: v for k, v in (("units", self.units.get(name, "")), ("long_name", self.labels.get(name, ""))) if v}

    def _repr_html_(self) -> str:
        def cell(value: object) -> str:
            return html.escape("" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value))

        heads = [
            f"<th title='{html.escape(self.labels.get(c, ''), quote=True)}'>{html.escape(c)}<br><small>{html.escape(self.units.get(c, ''))}</small></th>"
            for c in self.columns
        ]
        rows = ["<tr>" + "".join(f"<td>{cell(v)}</td>" for v in row.values()) + "</tr>" for row in self._table.slice(0, _SHOWN).to_pylist()]
        more = f"<p>{len(self)} rows, the first {_SHOWN} shown</p>" if len(self) > _SHOWN else ""
        return f"<table><thead><tr>{''.join(heads)}</tr></thead><tbody>{''.join(rows)}</tbody></table>{more}"


class Framed:
    """What has a table of its values."""

    def frame(self) -> Frame:
        """The table."""
        raise NotImplementedError

    def arrow(self) -> pyarrow.Table:
        """frame().arrow()"""
        return self.frame().arrow()

    def pandas(self) -> pandas.DataFrame:
        """frame().pandas()"""
        return self.frame().pandas()

    def polars(self) -> polars.DataFrame:
        """frame().polars()"""
        return self.frame().polars()

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Writes frame() as a Parquet file."""
        self.frame().to_parquet(path)

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>"


def frame_of_subjects(
    before: Iterable[tuple[str, str]], values: np.ndarray[Any, Any], time: str, times: Sequence[float], quantities: Sequence[Sequence[str]], unit: str
) -> Frame:
    """A row a subject and time of values [subject x time x quantity], after columns that hold one word."""
    import numpy
    import pyarrow

    n, looks, width = values.shape
    keys = [(name, pyarrow.array([word] * (n * looks)).dictionary_encode()) for name, word in before]
    keys += [("subject", numpy.repeat(numpy.arange(n), looks)), (time, numpy.tile(numpy.array(times), n))]
    return frame_of_values(keys, numpy.ascontiguousarray(values.reshape(n * looks, width).T), quantities, {time: unit})


def frame_of_table(table: Any, units: Mapping[str, str] | None = None, numbers: Sequence[str] | None = None) -> Frame:
    """A table of the library. `numbers` are the columns that are numbers, the others text; without it the cells tell."""
    columns = []
    for k, name in enumerate(table.columns):
        cells = table.column(k)
        columns.append((name, as_read(name, cells) if numbers is None else as_numbers(cells) if name in numbers else as_words(cells)))
    return Frame(table_of(columns), units)


def frame_of_csv(path: str | os.PathLike[str], units: Mapping[str, str] | None = None) -> Frame:
    """A CSV file that the library has written."""
    import csv

    with open(path, newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    return Frame(table_of((name, as_read(name, [row[k] for row in rows])) for k, name in enumerate(head)), units)


def frame_of_values(keys: Iterable[tuple[str, Any]], values: np.ndarray[Any, Any], quantities: Sequence[Sequence[str]], units: Mapping[str, str]) -> Frame:
    """Key columns, then one column a quantity (name, unit, label); `values` is [quantity x row]."""
    columns = [*keys, *((q[0], _number_column(values[k])) for k, q in enumerate(quantities))]
    return Frame(table_of(columns), {**units, **{q[0]: q[1] for q in quantities}}, {q[0]: q[2] for q in quantities})


class Written(NamedTuple):
    """A table as a file: its path, its name in messages, and the columns that are known to be text."""

    path: str
    name: str
    words: frozenset[str]


@contextlib.contextmanager
def as_csv(data: Any, what: str) -> Iterator[Written]:
    """A CSV file with `data`. A path is taken as it is; else any data frame that narwhals knows, or a mapping of
    columns, written to a temporary file. NaN and null are empty cells. Raises InputError for anything else."""
    if isinstance(data, (str, os.PathLike)):
        yield Written(os.fspath(data), os.fspath(data), frozenset())
        return
    import pyarrow.csv

    table = as_narwhals(data, what).to_arrow()
    with tempfile.TemporaryDirectory(prefix="osteosome-") as folder:
        path = os.path.join(folder, "data.csv")
        # Every cell in quotes: no '#' begins a comment.
        pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="all_valid"))
        words = frozenset(f.name for f in table.schema if pyarrow.types.is_string(f.type) or pyarrow.types.is_large_string(f.type))
        yield Written(path, what, words)


def _name(name: object, what: str) -> str:
    if not isinstance(name, str):
        raise bad_input(f"{what}: the column {name!r} has no text for a name")
    return name


def _column(name: object, values: Any, what: str) -> Any:
    import pyarrow

    try:
        array = pyarrow.array(values)
        return array.cast(pyarrow.string()) if pyarrow.types.is_null(array.type) else array
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError, UnicodeError):
        raise bad_input(f"{what}: column '{name}' holds neither numbers nor text alone") from None


def as_narwhals(data: Any, what: str) -> Any:
    import narwhals as nw

    hint = "A path, a pandas, polars or Arrow table, or a mapping of columns." if what != "table" else "A pandas, polars or Arrow table, or a mapping."
    if isinstance(data, Mapping):
        data = _as_arrow(data, what)
    if type(data).__module__.startswith("pandas") and not getattr(getattr(data, "columns", None), "is_unique", True):
        raise bad_input(f"{what}: two columns have the same name")
    try:
        frame = nw.from_native(data, eager_only=True)
    except TypeError:
        raise bad_input(f"{what}: {type(data).__name__} is not a data frame", hint) from None
    if not isinstance(frame, nw.DataFrame):
        raise bad_input(f"{what}: {type(data).__name__} is not a data frame", hint)
    changed: list[Any] = []
    for name, type_ in frame.schema.items():
        _name(name, what)
        if type_.is_nested() or type_ in (nw.Binary, nw.Unknown) or (type_ == nw.Object and not _is_text(frame[name].to_list())):
            raise bad_input(f"{what}: column '{name}' holds {type_}, which is no number and no text")
        if type_.is_temporal():
            raise bad_input(f"{what}: column '{name}' holds {type_}", "Times are numbers in one unit.")
        if type_.is_float():
            changed.append(nw.when(~nw.col(name).is_nan()).then(nw.col(name)).alias(name))
        if type_ == nw.Boolean:
            changed.append(nw.col(name).cast(nw.Int8))
        if type_ in (nw.Categorical, nw.Enum) or type_ == nw.Object:
            changed.append(nw.col(name).cast(nw.String))
    return frame.with_columns(*changed) if changed else frame


def _is_text(values: Iterable[object]) -> bool:
    return all(v is None or isinstance(v, str) for v in values)


def _as_arrow(data: Mapping[Any, Any], what: str) -> pyarrow.Table:
    if not all(hasattr(v, "__len__") and not isinstance(v, str) for v in data.values()):
        raise bad_input(f"{what}: a column is a list or an array")
    if len({len(v) for v in data.values()}) > 1:
        raise bad_input(f"{what}: the columns have different lengths: {', '.join(f'{k} {len(v)}' for k, v in data.items())}")
    return table_of((_name(k, what), _column(k, v, what)) for k, v in data.items())
