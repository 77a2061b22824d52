"""`calibrate`: try the harness on systems whose truth is known."""

from __future__ import annotations

import argparse
from pathlib import Path

from ingest_bench.commands.base import FAILED, OK, Commands
from ingest_bench.errors import SettingsError
from ingest_bench.system.renamed_options import RenamedFlag


def add_parser(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser(
        "calibrate",
        help="try the harness on systems whose truth is known",
        description="Try the harness on systems whose truth is known. Exit code 0: all limits kept; 1: one was not.",
    )
    output = Path("results/calibration.json")
    command.add_argument("--output", type=Path, default=output, metavar="FILE", help=f"(default: {output})")
    command.add_argument("--runs", type=int, default=400, help="in virtual time (default: %(default)s)")
    command.add_argument(
        "--skip-wall-clock", dest="wall", action="store_false", help="leave out the cells with real processes"
    )
    command.add_argument("--no-wall", action=RenamedFlag, current="--skip-wall-clock", dest="wall", value=False)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write and print the calibration; return 1 when a limit isn't kept.

    Raises:
        SettingsError: the number of runs can't be used.

    """
    from ingest_bench.calibration.run import calibrate  # noqa: PLC0415 - `--help` does without

    if options.runs < 1:
        raise SettingsError(f"--runs: {options.runs} is less than 1")
    record = calibrate(options.output, runs=options.runs, wall=options.wall)
    for line in record.lines:
        print(line)
    print(options.output)
    return FAILED if record.failures else OK
