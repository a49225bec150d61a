# SPDX-License-Identifier: Apache-2.0
"""What the black-box tests of the command line share: running the program, and a temporary folder for each test.

The binary is $OSTEOSOME_BINARY, else ../../build/bin/osteosome beside this file.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import tempfile
import time
import unittest
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BINARY = Path(os.environ.get("OSTEOSOME_BINARY", str(HERE / ".." / ".." / "build" / "bin" / "osteosome"))).resolve()
ROOT = HERE.parent.parent

OK, USAGE, INPUT, NUMERICAL, IO_ERROR, CANCELLED = 0, 2, 3, 4, 6, 130


@dataclass(frozen=True)
class Result:
    """What one run of the program left behind."""

    code: int
    out: str
    err: str
    seconds: float
    megabytes: float


def launch(arguments: tuple[str, ...], cwd: Path, out: io.BufferedRandom | int, err: io.BufferedRandom | int, before: Callable[[], None] | None = None) -> subprocess.Popen[bytes]:
    """Starts the program in a folder."""
    return subprocess.Popen([str(BINARY), *arguments], cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=err, preexec_fn=before)


def osteosome(*arguments: str, cwd: Path, before: Callable[[], None] | None = None, timeout: float = 120) -> Result:
    """Runs the program to its end; time and peak memory are those of this one child."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        child = launch(arguments, cwd, out, err, before)
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - start > timeout:
                child.kill()
                os.wait4(child.pid, 0)
                raise AssertionError(f"no end after {timeout} s: {arguments}")
            time.sleep(0.002)
        seconds = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return Result(child.returncode, out.read().decode("utf-8", "replace"), err.read().decode("utf-8", "replace"), seconds, usage.ru_maxrss / 1024)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def numbers(rows: list[dict[str, str]], column: str) -> list[float]:
    return [float(row[column]) for row in rows]


def times(rows: list[dict[str, str]], unit: str) -> list[str]:
    """The first column, which should carry this unit."""
    assert next(iter(rows[0])) == f"time [{unit}]", list(rows[0])
    return [row[f"time [{unit}]"] for row in rows]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


class Case(unittest.TestCase):
    """A temporary folder for each test, and the checks shared by all."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="osteosome-cli-")
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def write(self, name: str, text: str) -> Path:
        path = self.dir / name
        path.write_text(text, encoding="utf-8")
        return path

    def cli(self, *arguments: str, before: Callable[[], None] | None = None, timeout: float = 120) -> Result:
        return osteosome(*arguments, cwd=self.dir, before=before, timeout=timeout)

    def ok(self, *arguments: str) -> Result:
        """Success: exit 0 and nothing on stderr."""
        result = self.cli(*arguments)
        self.assertEqual((result.code, result.err), (OK, ""), result)
        return result

    def fails(self, code: int, *arguments: str, says: tuple[str, ...] = ()) -> Result:
        """Failure: the exit code, nothing on stdout, every phrase on stderr."""
        result = self.cli(*arguments)
        self.assertEqual(result.code, code, result)
        self.assertEqual(result.out, "", result)
        for phrase in says:
            self.assertIn(phrase, result.err)
        return result

    def manifest(self, folder: str, name: str = "run.json") -> dict:
        return json.loads((self.dir / folder / name).read_text(encoding="utf-8"))

    def partials(self, folder: str = ".") -> list[str]:
        return sorted(str(p.relative_to(self.dir)) for p in (self.dir / folder).rglob("*.partial"))


def setUpModule() -> None:
    if not wait_until(lambda: os.access(BINARY, os.X_OK), 120):  # another build may be relinking it
        raise RuntimeError(f"no program at {BINARY}; set OSTEOSOME_BINARY")
