# SPDX-License-Identifier: Apache-2.0
"""Small verbs: other forms of a model, checks, lists, templates, and what is installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from . import _core
from ._frames import Frame, frame_of_table
from ._models import Model
from ._quantities import Quantity, as_path, as_text, as_word
from ._regimen import Doses, as_doses
from ._workspace import OsteosomeNote, Workspace, cache_dir, data_root, tell, workspace_or_default
from .errors import Error, bad_input

_FORMS = {"sbml": ".xml", "toml": ".toml"}


def convert(
    source: str | os.PathLike[str],
    to: str | os.PathLike[str] | None = None,
    *,
    form: str = "",
    species: str = "",
    dose: Doses | None = None,
    until: Quantity = None,
    arm: str = "",
    model: str = "",
    course: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    workspace: Workspace | None = None,
) -> str:
    """A model as text: SBML or TOML as the ending of `to` says, or as `form` says: sbml, toml, latex, markdown; as `osteosome convert`. `source` is a
    model document, an SBML file, a scenario (with `arm`), or a built-in model. With `to` it is written there as well. Notes are warned of. Raises an
    osteosome.Error with every problem.

    >>> import osteosome
    >>> osteosome.convert("joerg-2022", form="sbml").startswith("<?xml")
    True
    """
    if form not in ("", "latex", "markdown", *_FORMS):
        raise bad_input(f"form: {form!r} is none of sbml, toml, latex, markdown")
    if not form and to is None:
        raise bad_input("a model is converted to a file, or to a form", 'Say to="model.xml", or form="sbml".')
    endings = {"sbml": (".xml", ".sbml"), "toml": (".toml",)}
    if to is not None and form in endings and not as_path(to, "to").endswith(endings[form]):
        raise bad_input(f"to: '{os.fspath(to)}' does not end as {form} does", " or ".join(endings[form]))
    if course is not None and not arm:
        raise bad_input("course is of an arm of a scenario")
    r = _core.ConvertRequest()
    r.source, r.species, r.doses, r.until = as_path(source, "source"), as_word(species, "species"), as_doses(dose), as_text(until, "until")
    r.arm, r.model = as_word(arm, "arm"), as_word(model, "model")
    for path in (to, course):
        if path is not None:
            _core.check_output(os.fspath(path), overwrite, [os.fspath(source)])
    made = _core.convert(workspace_or_default(workspace)._core, r)
    notes: list[str] = list(made.notes)
    if form in ("latex", "markdown"):
        text = made.model.latex() if form == "latex" else made.model.markdown()
    else:
        text, more = made.text(os.fspath(to) if to is not None else "model" + _FORMS[form])
        notes += more
    tell(notes, OsteosomeNote)
    if course is not None and made.course is not None:
        _core.write_file(os.fspath(course), made.course)
    if to is not None:
        _core.write_file(os.fspath(to), text)
    return str(text)


class Checked(NamedTuple):
    """A document that is good: what it is, and what may not be meant."""

    file: str
    found: str
    remarks: list[str]


def check(*files: str | os.PathLike[str], workspace: Workspace | None = None) -> list[Checked]:
    """Checks documents of any kind, as `osteosome check`. Raises an osteosome.Error with every problem of all of them."""
    core = workspace_or_default(workspace)._core
    if not files:
        raise bad_input("there is no file to check")
    checked: list[Checked] = []
    failed: list[Error] = []
    for path in (as_path(f, "file") for f in files):
        try:
            checked.append(Checked(path, *_core.check(core, path)))
        except Error as error:
            failed.append(error.within(path))
    if failed:
        raise type(failed[0])(problem for error in failed for problem in error.problems)
    return checked


def models(*, workspace: Workspace | None = None) -> Frame:
    """The built-in models, a row each; osteosome.Model(id) shows one."""
    import pyarrow

    loaded = [Model(name, workspace=workspace) for name in workspace_or_default(workspace).models]
    return Frame(
        pyarrow.table(
            {
                "id": [m.name for m in loaded],
                "species": [len(m.species) for m in loaded],
                "time": [m.time_unit for m in loaded],
                "title": [m.title for m in loaded],
                "source": [m.source for m in loaded],
            }
        )
    )


def list_(what: str, *, workspace: Workspace | None = None) -> Frame:
    """What regimen texts, scenarios and studies may name, as `osteosome list`: drugs, products, species, strains, outcomes, sites, scenarios, studies."""
    return frame_of_table(_core.words_of(workspace_or_default(workspace)._core, as_word(what, "what")), numbers=())


def new(kind: str, path: str | os.PathLike[str], *, workspace: Workspace | None = None) -> Path:
    """Writes a commented document to start from, as `osteosome new`. Raises FileError for a file that is there already, InputError for an unknown
    kind."""
    _core.begin(workspace_or_default(workspace)._core, as_word(kind, "kind"), as_path(path, "path"))
    return Path(path)


def doctor() -> Frame:
    """What this installation has and lacks, as `osteosome doctor`."""
    return frame_of_table(_core.inspect(data_root(), cache_dir()), numbers=())


__all__ = ["Checked", "check", "convert", "doctor", "list_", "models", "new"]
