# SPDX-License-Identifier: Apache-2.0
"""Models graded on studies, and fitted to them or to own tables."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import _core
from ._files import write_report
from ._frames import Frame, as_csv, frame_of_csv, frame_of_table
from ._quantities import as_list, as_path, as_word
from ._workspace import Workspace, cache_dir, solver, tell, workspace_or_default
from .errors import Error, InputError, bad_input

_VALIDATION_FILES = ("validation.html", "validation.csv", "points.csv", "left-out.csv", "preclinical.html", "preclinical.csv", "mechanisms.csv")


class Validation:
    """Studies beside what models say of them: `tables` by name (validation, points, left-out; of animals preclinical, mechanisms, left-out), and
    `text` as the command line prints it; `failed` values are missing because their simulation failed."""

    def __init__(self, made: Any, domain: str) -> None:
        self.text: str = made.text
        self.failed: int = made.failed
        self._page_name = "preclinical.html" if domain == "preclinical" else "validation.html"
        self._page: str = made.page()
        self._csv: list[tuple[str, str]] = [(table.name, table.csv()) for table in made.tables]
        #: By the name of their files.
        self.tables: dict[str, Frame] = {table.name: frame_of_table(table) for table in made.tables}

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Writes the page and the tables, as `osteosome validate -o`."""
        return write_report(folder, self._page_name, self._page, self._csv, overwrite=overwrite, replaces=_VALIDATION_FILES)

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return next(iter(self.tables.values()))._repr_html_()


def validate(
    studies: str | Iterable[str] | None = None,
    *,
    model: str | Iterable[str] | None = None,
    overlay: str | Iterable[str] | None = None,
    domain: str = "clinical",
    role: str = "",
    evidence: str | os.PathLike[str] = "",
    engine: str = "auto",
    rtol: float | None = None,
    atol_scale: float | None = None,
    threads: int | None = None,
    isa: str = "",
    tape: bool = False,
    workspace: Workspace | None = None,
) -> Validation:
    """Simulates published trials (or animal studies: domain "preclinical") and grades models on them, as `osteosome validate`. Raises InputError
    input-016 where no row can be graded, and for studies, domains and models that nobody has."""
    r = _core.ValidationRequest()
    if role not in ("", "calibration", "validation"):
        raise bad_input(f"role: {role!r} is neither calibration nor validation")
    r.studies, r.models, r.overlays = as_list(studies, "studies"), as_list(model, "model"), as_list(overlay, "overlay")
    r.domain, r.role, r.evidence, r.curves = as_word(domain, "domain"), role, as_path(evidence, "evidence"), True
    r.solver = solver(engine, rtol, atol_scale, threads, isa, tape)
    core = workspace_or_default(workspace)._core
    made: Any = (_core.validate_animals if domain == "preclinical" else _core.validate)(core, r, None)
    result = Validation(made, domain)
    if result.failed:
        tell([f"{result.failed} values are missing because their simulation failed"])
    if all(len(table) == 0 for name, table in result.tables.items() if name in ("points", "preclinical")):
        left_out = result.tables.get("left-out")
        why = "" if left_out is None or len(left_out) == 0 else f"The first row left out: {left_out.arrow().slice(0, 1).to_pylist()[0]}."
        raise InputError([("input-016", "nothing was graded", "", 0, 0, why)])
    return result


class Calibration:
    """What a fit found: `summary` in lines, `tables` by name (identifiability, ensemble, profiles, parameters, predictions, ...; those that this fit
    has), `files` as texts, in `folder` if one was given."""

    def __init__(self, made: Any, files: dict[str, str], folder: Path | None) -> None:
        self.summary: list[str] = list(made.summary)
        self.warnings: list[str] = list(made.warnings)
        self.files = files
        self.folder = folder

    @property
    def tables(self) -> dict[str, Frame]:
        """The files that are tables."""
        out = {}
        with tempfile.TemporaryDirectory(prefix="osteosome-") as held:
            for name, text in self.files.items():
                if name.endswith(".csv"):
                    path = Path(held) / name
                    path.write_text(text, encoding="utf-8", newline="")
                    out[path.stem] = frame_of_csv(path)
        return out

    @property
    def overlay(self) -> str:
        """The fitted values as an overlay document."""
        return self.files["fitted.overlay.toml"]

    def __repr__(self) -> str:
        return "\n".join(self.summary)


def calibrate(
    config: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    data: Any = None,
    evidence: str | os.PathLike[str] = "",
    threads: int | None = None,
    overwrite: bool = False,
    workspace: Workspace | None = None,
) -> Calibration:
    """Fits parameters to published trials, or with [observed] to a table of one's own, `data`: a path or any data frame; as `osteosome calibrate`.
    With `output` the files are written there and a fit that is stopped goes on with the same call. Raises an osteosome.Error with every problem."""
    used = workspace_or_default(workspace)
    plan = _core.read_calibration(as_path(config, "config"))
    if plan.is_of_table and evidence:
        raise bad_input("evidence has no meaning beside [observed]", "A table of observations is given with data.")
    plan.evidence = as_path(evidence, "evidence")
    with contextlib.ExitStack() as held:
        folder = Path(as_path(output, "output") if output is not None else held.enter_context(tempfile.TemporaryDirectory(prefix="osteosome-fit-")))
        checkpoint, began = folder / "checkpoint.json", folder.exists()
        _core.check_folder(str(folder), overwrite or checkpoint.exists())
        _core.make_folder(str(folder))
        if not began:
            held.callback(_remove_if_empty, folder)
        path, name, _ = held.enter_context(as_csv(data, "data")) if data is not None else ("", "", None)
        try:
            if data is not None:
                plan.take_table(path)
            made = _core.calibrate(used._core, plan, str(checkpoint), solver(threads=threads).threads, cache_dir(), _core.version, None)
        except Error as error:
            raise (error.about(path, name) if path else error) from None
        files = {n: text.replace(path, name) if path else text for n, text in made.files}
        if output is not None:
            for old in _core.calibration_files():
                (folder / old).unlink(missing_ok=True)
            for n, text in files.items():
                _core.write_file(str(folder / n), text)
        checkpoint.unlink(missing_ok=True)
    tell(made.warnings)
    return Calibration(made, files, folder if output is not None else None)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


__all__ = ["Calibration", "Validation", "calibrate", "validate"]
