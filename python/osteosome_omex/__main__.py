# SPDX-License-Identifier: Apache-2.0
"""Command line of the package; the osteosome program starts it with its own path in --program."""
import argparse
import sys

from . import archive, export, run
from .problem import Problem


def main():
    parser = argparse.ArgumentParser(prog="osteosome omex", description="run and write COMBINE archives with SED-ML")
    parser.add_argument("--program", default="osteosome", help=argparse.SUPPRESS)
    verbs = parser.add_subparsers(dest="verb", required=True)
    r = verbs.add_parser("run", help="run the SED-ML of an archive")
    r.add_argument("-i", "--archive", required=True, help="COMBINE archive (.omex)")
    r.add_argument("-o", "--out-dir", default=".", help="folder for reports and plots")
    e = verbs.add_parser("export", help="write a scenario as an archive: SBML with doses as events, SED-ML with its outputs")
    e.add_argument("scenario")
    e.add_argument("-o", "--output", help="archive to write (default: SCENARIO.omex)")
    args = parser.parse_args()
    try:
        if args.verb == "run":
            run.run_archive(args.program, archive.unpack(args.archive), args.out_dir)
        else:
            print(export.export_scenario(args.program, args.scenario, args.output))
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return problem.code
    return 0


sys.exit(main())
