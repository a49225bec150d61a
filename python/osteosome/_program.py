# SPDX-License-Identifier: Apache-2.0
"""`osteosome` of an installed package: the command line that came with it."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Becomes the program; its verbs that need Python (omex, --figures) use the environment of the package."""
    program = Path(__file__).parent / "bin" / "osteosome"
    os.environ.setdefault("OSTEOSOME_PYTHON", sys.executable)
    os.execv(program, ["osteosome", *sys.argv[1:]])
