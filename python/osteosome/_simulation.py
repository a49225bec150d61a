# SPDX-License-Identifier: Apache-2.0
"""One model simulated: one subject, an event table, a population, or the points of a grid."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _core
from ._files import write_report
from ._frames import Frame, Framed, Written, as_csv, as_narwhals, as_numbers, as_read, as_words, frame_of_subjects, frame_of_table, frame_of_values, table_of
from ._models import Model
from ._population import Population
from ._quantities import Quantity, as_list, as_number, as_path, as_settings, as_species, as_text, as_time, as_word
from ._regimen import Doses, as_doses
from ._workspace import OsteosomeNote, Progress, ProgressBar, Workspace, one_workspace, solver, tell, workspace_or_default
from .errors import Error, bad_input

if TYPE_CHECKING:
    import numpy as np

_VALUES = ("end", "max", "min", "change")


class Simulation(Frame):
    """A row a time (or of an event table a row an observation), a column a quantity. `failures` tells of subjects that did not complete; their
    values are NaN from there on. `not_finite` counts other values that are none (a division by zero, say); they are NaN too. `notes` is what is worth
    knowing."""

    def __init__(self, made: Any, words: Collection[str] = ()) -> None:
        import numpy

        columns = list(made.key_columns)
        time = "TIME" if "ID" in columns else columns[0]
        keys = []
        for k, name in enumerate(columns):
            cells = made.key(k)
            keys.append((name, as_numbers(cells) if name == time else as_words(cells) if name in words else as_read(name, cells)))
        values = made.values()
        self.not_finite = int(numpy.isinf(values).sum()) if made.failures else int((~numpy.isfinite(values)).sum())
        values[~numpy.isfinite(values)] = numpy.nan
        frame = frame_of_values(keys, values, made.quantities, {time: made.time_unit})
        super().__init__(frame._table, frame.units, frame.labels)
        self.notes: list[str] = list(made.notes)
        self.failures: list[str] = list(made.failures)


class PopulationResult(Framed):
    """Values of subjects x times x quantities. `values` is a numpy array of that shape, read-only, over the memory of the result; a subject that
    failed (see `statuses`) is NaN from there on; `not_finite` counts values of completed subjects that are no numbers."""

    def __init__(self, made: Any) -> None:
        import numpy

        #: [subject x time x quantity], without a copy.
        self.values: np.ndarray[Any, Any] = made.values
        self._columns: list[str] = list(made.columns)
        self._drawn: np.ndarray[Any, Any] = made.drawn()
        self.times: list[float] = list(made.times)
        self.time_unit: str = made.time_unit
        self.quantities: list[str] = [q[0] for q in made.quantities]
        self.units = {q[0]: q[1] for q in made.quantities}
        self.labels = {q[0]: q[2] for q in made.quantities}
        self.notes: list[str] = list(made.notes)
        self.statuses: list[str] = list(made.statuses)
        self.messages: list[str] = list(made.messages)
        completed = numpy.array([status == "completed" for status in self.statuses])
        self.not_finite = int((~numpy.isfinite(self.values[completed])).sum())

    @property
    def failed(self) -> int:
        """Subjects that did not complete."""
        return sum(status != "completed" for status in self.statuses)

    @property
    def subjects(self) -> Frame:
        """A row a subject: what it has of its own, and how it ended."""
        columns = [("subject", range(len(self.statuses))), *((name, self._drawn[:, k]) for k, name in enumerate(self._columns))]
        return Frame(table_of([*columns, ("status", self.statuses), ("message", self.messages)]))

    def frame(self) -> Frame:
        """A row a subject and time."""
        quantities = [(q, self.units[q], self.labels[q]) for q in self.quantities]
        return frame_of_subjects([], self.values, self._time_column, self.times, quantities, self.time_unit)

    @property
    def _time_column(self) -> str:
        return f"time [{self.time_unit}]" if self.time_unit else "time"

    def quantiles(self, quantity: str, q: Sequence[float] = (0.05, 0.5, 0.95)) -> Frame:
        """Quantiles of a quantity over the subjects that got there, a row a time. Raises KeyError for a quantity nobody looked at."""
        import numpy

        if quantity not in self.quantities:
            raise KeyError(f"nobody looked at {quantity!r}; there are {', '.join(self.quantities)}")
        found = numpy.nanquantile(self.values[:, :, self.quantities.index(quantity)], list(q), axis=0)
        columns = [(self._time_column, self.times), *((f"q{x:g}", row) for x, row in zip(q, found))]
        return Frame(table_of(columns), {f"q{x:g}": self.units[quantity] for x in q})

    def numpy(self) -> np.ndarray[Any, Any]:
        """`values`"""
        return self.values

    def xarray(self) -> Any:
        """An xarray data set over subject and time."""
        import xarray

        variables = {
            q: (("subject", "time"), self.values[:, :, k], {"units": self.units[q], "long_name": self.labels[q]}) for k, q in enumerate(self.quantities)
        }
        return xarray.Dataset(variables, {"subject": range(len(self.statuses)), "time": ("time", self.times, {"units": self.time_unit})})

    def __repr__(self) -> str:
        n, times, _ = self.values.shape
        return f"PopulationResult of {n} subjects at {times} times: {', '.join(self.quantities)}" + (f"; {self.failed} failed" if self.failed else "")


def _request(
    model: str | os.PathLike[str] | Model,
    *,
    dose: Doses | None = None,
    species: str = "",
    set: Mapping[str, Any] | None = None,
    until: Quantity = None,
    every: Quantity = None,
    time_unit: str = "",
    observe: str | Iterable[str] | None = None,
    at_dose: str = "pre",
    weight: Quantity = None,
    age: Quantity = None,
    menopause: Quantity = None,
    ovariectomy: Quantity = None,
    t_score: Mapping[str, float | str] | None = None,
) -> Any:
    r = _core.SimulationRequest()
    settings = as_settings(set, "set")
    changes = dict(zip(dict(set or {}), settings))
    if isinstance(model, Model):
        if species and model._species and species != model._species:
            raise bad_input(f"species: the model has '{model._species}' already")
        species = species or model._species
        changes = {**model.changes, **changes}
        model = model.name
    time_unit = as_word(time_unit, "time_unit")
    if at_dose not in ("pre", "post"):
        raise bad_input(f"at_dose: {at_dose!r} is neither pre nor post")
    names = as_list(observe, "observe")
    if any("," in name for name in names) and not isinstance(observe, str):
        raise bad_input("observe: a name has no comma in it")
    r.model, r.species, r.set = as_path(model, "model"), as_species(species), list(changes.values())
    r.time_unit = time_unit
    r.doses = as_doses(dose)
    r.until, r.every = as_time(until, "until", time_unit), as_time(every, "every", time_unit)
    r.observe, r.post = ",".join(names), at_dose == "post"
    r.weight, r.age = as_text(weight, "weight"), as_text(age, "age")
    r.menopause, r.ovariectomy = as_text(menopause, "menopause"), as_text(ovariectomy, "ovariectomy")
    if not isinstance(t_score or {}, Mapping):
        raise bad_input(f"t_score: {t_score!r} is not a mapping of sites to numbers")
    r.t_scores = [f"{as_word(site, 't_score')}={value if isinstance(value, str) else as_number(value, 't_score')}" for site, value in (t_score or {}).items()]
    return r


def simulate(
    model: str | os.PathLike[str] | Model,
    *,
    population: Population | None = None,
    dose: Doses | None = None,
    data: Any = None,
    species: str = "",
    set: Mapping[str, Any] | None = None,
    until: Quantity = None,
    every: Quantity = None,
    times: Any = None,
    time_unit: str = "",
    observe: str | Iterable[str] | None = None,
    at_dose: str = "pre",
    weight: Quantity = None,
    age: Quantity = None,
    menopause: Quantity = None,
    ovariectomy: Quantity = None,
    t_score: Mapping[str, float | str] | None = None,
    engine: str = "auto",
    rtol: float | None = None,
    atol_scale: float | None = None,
    threads: int | None = None,
    isa: str = "",
    tape: bool = False,
    progress: bool | Progress | None = None,
    workspace: Workspace | None = None,
) -> Simulation | PopulationResult:
    """Simulates one model, as `osteosome simulate`: with doses as regimen text, or with `data`, a NONMEM-style event table as a path or any data frame.

    Shapes: without a population a Simulation with a row a time; with one a PopulationResult of subjects x times x quantities.
    Units: times as text or (number, unit); values in the unit of the model, told by `.units`; `set` in that unit or with its own.
    Times: `until` and `every`, or `times`, a file or a data frame with a column 'time [unit]' (with `time_unit` a column 'time', or numbers).
    Raises an osteosome.Error with every problem. A subject that fails is told in `.failures` or `.statuses`, and warned of.

    >>> import osteosome
    >>> r = osteosome.simulate("osteosome", dose="denosumab 60 mg every 6 months x 2", until="12 months", every="6 months", observe="LS")
    >>> len(r), r.columns[-1]
    (3, 'LS')
    """
    r = _request(
        model, dose=dose, species=species, set=set, until=until, every=every, time_unit=time_unit, observe=observe, at_dose=at_dose, weight=weight,
        age=age, menopause=menopause, ovariectomy=ovariectomy, t_score=t_score,
    )  # fmt: skip
    r.solver = solver(engine, rtol, atol_scale, threads, isa, tape)
    if population is not None and not isinstance(population, Population):
        raise bad_input(f"population: {population!r} is no Population")
    core = workspace_or_default(one_workspace(workspace, model._workspace if isinstance(model, Model) else None))._core
    with _as_table(data, "data") as (table, named, words), _as_table(_times(times, time_unit), "times") as (looks, _, _), ProgressBar(progress) as told:
        r.data, r.times = table, looks
        try:
            made: Any = _core.simulate(core, r, told) if population is None else _core.simulate_population(core, r, population._made(), population.seed, told)
        except Error as error:
            raise (error.about(table, named) if table else error.about(looks, "times") if looks else error) from None
    tell(w.replace(table, named) if table else w for w in made.warnings)
    tell(made.notes, OsteosomeNote)
    if population is None:
        tell(made.failures)
        single = Simulation(made, words)
        if single.not_finite:
            tell([f"{single.not_finite} values are not finite and NaN (a division by zero, say)"])
        return single
    result = PopulationResult(made)
    if result.failed:
        tell([f"{result.failed} of {len(result.statuses)} subjects failed; 'statuses' and 'messages' tell why"])
    if result.not_finite:
        tell([f"{result.not_finite} values of completed subjects are not finite (a division by zero, say)"])
    return result


class _as_table:
    """A path for what may be None."""

    def __init__(self, data: Any, what: str) -> None:
        self._held = as_csv(data, what) if data is not None else None

    def __enter__(self) -> Written:
        return self._held.__enter__() if self._held is not None else Written("", "", frozenset())

    def __exit__(self, *raised: Any) -> None:
        if self._held is not None:
            self._held.__exit__(*raised)


def _times(times: Any, time_unit: str) -> Any:
    """Plain numbers as a table of one column, in `time_unit`; of a table every cell is a number."""
    if times is None or isinstance(times, (str, os.PathLike)):
        return times
    if isinstance(times, Mapping) or hasattr(times, "columns") or hasattr(times, "column_names"):
        frame = as_narwhals(times, "times")
        if any(frame[name].is_null().any() for name in frame.columns):
            raise bad_input("times: a cell is empty")
        return times
    if not time_unit:
        raise bad_input("times: plain numbers need their unit", 'Say time_unit="days", or "model" for the unit of the model.')
    looks = [float(as_number(t, "times")) for t in times]
    if not all(math.isfinite(t) for t in looks):
        raise bad_input("times: a look is no number")
    return {"time": looks}


class Scan(Frame):
    """A row a point of the grid: its place on the axes, the quantities, and `status`."""

    def __init__(self, made: Any, request: Any, workspace: Workspace) -> None:
        change = request.value == _VALUES.index("change")
        units = dict(zip(made.axes, made.axis_units)) | {q[0]: "%" if change else q[1] for q in made.quantities}
        labels = {q[0]: f"change of {q[2] or q[0]}" if change else q[2] for q in made.quantities}
        numbers = [*made.axes, *(q[0] for q in made.quantities)]
        super().__init__(frame_of_table(made.table, numbers=numbers)._table, units, labels)
        self.notes: list[str] = list(made.notes)
        self.failed: int = made.failed
        self._page: str = made.page(request, workspace._core)
        self._table_csv: tuple[str, str] = (made.table.name, made.table.csv())

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Writes scan.csv and scan.html, as `osteosome scan -o`."""
        return write_report(folder, "scan.html", self._page, [self._table_csv], overwrite=overwrite)


