# SPDX-License-Identifier: Apache-2.0
"""Scenarios: arms, subjects and models of one file, run into a folder; and how many animals the next study needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _core
from ._files import write_report
from ._frames import Frame, Framed, frame_of_csv, frame_of_subjects, frame_of_table
from ._quantities import as_number, as_path, as_whole, as_word
from ._workspace import Progress, ProgressBar, Workspace, one_workspace, program_sha256, solver, tell, workspace_or_default
from .errors import NumericsError, bad_input

if TYPE_CHECKING:
    import altair
    import numpy as np

_FIGURES = ("svg", "png", "pdf")
_ENGINES = ("auto", "reference", "lanes")


class Scenario:
    """A scenario, checked: a file, or its text (docs/reference/scenario.md). Raises an osteosome.Error with every problem.

    >>> from osteosome import Scenario
    >>> Scenario.from_text('''
    ... [scenario]
    ... title = "no name"
    ... ''')
    Traceback (most recent call last):
    ...
    osteosome.errors.InputError: ...
    """

    def __init__(self, path: str | os.PathLike[str], *, workspace: Workspace | None = None) -> None:
        self.workspace = workspace_or_default(workspace)
        found = Path(as_path(path, "scenario"))
        shipped = Path(self.workspace.root) / "scenarios" / f"{found}.toml"
        if found.name == str(found) and not found.is_file() and shipped.is_file():
            found = shipped
        self._core = _core.read_scenario(self.workspace._core, str(found))

    @classmethod
    def from_text(cls, text: str, *, path: str | os.PathLike[str] = "scenario.toml", workspace: Workspace | None = None) -> Scenario:
        """A scenario that is no file; `path` names it in messages, and beside it its table of subjects is looked up, documents in the current folder."""
        made = cls.__new__(cls)
        made.workspace = workspace_or_default(workspace)
        made._core = _core.parse_scenario(made.workspace._core, as_word(text, "text"), as_path(path, "path"))
        return made

    @property
    def title(self) -> str:
        """As the file says."""
        return str(self._core.title)

    @property
    def text(self) -> str:
        """The file."""
        return str(self._core.text)

    def run(self, output: str | os.PathLike[str] | None = None, **words: Any) -> Run:
        """osteosome.run of this scenario."""
        return run(self, output, **words)

    def __repr__(self) -> str:
        return f"Scenario({self.title!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _scenario, (self.text, str(self._core.file), self.workspace)


def _scenario(text: str, path: str, workspace: Workspace) -> Scenario:
    return Scenario.from_text(text, path=path, workspace=workspace)


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # a forked child has it on loan
        shutil.rmtree(folder, ignore_errors=True)


class Run(Framed):
    """A finished run. Its folder has what `osteosome run` writes; a folder that was not asked for goes with this object."""

    def __init__(self, made: Any, folder: Path, temporary: bool) -> None:
        self._made = made
        self.folder = folder
        if temporary:
            weakref.finalize(self, _remove, folder, os.getpid())
        self.simulations: int = made.simulations
        self.failed: int = made.failed
        self.values_sha256: str = made.values_sha256

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a Run does not pickle, as its folder would not; trajectories(), values(arm) and tables do")

    @property
    def manifest(self) -> dict[str, Any]:
        """run.json: what ran, with which programs, files and seeds."""
        manifest: dict[str, Any] = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        return manifest

    @property
    def report(self) -> Path:
        """The report, an HTML page that needs nothing else."""
        return self.folder / "report.html"

    @property
    def tables(self) -> dict[str, Frame]:
        """observed, percentiles, responders, status, subjects: the CSV files of the folder but the trajectories."""
        return {path.stem: frame_of_csv(path) for path in sorted(self.folder.glob("*.csv")) if path.stem != "trajectories"}

    @property
    def arms(self) -> list[tuple[str, str]]:
        """(model, arm) of everything that was simulated."""
        return [(m, a) for m, a in self._made.arms]

    @property
    def times(self) -> list[float]:
        """Times after the start of treatment, in `time_unit`."""
        return list(self._made.times)

    @property
    def time_unit(self) -> str:
        """The unit of the scenario's `until`."""
        return str(self._made.time_unit)

    def values(self, arm: str | tuple[str, str], model: str | None = None) -> np.ndarray[Any, Any]:
        """[subject x time x output] of one arm, by its name (and that of the model, where several have it) or one of `arms`; `outputs` names the last axis.
        Raises InputError for an arm or model that is not there."""
        values: np.ndarray[Any, Any] = self._made.values(self._index(arm, model))
        return values

    def outputs(self, arm: str | tuple[str, str], model: str | None = None) -> list[tuple[str, str, str]]:
        """Name, unit and label of each output of an arm."""
        return [(q[0], q[1], q[2]) for q in self._made.outputs(self._index(arm, model))]

    def _index(self, arm: str | tuple[str, str], model: str | None) -> int:
        if isinstance(arm, tuple) and len(arm) == 2:
            model, arm = arm
        found = [k for k, (m, a) in enumerate(self.arms) if a == arm and model in (None, m)]
        if len(found) == 1:
            return found[0]
        raise bad_input(
            f"{'several models have' if found else 'there is no'} arm '{arm}'" + (f" of model '{model}'" if model else ""), f"There are {self.arms}."
        )

    def frame(self) -> Frame:
        """A row a model, arm, subject and time; a column an output, missing where a model or arm has it not."""
        import pyarrow

        time = f"time [{self.time_unit}]"
        parts = [
            frame_of_subjects([("model", model), ("arm", arm)], self._made.values(k), time, self.times, self._made.outputs(k), self.time_unit)
            for k, (model, arm) in enumerate(self.arms)
        ]
        units = {name: unit for part in parts for name, unit in part.units.items()}
        labels = {name: label for part in parts for name, label in part.labels.items()}
        return Frame(pyarrow.concat_tables([part._table for part in parts], promote_options="default").unify_dictionaries(), units, labels)

    def trajectories(self) -> Frame:
        """frame()"""
        return self.frame()

    @property
    def charts(self) -> dict[str, dict[str, Any]]:
        """Vega-Lite specifications of the report's charts, by name."""
        ending = ".vl.json"
        return {p.name.removesuffix(ending): json.loads(p.read_text(encoding="utf-8")) for p in sorted((self.folder / "charts").glob("*" + ending))}

    def plot(self, name: str | None = None) -> altair.Chart:
        """A chart of the report for a notebook; without a name the first. Raises InputError for one that is not there."""
        import altair

        charts = self.charts
        chosen = name if name is not None else next(iter(charts), "")
        if chosen not in charts:
            raise bad_input(f"there is no chart '{chosen}'", f"There are {', '.join(charts) or 'none'}.")
        spec = charts[chosen]
        spec.get("config", {}).get("legend", {}).pop("layout", None)  # Vega has it and the schema of Vega-Lite, which Altair asks, has not
        return altair.Chart.from_dict(spec)

    def __repr__(self) -> str:
        return f"Run of {self.simulations} simulations in {self.folder}" + (f"; {self.failed} failed" if self.failed else "")


