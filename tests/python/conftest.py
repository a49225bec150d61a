# SPDX-License-Identifier: Apache-2.0
"""What the tests of the Python package share: the command line beside it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BINARY = os.environ.get("OSTEOSOME_BINARY", str(ROOT / "build" / "bin" / "osteosome"))


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., str]:
    """Runs the command line in a folder of its own; what it prints."""

    def run(*arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run([BINARY, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode in codes, done.stderr
        return done.stdout

    return run


@pytest.fixture
def decay(tmp_path: Path) -> Path:
    """x' = -k x, x(0) = 8, dosed into x: everything has a closed form."""
    path = tmp_path / "decay.toml"
    path.write_text(
        """[model]
id = "decay"
title = "Decay"
source = "a test"
time = "h"

[parameters]
k = { value = 0.25, unit = "1/h", kind = "assumed", source = "a test", rationale = "a test", meaning = "rate", bounds = [0, 10] }

[species]
x = { initial = "8", unit = "mg", kind = "assumed", source = "a test", rationale = "a test", rate = "-k*x", meaning = "amount" }

[doses]
drug = { into = "x", unit = "mg" }

[outputs]
twice = { formula = "2*x", unit = "mg", label = "twice the amount" }
""",
        encoding="utf-8",
    )
    return path