def scan(
    model: str | os.PathLike[str] | Model,
    over: str | Sequence[str] | Mapping[str, Sequence[float]],
    *,
    until: Quantity,
    value: str = "end",
    dose: Doses | None = None,
    species: str = "",
    set: Mapping[str, Any] | None = None,
    every: Quantity = None,
    observe: str | Iterable[str] | None = None,
    weight: Quantity = None,
    age: Quantity = None,
    menopause: Quantity = None,
    ovariectomy: Quantity = None,
    t_score: Mapping[str, float | str] | None = None,
    engine: str = "auto",
    rtol: float | None = None,
    atol_scale: float | None = None,
    threads: int | None = None,
    isa: str = "",
    tape: bool = False,
    progress: bool | Progress | None = None,
    workspace: Workspace | None = None,
) -> Scan:
    """Simulates one model over the values of one or two quantities, as `osteosome scan`. `over` is "NAME=1,2,5", "NAME=LOW:HIGH:N[:log]", two of
    them, or a mapping of names to values; NAME is a parameter, an initial value, or stands in braces in `dose`, `age` and so on. `value` of each course
    is its end, max, min, or change from the start in percent. Raises an osteosome.Error with every problem."""
    if value not in _VALUES:
        raise bad_input(f"value: {value!r} is none of {', '.join(_VALUES)}")
    r = _core.ScanRequest()
    r.simulation = _request(
        model, dose=dose, species=species, set=set, until=until, every=every, observe=observe, weight=weight, age=age, menopause=menopause,
        ovariectomy=ovariectomy, t_score=t_score,
    )  # fmt: skip
    simulation = r.simulation
    simulation.solver = solver(engine, rtol, atol_scale, threads, isa, tape)
    r.simulation = simulation
    r.value = _VALUES.index(value)
    if isinstance(over, Mapping):
        r.over = [f"{as_word(name, 'over')}={','.join(as_number(v, f'over {name}') for v in values)}" for name, values in over.items()]
    else:
        r.over = as_list(over, "over")
    used = workspace_or_default(one_workspace(workspace, model._workspace if isinstance(model, Model) else None))
    with ProgressBar(progress, "point") as told:
        made = _core.scan(used._core, r, told)
    tell(made.warnings)
    tell(made.notes, OsteosomeNote)
    if made.failed:
        tell([f"{made.failed} points failed; column 'status' tells why"])
    return Scan(made, r, used)


__all__ = ["PopulationResult", "Scan", "Simulation", "scan", "simulate"]