def _run_into(
    core: Any,
    scenario: Any,
    workspace: Workspace,
    output: Any,
    settings: Any,
    *,
    overwrite: bool,
    max_failed: float,
    culture: bool,
    figures: Any,
    progress: Any,
) -> Run:
    prepared = _core.prepare(core, scenario, settings)
    tell(prepared.remarks)
    if culture:
        _core.require_cultures(prepared)
    temporary = output is None
    folder = Path(tempfile.mkdtemp(prefix="osteosome-run-") if temporary else as_path(output, "output"))
    try:
        with ProgressBar(progress) as told:
            made = _core.run(core, prepared, str(folder), overwrite or temporary, max_failed, settings, _core.version, program_sha256(), told)
        if figures:
            _draw(folder, figures)
    except BaseException:
        if temporary:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    done = Run(made, folder, temporary)
    if made.failed:
        tell([f"{made.failed} of {made.simulations} simulations failed; see the table 'status'"])
    return done


def _kinds(figures: str | Iterable[str]) -> list[str]:
    kinds = figures.split(",") if isinstance(figures, str) else list(figures)
    for kind in kinds:
        if kind not in _FIGURES:
            raise bad_input(f"figures: {kind!r} is none of {', '.join(_FIGURES)}")
    return kinds


def _share(max_failed: float) -> float:
    share = float(as_number(max_failed, "max_failed"))
    if not 0 <= share <= 1:
        raise bad_input(f"max_failed: {max_failed!r} is not a number from 0 to 1")
    return share


def _draw(folder: Path, kinds: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "osteosome.omex.figures", str(folder / "charts"), *kinds], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise bad_input(f"figures were not drawn: {done.stderr.strip()}", "They need vl-convert-python: pip install osteosome[figures].", "omex-003")


