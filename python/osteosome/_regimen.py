# SPDX-License-Identifier: Apache-2.0
"""Regimen texts (docs/reference/regimen.md)."""

from __future__ import annotations

from collections.abc import Iterable

from . import _core
from ._frames import Frame, frame_of_table
from ._quantities import Quantity, as_list, as_text, as_word
from ._workspace import Workspace, tell, workspace_or_default
from .errors import bad_input


class Regimen:
    """What is given and when, as text; checked when it is made.

    >>> from osteosome import Regimen
    >>> Regimen("denosumab 60 mg sc every 6 months x 2").drugs
    ['denosumab']
    """

    def __init__(self, text: str, *, workspace: Workspace | None = None) -> None:
        self.text = as_word(text, "regimen")
        drugs, remarks = _core.regimen_drugs(workspace_or_default(workspace)._core, text)
        self.drugs: list[str] = list(drugs)
        tell(remarks)

    @staticmethod
    def none() -> Regimen:
        """Nothing."""
        return Regimen("none")

    def doses(self, until: Quantity = None, *, workspace: Workspace | None = None) -> Frame:
        """A row a dose."""
        return regimen(self.text, until, workspace=workspace)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Regimen({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Regimen) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def regimen(text: str | Regimen, until: Quantity = None, *, workspace: Workspace | None = None) -> Frame:
    """The doses that a regimen text expands to, those before `until`: time [d] and [months], drug, amount, unit, route. Raises DosingError with column
    and near match.

    >>> import osteosome
    >>> osteosome.regimen("zoledronate 5 mg iv yearly x 2")["drug"].tolist()
    ['zoledronate', 'zoledronate']
    """
    table, remarks = _core.regimen(
        workspace_or_default(workspace)._core, as_word(text.text if isinstance(text, Regimen) else text, "regimen"), as_text(until, "until")
    )
    tell(remarks)
    return frame_of_table(table)


#: One regimen or several: text, or Regimen.
Doses = str | Regimen | Iterable[str | Regimen]


def as_doses(dose: Doses | None) -> list[str]:
    """Regimen texts. Raises InputError for what is none."""
    if dose is None:
        return []
    if isinstance(dose, (str, Regimen)):
        return [as_word(str(dose), "dose")]
    if not isinstance(dose, Iterable):
        raise bad_input(f"dose: {dose!r} is no regimen text")
    return as_list([str(d) if isinstance(d, Regimen) else d for d in dose], "dose")
