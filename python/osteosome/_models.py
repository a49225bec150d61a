# SPDX-License-Identifier: Apache-2.0
"""Models: what they say, and simulations of them."""

from __future__ import annotations

import functools
import html
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _core
from ._frames import Frame, frame_of_table
from ._population import Population, as_rows
from ._quantities import Quantity, as_list, as_path, as_settings, as_species
from ._workspace import Workspace, tell, workspace_or_default
from .errors import InputError, bad_input

if TYPE_CHECKING:
    import numpy as np

    from ._simulation import PopulationResult, Simulation


class Model:
    """A model by its name, document or SBML file, with what is changed in it. Never changes; `with_parameters` gives another.

    >>> import osteosome
    >>> m = osteosome.Model("peterson-riggs-2010")
    >>> m.time_unit
    'h'
    """

    def __init__(
        self, name: str | os.PathLike[str], *, species: str = "", parameters: Mapping[str, Any] | None = None, workspace: Workspace | None = None
    ) -> None:
        self._name = as_path(name, "model")
        self._species = as_species(species)
        settings = as_settings(parameters, "parameters")
        self._changes = dict(zip(dict(parameters or {}), settings))
        self._workspace = workspace
        if parameters:
            self._check_names(parameters)

    def _check_names(self, names: Iterable[str]) -> None:
        """Raises InputError for one that is neither a parameter nor a species."""
        import difflib

        known = set(self.parameters["id"]) | set(self.species["id"])
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, sorted(known), 1)
                raise bad_input(f"the model has no parameter or species '{name}'", f"Did you mean '{near[0]}'?" if near else "", "value-003")

    @property
    def name(self) -> str:
        """As it was given."""
        return self._name

    def with_parameters(self, **values: Quantity | float) -> Model:
        """The same model with other values of parameters or initial values: numbers in the unit of the model, or quantities with theirs. Names that
        are no words of Python go through the mapping `parameters` of Model."""
        return self.changed(values)

    def changed(self, values: Mapping[str, Any]) -> Model:
        """As with_parameters, for any names. Raises InputError for a name that the model has not."""
        changed = Model(self._name, species=self._species, parameters=values, workspace=self._workspace)
        changed._changes = {**self._changes, **changed._changes}
        return changed

    @functools.cached_property
    def _loaded(self) -> Any:
        return _core.load(workspace_or_default(self._workspace)._core, self._name, self._species, [])

    @property
    def title(self) -> str:
        """What it calls itself."""
        return str(self._loaded.title)

    @property
    def source(self) -> str:
        """Where it is published."""
        return str(self._loaded.source)

    @property
    def time_unit(self) -> str:
        """Unit of its time; "" where it does not say."""
        return str(self._loaded.time_unit)

    @property
    def faults(self) -> list[str]:
        """What a reader of results should know."""
        return list(self._loaded.faults)

    @property
    def parameters(self) -> Frame:
        """A row a parameter: value, unit, where the value comes from, what it means and its bounds, of the document before `with_parameters`."""
        return frame_of_table(self._loaded.parameters, numbers=("value", "low", "high"))

    @property
    def species(self) -> Frame:
        """A row a state: unit, source of its initial value, meaning."""
        return frame_of_table(self._loaded.species, numbers=())

    @property
    def outputs(self) -> Frame:
        """A row an output: unit, outcome of the evidence that it stands for, label."""
        return frame_of_table(self._loaded.outputs, numbers=())

    @property
    def doses(self) -> Frame:
        """A row a way in which a drug enters."""
        return frame_of_table(self._loaded.doses, numbers=())

    @property
    def changes(self) -> dict[str, str]:
        """NAME=VALUE of what differs from the document, by name."""
        return dict(self._changes)

    def to_markdown(self) -> str:
        """Equations, parameters and sources of the document."""
        return str(self._loaded.markdown())

    def to_latex(self) -> str:
        """Equations of the document."""
        return str(self._loaded.latex())

    def simulate(self, population: Population | None = None, **words: Any) -> Simulation | PopulationResult:
        """osteosome.simulate of this model."""
        from ._simulation import simulate

        return simulate(self, population=population, workspace=self._workspace, **words)

    def function(self, parameters: Sequence[str], **words: Any) -> BatchedFunction:
        """Parameters in, outputs out, for SALib, emcee and other libraries: see BatchedFunction. `words` are those of osteosome.simulate."""
        return BatchedFunction(self, parameters, words)

    def __repr__(self) -> str:
        changes = "".join(f", {c}" for c in self._changes.values())
        return f"Model({self._name!r}{f', species={self._species!r}' if self._species else ''}{changes})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _model, (self._name, self._species, self._changes, self._workspace)

    def _repr_html_(self) -> str:
        return f"<h4>{html.escape(self.title)}</h4><p>{html.escape(self.source)}</p>{self.parameters._repr_html_()}"


