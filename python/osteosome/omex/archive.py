# SPDX-License-Identifier: Apache-2.0
"""COMBINE archives as folders."""
import contextlib
import pathlib
import tempfile
import zipfile

import libcombine

from .problem import IO, Problem

MOST_BYTES = 1 << 30
SED_ML = "http://identifiers.org/combine.specifications/sed-ml"
SBML = "http://identifiers.org/combine.specifications/sbml"


class Unpacked:
    """The folder an archive was unpacked to, and its SED-ML files: the master ones if there are any, else all."""

    def __init__(self, folder, sedml):
        self.folder = folder
        self.sedml = sedml


def check(path):
    """A zip file whose entries stay inside and unpack to a bounded size."""
    if not pathlib.Path(path).is_file():
        raise Problem(f"cannot read '{path}': " + ("it is a folder" if pathlib.Path(path).is_dir() else "no such file"), IO)
    try:
        with zipfile.ZipFile(path) as archive:
            size = 0
            if "manifest.xml" not in archive.namelist():
                raise Problem(f"'{path}' is no COMBINE archive: it has no manifest.xml")
            for entry in archive.infolist():
                size += entry.file_size
                parts = pathlib.PurePosixPath(entry.filename)
                if parts.is_absolute() or ".." in parts.parts:
                    raise Problem(f"'{path}': the entry '{entry.filename}' points out of the archive")
                if size > MOST_BYTES:
                    raise Problem(f"'{path}' unpacks to more than {MOST_BYTES} bytes")
    except zipfile.BadZipFile as error:
        raise Problem(f"'{path}' is no COMBINE archive: {error}") from None


def unpack(path):
    """Unpacks to a temporary folder that lives as long as the process."""
    check(path)
    folder = pathlib.Path(_stack.enter_context(tempfile.TemporaryDirectory()))
    combine = libcombine.CombineArchive()
    if not combine.initializeFromArchive(str(path)):
        raise Problem(f"'{path}' is no COMBINE archive: it has no manifest that can be read")
    entries = [combine.getEntry(i) for i in range(combine.getNumEntries())]
    sedml = [(e.getLocation(), e.getMaster()) for e in entries if "sed-ml" in e.getFormat()]
    combine.extractTo(str(folder))
    combine.cleanUp()
    if not sedml:
        raise Problem(f"'{path}': its manifest names no SED-ML file, so nothing says what to run")
    chosen = [location for location, master in sedml if master] or [location for location, _ in sedml]
    return Unpacked(folder, [location.removeprefix("./") for location in chosen])


def pack(path, files):
    """Writes an archive of (file, name in the archive, format, master)."""
    combine = libcombine.CombineArchive()
    for file, name, kind, master in files:
        combine.addFile(str(file), name, kind, master)
    try:
        written = combine.writeToFile(str(path))
    except RuntimeError:
        written = False
    if not written:
        raise Problem(f"cannot write '{path}'", IO)


_stack = contextlib.ExitStack()
