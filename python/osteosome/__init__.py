# SPDX-License-Identifier: Apache-2.0
"""In-silico trials of osteoporosis therapy, from exosome cargo to bone. Research use, not for clinical decisions.

What the command line does is a function of the same name: osteosome.run, simulate, scan, validate, calibrate, power, culture, convert, check, ...
Results are tables that become pandas, polars, Arrow, numpy or xarray; what is wrong raises osteosome.Error with every problem, its place and a hint.
docs/reference/python.md has the whole of it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Where each name lives; read when it is first used, so that `import osteosome` is quick and osteosome.omex needs no compiled part.
_PLACES = {
    "Error": "errors",
    "Problem": "errors",
    "InputError": "errors",
    "ModelError": "errors",
    "UnitError": "errors",
    "DosingError": "errors",
    "NumericsError": "errors",
    "FileError": "errors",
    "UnsupportedError": "errors",
    "InternalError": "errors",
    "Frame": "_frames",
    "OsteosomeNote": "_workspace",
    "OsteosomeWarning": "_workspace",
    "Workspace": "_workspace",
    "Model": "_models",
    "BatchedFunction": "_models",
    "Population": "_population",
    "Regimen": "_regimen",
    "regimen": "_regimen",
    "Simulation": "_simulation",
    "PopulationResult": "_simulation",
    "simulate": "_simulation",
    "Scan": "_simulation",
    "scan": "_simulation",
    "Scenario": "_scenarios",
    "Run": "_scenarios",
    "run": "_scenarios",
    "culture": "_scenarios",
    "rerun": "_scenarios",
    "Power": "_scenarios",
    "power": "_scenarios",
    "Validation": "_evidence",
    "validate": "_evidence",
    "Calibration": "_evidence",
    "calibrate": "_evidence",
    "convert": "_tools",
    "check": "_tools",
    "Checked": "_tools",
    "models": "_tools",
    "new": "_tools",
    "doctor": "_tools",
}

if TYPE_CHECKING:
    from . import _tools, omex as omex
    from .errors import DosingError as DosingError
    from .errors import Error as Error
    from .errors import FileError as FileError
    from .errors import InputError as InputError
    from .errors import InternalError as InternalError
    from .errors import ModelError as ModelError
    from .errors import NumericsError as NumericsError
    from .errors import Problem as Problem
    from .errors import UnitError as UnitError
    from .errors import UnsupportedError as UnsupportedError
    from ._evidence import Calibration as Calibration
    from ._evidence import Validation as Validation
    from ._evidence import calibrate as calibrate
    from ._evidence import validate as validate
    from ._frames import Frame as Frame
    from ._models import BatchedFunction as BatchedFunction
    from ._models import Model as Model
    from ._population import Population as Population
    from ._regimen import Regimen as Regimen
    from ._regimen import regimen as regimen
    from ._scenarios import Power as Power
    from ._scenarios import Run as Run
    from ._scenarios import Scenario as Scenario
    from ._scenarios import culture as culture
    from ._scenarios import power as power
    from ._scenarios import rerun as rerun
    from ._scenarios import run as run
    from ._simulation import PopulationResult as PopulationResult
    from ._simulation import Scan as Scan
    from ._simulation import Simulation as Simulation
    from ._simulation import scan as scan
    from ._simulation import simulate as simulate
    from ._tools import Checked as Checked
    from ._tools import check as check
    from ._tools import convert as convert
    from ._tools import doctor as doctor
    from ._tools import models as models
    from ._tools import new as new
    from ._workspace import OsteosomeNote as OsteosomeNote
    from ._workspace import OsteosomeWarning as OsteosomeWarning
    from ._workspace import Workspace as Workspace

    list = _tools.list_

__all__ = [*_PLACES, "omex"]  # not `list`, which would take the place of the builtin


def __getattr__(name: str) -> Any:
    if name == "omex":
        return importlib.import_module("osteosome.omex")
    if name == "list":
        value = importlib.import_module("osteosome._tools").list_
    elif name in _PLACES:
        value = getattr(importlib.import_module(f"osteosome.{_PLACES[name]}"), name)
    else:
        raise AttributeError(f"module 'osteosome' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> Any:
    return sorted([*__all__, "list"])
