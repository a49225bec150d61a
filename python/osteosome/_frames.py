# SPDX-License-Identifier: Apache-2.0
"""Tables out, as Arrow and what reads it; tables in, of whatever library."""

from __future__ import annotations

import contextlib
import html
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .errors import bad_input

if TYPE_CHECKING:
    import numpy as np
    import pandas
    import polars
    import pyarrow
    import xarray

_SHOWN = 10  # rows of a table in a notebook


def _typed(cells: Sequence[str]) -> pyarrow.Array:
    """Text as integers where every cell is one, else as numbers, else as text; an empty cell is missing."""
    import pyarrow

    full = [c for c in cells if c != ""]
    for kind, type_ in ((int, pyarrow.int64()), (float, pyarrow.float64())):
        # What Python reads more generously than a table means it: 1_000, nan, infinity; numbers that lead with a zero name something.
        plain = all(not (set(c) & set("_ ") or c.lstrip("+-")[:1].isalpha() or (c[:1] == "0" and c[1:2].isdigit())) for c in full)
        if not full or not plain:
            break
        with contextlib.suppress(ValueError, OverflowError):
            return pyarrow.array([None if c == "" else kind(c) for c in cells], type_)
    return pyarrow.array([None if c == "" else c for c in cells], pyarrow.string())


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
        """As pandas; numbers are not copied where pandas allows it."""
        return self._table.to_pandas(split_blocks=True)

    def polars(self) -> polars.DataFrame:
        """As polars, without a copy of the numbers."""
        import polars

        frame = polars.from_arrow(self._table)
        assert isinstance(frame, polars.DataFrame)
        return frame

    def numpy(self) -> np.ndarray[Any, Any]:
        """[row x column] of the columns that are floating-point numbers."""
        import numpy
        import pyarrow

        columns = [c for c, f in zip(self._table.columns, self._table.schema) if pyarrow.types.is_floating(f.type)]
        if not columns:
            return numpy.empty((len(self), 0))
        return numpy.stack([c.to_numpy() for c in columns], axis=1)

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

            near = difflib.get_close_matches(str(column), self.columns, 1)
            raise KeyError(f"there is no column {column!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        values: np.ndarray[Any, Any] = self._table[column].to_numpy(zero_copy_only=False)
        return values

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


def frame_of_table(table: Any, units: Mapping[str, str] | None = None) -> Frame:
    """A table of the library."""
    import pyarrow

    return Frame(pyarrow.table({name: _typed(table.column(k)) for k, name in enumerate(table.columns)}), units)


def frame_of_csv(path: str | os.PathLike[str], units: Mapping[str, str] | None = None) -> Frame:
    """A CSV file that the library has written."""
    import csv

    import pyarrow

    with open(path, newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    return Frame(pyarrow.table({name: _typed([row[k] for row in rows]) for k, name in enumerate(head)}), units)


def frame_of_values(keys: Mapping[str, Any], values: np.ndarray[Any, Any], quantities: Sequence[Sequence[str]], units: Mapping[str, str]) -> Frame:
    """Key columns, then one column a quantity (name, unit, label); `values` is [quantity x row]."""
    import pyarrow

    columns = {name: key if isinstance(key, (pyarrow.Array, pyarrow.DictionaryArray)) else pyarrow.array(key) for name, key in keys.items()}
    columns |= {q[0]: _number_column(values[k]) for k, q in enumerate(quantities)}
    return Frame(pyarrow.table(columns), {**units, **{q[0]: q[1] for q in quantities}}, {q[0]: q[2] for q in quantities})


@contextlib.contextmanager
def as_csv(data: Any, what: str) -> Iterator[tuple[str, str]]:
    """The path of a CSV file with `data`, and its name in messages. A path is taken as it is; else any data frame that narwhals knows, or a mapping of
    columns, written to a temporary file. NaN and null are empty cells. Raises InputError for anything else."""
    if isinstance(data, (str, os.PathLike)):
        yield os.fspath(data), os.fspath(data)
        return
    frame = _as_narwhals(data, what)
    with tempfile.TemporaryDirectory(prefix="osteosome-") as folder:
        path = os.path.join(folder, "data.csv")
        frame.write_csv(path)
        yield path, what


def _name(name: object, what: str) -> str:
    if not isinstance(name, str):
        raise bad_input(f"{what}: the column {name!r} has no text for a name")
    return name


def _column(name: object, values: Any, what: str) -> Any:
    import pyarrow

    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError, UnicodeError):
        raise bad_input(f"{what}: column '{name}' holds neither numbers nor text alone") from None


def _as_narwhals(data: Any, what: str) -> Any:
    import narwhals as nw

    if isinstance(data, Mapping):
        import pyarrow

        if not all(hasattr(v, "__len__") and not isinstance(v, str) for v in data.values()):
            raise bad_input(f"{what}: a column is a list or an array")
        lengths = {len(v) for v in data.values()}
        if len(lengths) > 1:
            raise bad_input(f"{what}: the columns have different lengths: {', '.join(f'{k} {len(v)}' for k, v in data.items())}")
        data = pyarrow.table({_name(k, what): _column(k, v, what) for k, v in data.items()})
    try:
        frame = nw.from_native(data, eager_only=True)
    except TypeError:
        raise bad_input(f"{what}: {type(data).__name__} is not a data frame", "A path, a pandas, polars or Arrow table, or a mapping of columns.") from None
    if isinstance(frame, nw.DataFrame) is False:
        raise bad_input(f"{what}: {type(data).__name__} is not a data frame")
    empty: list[Any] = []
    for name, type_ in frame.schema.items():
        if not isinstance(name, str):
            raise bad_input(f"{what}: the column {name!r} has no text for a name")
        if type_.is_nested() or type_ in (nw.Object, nw.Binary, nw.Unknown):
            values = frame[name].to_list()
            if type_ != nw.Object or not all(v is None or isinstance(v, (str, int, float)) for v in values):
                raise bad_input(f"{what}: column '{name}' holds {type_}, which is no number and no text")
        if type_.is_temporal():
            raise bad_input(f"{what}: column '{name}' holds {type_}", "Times are numbers in one unit.")
        if type_.is_float():
            empty.append(nw.when(~nw.col(name).is_nan()).then(nw.col(name)).alias(name))
        if type_ == nw.Boolean:
            empty.append(nw.col(name).cast(nw.Int8))
    return frame.with_columns(*empty) if empty else frame