def run(
    scenario: str | os.PathLike[str] | Scenario,
    output: str | os.PathLike[str] | None = None,
    *,
    seed: int | None = None,
    evidence: Any = None,
    engine: str = "auto",
    threads: int | None = None,
    max_failed: float = 0.0,
    figures: str | Iterable[str] = (),
    overwrite: bool = False,
    progress: bool | Progress | None = None,
    workspace: Workspace | None = None,
    _culture: bool = False,
) -> Run:
    """Runs a scenario, as `osteosome run`: a path, the name of a shipped one, or a Scenario. Without `output` its folder is a temporary one that goes
    with the result. `evidence` are own tables to lay over: paths. Ctrl-C stops it; in a folder of one's own the same call goes on.
    Raises an osteosome.Error with every problem; warns of simulations that fail; `max_failed` is the share that the manifest calls no error.

    >>> import osteosome
    >>> run = osteosome.run("culture-dose-response")
    >>> run.failed
    0
    """
    made = _opened(scenario, workspace)
    core = made.workspace._core
    copy = _core.parse_scenario(core, made._core.text, made._core.file)
    if seed is not None:
        copy.seed = as_whole(seed, "seed", 0, 9 * 10**15)
    settings = _settings(copy, engine, threads)
    words: dict[str, Any] = {
        "overwrite": overwrite,
        "max_failed": _share(max_failed),
        "culture": _culture,
        "figures": _kinds(figures),
        "progress": progress,
    }
    paths = [] if evidence is None else list(evidence) if isinstance(evidence, (list, tuple)) else [evidence]
    for path in paths:
        if not isinstance(path, (str, os.PathLike)):
            raise bad_input(f"evidence: {type(path).__name__} is not a path", "Write the table as a file, so that the run can be repeated from its manifest.")
        copy.lay_over(as_path(path, "evidence"))
    return _run_into(core, copy, made.workspace, output, settings, **words)


def _opened(scenario: str | os.PathLike[str] | Scenario, workspace: Workspace | None) -> Scenario:
    if not isinstance(scenario, Scenario):
        return Scenario(scenario, workspace=workspace)
    one_workspace(workspace, scenario.workspace)
    return scenario


def _settings(scenario: Any, engine: str, threads: int | None) -> Any:
    return solver(engine if engine != "auto" else _ENGINES[scenario.engine], scenario.rtol, scenario.atol_scale, threads)


def culture(scenario: str | os.PathLike[str] | Scenario, output: str | os.PathLike[str] | None = None, **words: Any) -> Run:
    """As run, for scenarios whose models are cultures; others raise InputError culture-001."""
    return run(scenario, output, _culture=True, **words)


def rerun(
    manifest: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    threads: int | None = None,
    figures: str | Iterable[str] = (),
    overwrite: bool = False,
    progress: bool | Progress | None = None,
    workspace: Workspace | None = None,
) -> Run:
    """Repeats a run from its manifest (run.json), as `osteosome rerun`. Raises NumericsError rerun-002 if the bits are others."""
    used = workspace_or_default(workspace)
    again = _core.read_manifest(used._core, os.fspath(manifest), _core.version, program_sha256())
    tell(again.remarks)
    settings = _settings(again.scenario, again.engine, threads)
    words: dict[str, Any] = {"overwrite": overwrite, "max_failed": again.max_failed, "culture": False, "figures": _kinds(figures), "progress": progress}
    done = _run_into(used._core, again.scenario, used, output, settings, **words)
    if done.values_sha256 != again.values_sha256:
        raise NumericsError([("rerun-002", "the values differ from the first run", os.fspath(manifest), 0, 0, "")])
    return done


class Power:
    """Animals a group: `table`, a row an arm, endpoint, time and number of animals, and `text` as the command line prints it."""

    def __init__(self, made: Any, workspace: Workspace) -> None:
        self.text: str = made.text
        self.table = frame_of_table(made.table)
        self._page: str = made.page(workspace._core)
        self._table_csv: tuple[str, str] = (made.table.name, made.table.csv())

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Writes power.csv and power.html, as `osteosome power -o`."""
        return write_report(folder, "power.html", self._page, [self._table_csv], overwrite=overwrite)

    def __repr__(self) -> str:
        return self.text


def power(
    scenario: str | os.PathLike[str] | Scenario,
    *,
    power: float | None = None,
    cv: Mapping[str, float] | None = None,
    engine: str = "auto",
    rtol: float | None = None,
    atol_scale: float | None = None,
    threads: int | None = None,
    isa: str = "",
    tape: bool = False,
    progress: bool | Progress | None = None,
    workspace: Workspace | None = None,
) -> Power:
    """How many animals the next study needs, of a scenario with [power], as `osteosome power`. `power` is the wished one, `cv` the coefficient of
    variation between animals by endpoint. Raises an osteosome.Error with every problem."""
    made = _opened(scenario, workspace)
    if power is not None and not (isinstance(power, (int, float)) and 0.05 <= power <= 0.999):
        raise bad_input(f"power: {power!r} is not a number from 0.05 to 0.999")
    s = made._core
    settings = solver(engine if engine != "auto" else _ENGINES[s.engine], rtol or s.rtol, atol_scale or s.atol_scale, threads, isa, tape)
    spreads = [f"{endpoint}={as_number(x, 'cv')}" for endpoint, x in (cv or {}).items()]
    with ProgressBar(progress) as told:
        answer = _core.power(made.workspace._core, s, float(power or 0), spreads, settings, told)
    tell(answer.remarks)
    return Power(answer, made.workspace)


__all__ = ["Power", "Run", "Scenario", "culture", "power", "rerun", "run"]
