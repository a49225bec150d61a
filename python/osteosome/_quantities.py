# SPDX-License-Identifier: Apache-2.0
"""Quantities as people write them in Python, as the texts that the library takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import bad_input

#: "24 months"; (24, "months"); anything with `magnitude` and `units`, as of pint; None: not given.
Quantity = str | tuple[float, str] | Any


def as_number(value: Any, what: str) -> str:
    """A number as text that reads back as the same double. Raises InputError for what is none."""
    try:
        if isinstance(value, (bool, str)):
            raise TypeError
        return repr(float(value))
    except (TypeError, ValueError):
        raise bad_input(f"{what}: {value!r} is not a number") from None


def as_text(value: Quantity, what: str) -> str:
    """A quantity with its unit as text, "" for None. Raises InputError for a number without a unit."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], str):
        return f"{as_number(value[0], what)} {value[1]}"
    if hasattr(value, "magnitude") and hasattr(value, "units"):
        return f"{as_number(value.magnitude, what)} {value.units}"
    raise bad_input(f"{what}: {value!r} has no unit", f'Write it as text or with its unit: "{value} months" or ({value!r}, "months").')


def as_time(value: Quantity, what: str, time_unit: str) -> str:
    """The same for a time; with time_unit "model" plain numbers are in the unit of the model."""
    if time_unit == "model" and not isinstance(value, (str, tuple, type(None))):
        return as_number(value, what)
    return as_text(value, what)


def as_settings(values: Mapping[str, Any] | None, what: str) -> list[str]:
    """NAME=VALUE for each entry; a plain number is in the unit of the model."""
    out = []
    for name, value in dict(values or {}).items():
        if not isinstance(name, str) or not name or "=" in name:
            raise bad_input(f"{what}: {name!r} is not a name")
        plain = not isinstance(value, (str, tuple)) and not hasattr(value, "magnitude")
        out.append(f"{name}={as_number(value, f'{what} {name}') if plain else as_text(value, f'{what} {name}')}")
    return out


def as_list(value: str | Iterable[str] | None, what: str) -> list[str]:
    """One text or several."""
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    out = list(value)
    for v in out:
        if not isinstance(v, str):
            raise bad_input(f"{what}: {v!r} is not text")
    return out