def _model(name: str, species: str, changes: dict[str, str], workspace: Workspace | None) -> Model:
    model = Model(name, species=species, workspace=workspace)
    model._changes = dict(changes)
    return model


class BatchedFunction:
    """f(x): x is [point x parameter], or one point; the result is [point x time x output], or [time x output].

    A point that fails, or is outside of what the model takes, is NaN. The columns of a data frame are taken by name. Every point is computed like a
    subject of its own: its bits do not depend on the others. Pickles.
    """

    def __init__(self, model: Model, parameters: Sequence[str], words: Mapping[str, Any]) -> None:
        self.model = model
        self.parameters = as_list(parameters, "parameters")
        self.words = dict(words)
        if len(set(self.parameters)) < len(self.parameters):
            raise bad_input(f"parameters: a name is given twice: {', '.join(self.parameters)}")
        model._check_names(name for name in self.parameters if not name.startswith("patient."))
        for name in self.parameters:
            if name in model.changes or name in dict(self.words.get("set") or {}):
                raise bad_input(f"'{name}' is given twice", "Leave one of them out.", "scenario-028")

    def __call__(self, x: Any) -> np.ndarray[Any, Any]:
        import numpy

        points = self._points(x)
        one = points.ndim == 1
        if one:
            points = points[None, :]
        if points.ndim != 2 or points.shape[1] != len(self.parameters):
            raise bad_input(f"x has the shape {points.shape}, not [point x {len(self.parameters)}]", ", ".join(self.parameters))
        found = self._evaluate(points, numpy.flatnonzero(numpy.isfinite(points).all(axis=1)))
        if not found:
            raise bad_input("x: no point of it can be simulated")
        values = numpy.full((len(points), *next(iter(found.values())).shape), numpy.nan)
        for k, value in found.items():
            values[k] = value
        if len(found) < len(points):
            tell([f"{len(points) - len(found)} of {len(points)} points are outside of what the model takes: NaN"])
        return values[0] if one else values

    def _points(self, x: Any) -> np.ndarray[Any, Any]:
        """Numbers as they are; the columns of a data frame by name."""
        import numpy

        if isinstance(x, Mapping) or hasattr(x, "columns"):
            names, rows = as_rows(x, gaps=True)
            if sorted(names) != sorted(self.parameters):
                raise bad_input(f"x has the columns {', '.join(names)}", f"It wants {', '.join(self.parameters)}.")
            return numpy.ascontiguousarray(rows[:, [names.index(p) for p in self.parameters]])
        array = numpy.asanyarray(x)
        masked = isinstance(array, numpy.ma.MaskedArray)
        if masked or array.dtype.kind not in "fiu":
            raise bad_input(f"x holds {'masked values' if masked else array.dtype}, not numbers alone")
        return numpy.ascontiguousarray(array, dtype=float)

    def _evaluate(self, points: np.ndarray[Any, Any], rows: Any) -> dict[int, np.ndarray[Any, Any]]:
        """Values of these rows, without those that the model refuses: they are searched for by halves."""
        if len(rows) == 0:
            return {}
        try:
            population = Population(table=dict(zip(self.parameters, points[rows].T)))
            result: Any = self.model.simulate(population, **self.words)
        except InputError as error:
            if not all(p.code.startswith("value-") for p in error.problems):
                raise
            if len(rows) == 1:
                return {}
            half = len(rows) // 2
            return self._evaluate(points, rows[:half]) | self._evaluate(points, rows[half:])
        return {int(k): result.values[i] for i, k in enumerate(rows)}
