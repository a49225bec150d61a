# SPDX-License-Identifier: Apache-2.0
"""What stops an archive from being run; exit codes are those of the osteosome program."""

INVALID, NUMERICAL, UNSUPPORTED, IO = 3, 4, 5, 6


def said(stderr):
    """The errors that the program printed, without its notes and its "error: "."""
    lines = [line.removeprefix("error: ") for line in stderr.splitlines() if not line.startswith(("note:", "warning:"))]
    return "; ".join(lines)


class Problem(Exception):
    """One clear message and an exit code."""

    def __init__(self, message, code=INVALID):
        super().__init__(message)
        self.code = code
