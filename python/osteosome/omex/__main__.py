# SPDX-License-Identifier: Apache-2.0
"""Command line of the package; the osteosome program starts it with its own path in --program."""
import argparse
import sys

from osteosome import __version__

from . import archive, export, run
from .problem import IO, Problem


def main():
    parser = argparse.ArgumentParser(prog="osteosome omex", description="run and write COMBINE archives with SED-ML")
    parser.add_argument("--program", default="osteosome", help=argparse.SUPPRESS)
    parser.add_argument("-v", "--version", action="version", version="osteosome " + __version__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    r = verbs.add_parser("run", help="run the SED-ML of an archive")
    r.add_argument("-i", "--archive", required=True, help="COMBINE archive (.omex)")
    r.add_argument("-o", "--out-dir", default=".", help="folder for reports and plots (default: the current one)")
    r.add_argument("-d", "--debug", action="store_true", help="show where a problem arose")
    r.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    e = verbs.add_parser("export", help="write a scenario as an archive: SBML with doses as events, SED-ML with its outputs")
    e.add_argument("scenario")
    e.add_argument("-o", "--output", help="archive to write (default: SCENARIO.omex in the current folder)")
    for verb in (r, e):
        verb.add_argument("--overwrite", action="store_true", help="replace existing files")
    args = parser.parse_args()
    try:
        if args.verb == "run":
            notes = []
            written = run.run_archive(args.program, archive.unpack(args.archive), args.out_dir, args.overwrite, notes)
            if not args.quiet:
                print("\n".join(str(path) for path in written))
                print("".join(f"note: {note}\n" for note in notes), end="", file=sys.stderr)
        else:
            print(export.export_scenario(args.program, args.scenario, args.output, args.overwrite))
    except (Problem, OSError) as problem:
        if getattr(args, "debug", False):
            raise
        print(f"error: {problem}", file=sys.stderr)
        return problem.code if isinstance(problem, Problem) else IO
    return 0


sys.exit(main())
