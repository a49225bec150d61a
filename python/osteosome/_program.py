# SPDX-License-Identifier: Apache-2.0
"""`osteosome` of an installed package: the command line that came with it."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def find_units() -> None:
    """Tells UDUNITS where its units lie, if the package has them."""
    units = Path(__file__).parent / "share" / "udunits" / "udunits2.xml"
    if units.exists():
        os.environ.setdefault("UDUNITS2_XML_PATH", str(units))


def main() -> None:
    """Becomes the program; its verbs that need Python (omex, --figures) use the environment of the package."""
    program = Path(__file__).parent / "bin" / "osteosome"
    os.environ.setdefault("OSTEOSOME_PYTHON", sys.executable)
    find_units()
    os.execv(program, ["osteosome", *sys.argv[1:]])
