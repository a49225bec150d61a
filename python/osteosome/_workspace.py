# SPDX-License-Identifier: Apache-2.0
"""The data folder, and how work is computed."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from . import _core
from ._program import find_units
from ._quantities import as_number, as_whole
from .errors import bad_input

find_units()

#: Called with (done, total) while work goes on.
Progress = Callable[[int, int], object]


class OsteosomeWarning(UserWarning):
    """What may not be meant: the command line prints it on stderr."""


class OsteosomeNote(OsteosomeWarning):
    """What is worth knowing, e.g. who is simulated where nothing is said of her: the command line prints it on stderr."""


def data_root() -> str:
    """$OSTEOSOME_DATA, else the data that came with the package."""
    return os.environ.get("OSTEOSOME_DATA") or str(Path(__file__).parent / "share" / "osteosome")


def cache_dir() -> str:
    """Where compiled native code is kept: as of the command line."""
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        return xdg + "/osteosome"
    return os.environ["HOME"] + "/.cache/osteosome" if "HOME" in os.environ else ""


class Workspace:
    """A data folder (models, species, therapies, evidence), read once; safe to share between threads.

    >>> import osteosome
    >>> "osteosome" in osteosome.Workspace().models
    True
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        self._core = _core.open(os.fspath(root) if root is not None else data_root(), cache_dir())

    @property
    def root(self) -> str:
        """The folder."""
        return self._core.root

    @property
    def models(self) -> list[str]:
        """Names of the built-in models."""
        return list(self._core.models)

    def __repr__(self) -> str:
        return f"Workspace({self.root!r})"

    def __reduce__(self) -> tuple[type[Workspace], tuple[str]]:
        return Workspace, (self.root,)


@functools.lru_cache(maxsize=4)
def _opened(root: str, _process: int) -> Workspace:
    return Workspace(root)


def one_workspace(given: Workspace | None, own: Workspace | None) -> Workspace | None:
    """The workspace of a call on something that may have its own. Raises InputError if they are two."""
    if given is not None and own is not None and given is not own and given.root != own.root:
        raise bad_input(f"workspace: {given!r} is not that of the model or scenario, {own!r}")
    return given if given is not None else own


def workspace_or_default(workspace: Workspace | None) -> Workspace:
    """The one given, else that of data_root(), read once a process."""
    return workspace if workspace is not None else _opened(data_root(), os.getpid())


def solver(
    engine: str = "auto", rtol: float | None = None, atol_scale: float | None = None, threads: int | None = None, isa: str = "", tape: bool = False
) -> Any:
    """Settings of the integrator, as the command line's options of these names. Raises InputError."""
    for name, value, low, high in (("rtol", rtol, 1e-13, 0.1), ("atol_scale", atol_scale, 1e-30, 1e30)):
        if value is not None and not low <= float(as_number(value, name)) <= high:
            raise bad_input(f"{name}: {value!r} is not a number from {low:g} to {high:g}")
    for name, word, known in (("engine", engine, ("auto", "reference", "lanes")), ("isa", isa, ("", "scalar", "avx2", "avx512"))):
        if word not in known:
            raise bad_input(f"{name}: {word!r} is none of {', '.join(k for k in known if k)}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    used = as_whole(threads, "threads", 1, 256) if threads is not None else min(cores, 256)
    return _core.settings(engine, float(rtol or 1e-6), float(atol_scale or 1.0), used, isa, bool(tape), cache_dir())


def tell(remarks: Iterable[str], kind: type[Warning] = OsteosomeWarning) -> None:
    """Each as a warning, at the line that called into the package."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("osteosome."):
        frame, level = frame.f_back, level + 1
    for remark in remarks:
        warnings.warn(remark, kind, stacklevel=level)


@functools.lru_cache(maxsize=1)
def program_sha256() -> str:
    """Of what computes, for manifests."""
    return hashlib.sha256(Path(_core.library_path()).read_bytes()).hexdigest()


class ProgressBar:
    """A bar of tqdm, in a terminal or a notebook, for `progress=True`; a function that is given is called as it is."""

    def __init__(self, progress: bool | Progress | None, unit: str = "subject") -> None:
        self._bar: Any = None
        if progress is not None and not isinstance(progress, bool) and not callable(progress):
            raise bad_input(f"progress: {progress!r} is neither True nor a function of (done, total)")
        self._call = progress if callable(progress) else None
        if progress is True:
            from tqdm.auto import tqdm

            self._bar = tqdm(unit=unit, file=sys.stderr)

    def __enter__(self) -> Progress | None:
        return self._call if self._bar is None else self._move

    def _move(self, done: int, total: int) -> None:
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
