# SPDX-License-Identifier: Apache-2.0
"""What is written into folders: the files of the command line's -o."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from . import _core


def write_report(
    folder: str | os.PathLike[str], name: str, page: str, tables: Iterable[tuple[str, str]], *, overwrite: bool, replaces: Iterable[str] = ()
) -> Path:
    """A page, and NAME.csv of each table (name, text), into a folder that is new or empty, or may be overwritten; where the page is. Raises FileError."""
    path = Path(folder)
    _core.check_folder(str(path), overwrite)
    _core.make_folder(str(path))
    for old in replaces:
        (path / old).unlink(missing_ok=True)
    for table, text in tables:
        _core.write_file(str(path / f"{table}.csv"), text)
    _core.write_file(str(path / name), page)
    return path / name
