# SPDX-License-Identifier: Apache-2.0
"""Quantities as people write them in Python, as the texts that the library takes."""

from __future__ import annotations

import operator
import os
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
    except (TypeError, ValueError, OverflowError):
        raise bad_input(f"{what}: {value!r} is not a number") from None


def as_word(value: Any, what: str) -> str:
    """Text as it is, "" for None. Raises InputError for anything else, and for what is no Unicode."""
    if value is None:
        return ""
    try:
        if not isinstance(value, str):
            raise TypeError
        value.encode()
    except (TypeError, UnicodeError):
        raise bad_input(f"{what}: {value!r} is not text") from None
    return value


def as_species(value: Any) -> str:
    """The name of a species overlay; "human" is the models' own and none."""
    return "" if value == "human" else as_word(value, "species")


def as_path(value: Any, what: str) -> str:
    """A path or a name as text. Raises InputError for anything else."""
    return as_word(os.fspath(value) if isinstance(value, os.PathLike) else value, what)


def as_whole(value: Any, what: str, low: int, high: int) -> int:
    """An integer from low to high, of Python or numpy. Raises InputError for anything else."""
    try:
        if isinstance(value, bool):
            raise TypeError
        whole = operator.index(value)
    except TypeError:
        raise bad_input(f"{what}: {value!r} is not a whole number") from None
    if not low <= whole <= high:
        raise bad_input(f"{what}: {value!r} is not a whole number from {low} to {high}")
    return whole


def as_text(value: Quantity, what: str) -> str:
    """A quantity with its unit as text, "" for None. Raises InputError for a number without a unit."""
    if value is None:
        return ""
    if isinstance(value, str):
        return as_word(value, what)
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
    if not isinstance(values or {}, Mapping):
        raise bad_input(f"{what}: {values!r} is not a mapping of names to values")
    for name, value in dict(values or {}).items():
        if not isinstance(name, str) or not name or "=" in name or not as_word(name, what):
            raise bad_input(f"{what}: {name!r} is not a name")
        plain = not isinstance(value, (str, tuple)) and not hasattr(value, "magnitude")
        out.append(f"{name}={as_number(value, f'{what} {name}') if plain else as_text(value, f'{what} {name}')}")
    return out


def as_list(value: str | Iterable[str] | None, what: str) -> list[str]:
    """One text or several; nothing for None. Raises InputError for an empty list, which might mean nothing or everything."""
    if value is None:
        return []
    if isinstance(value, str):
        return [as_word(value, what)]
    try:
        out = [as_word(v, what) for v in value]
    except TypeError:
        raise bad_input(f"{what}: {value!r} is neither text nor a list of texts") from None
    if not out or "" in out:
        raise bad_input(f"{what}: there is nothing in it")
    return out
