# SPDX-License-Identifier: Apache-2.0
"""COMBINE archives and SED-ML for Osteosome: `osteosome omex run` and `osteosome omex export` (docs/reference/omex.md)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def program() -> str:
    """The command line that computes: that of the package, else the one on the path."""
    shipped = Path(__file__).parent.parent / "bin" / "osteosome"
    return str(shipped) if shipped.exists() else os.environ.get("OSTEOSOME_BINARY") or shutil.which("osteosome") or "osteosome"


def run_archive(path: str | os.PathLike[str], folder: str | os.PathLike[str] = ".", *, overwrite: bool = False) -> tuple[list[Path], list[str]]:
    """Runs the SED-ML of an archive, as `osteosome omex run`: the files that were written, and notes. Raises Problem of osteosome.omex.problem."""
    from . import archive, run

    notes: list[str] = []
    return [Path(p) for p in run.run_archive(program(), archive.unpack(os.fspath(path)), os.fspath(folder), overwrite, notes)], [str(n) for n in notes]


def export_scenario(scenario: str | os.PathLike[str], output: str | os.PathLike[str] | None = None, *, overwrite: bool = False) -> Path:
    """Writes a scenario as an archive, as `osteosome omex export`; where it is. Raises Problem."""
    from . import export

    return Path(str(export.export_scenario(program(), os.fspath(scenario), None if output is None else os.fspath(output), overwrite)))
