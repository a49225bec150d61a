# SPDX-License-Identifier: Apache-2.0
"""What is raised: one exception with every problem of what was asked, each with code, place and hint (docs/reference/codes.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong. `line` and `column` start at 1; 0 means unknown."""

    code: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""

    def __str__(self) -> str:
        place = "".join([self.file, f":{self.line}" if self.line else "", f":{self.column}" if self.column else "", ": "]) if self.file else ""
        return f"{place}{self.message} [{self.code}]" + (f"; {self.hint}" if self.hint else "")


class Error(Exception):
    """Every problem of one request. `code`, `file`, `line` and `hint` are those of the first."""

    def __init__(self, problems: Iterable[tuple[str, str, str, int, int, str]]) -> None:
        self.problems = [Problem(*p) for p in problems]
        super().__init__("\n".join(str(p) for p in self.problems))

    def __reduce__(self) -> tuple[type[Error], tuple[list[Problem]]]:
        return type(self), (self.problems,)

    @property
    def code(self) -> str:
        return self.problems[0].code

    @property
    def file(self) -> str:
        return self.problems[0].file

    @property
    def line(self) -> int:
        return self.problems[0].line

    @property
    def hint(self) -> str:
        return self.problems[0].hint

    def within(self, path: str) -> Error:
        """The same, where what has no file of its own is in the file `path`."""
        return type(self)(p if p.file else p._replace(file=path) for p in self.problems)

    def about(self, path: str, name: str) -> Error:
        """The same, where what came from the file `path` is called `name`."""
        return type(self)(
            p._replace(file=p.file.replace(path, name), message=p.message.replace(path, name), hint=p.hint.replace(path, name)) for p in self.problems
        )


class InputError(Error, ValueError):
    """Words, names, files or numbers that do not fit."""


class ModelError(Error, ValueError):
    """A model document or SBML file with problems."""


class UnitError(Error, ValueError):
    """A unit that is unknown or of another dimension."""


class DosingError(Error, ValueError):
    """A regimen text or an event table with problems."""


class NumericsError(Error, ArithmeticError):
    """Equations that cannot be solved."""


class FileError(Error, OSError):
    """A file or folder that cannot be read or written."""

    def __str__(self) -> str:
        return Exception.__str__(self)


class UnsupportedError(Error, NotImplementedError):
    """What this program does not do."""


class InternalError(Error, RuntimeError):
    """A fault of this program; please report it."""


def bad_input(message: str, hint: str = "", code: str = "usage") -> InputError:
    """A problem that Python finds before the library is asked."""
    return InputError([(code, message, "", 0, 0, hint)])
