"""`compare`: judge a run against an earlier one."""

from __future__ import annotations

import argparse
from pathlib import Path

from ingest_bench.commands.base import BAD_INPUT, OK, REGRESSION, Commands


def add_parser(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser(
        "compare",
        help="judge a run against an earlier one",
        description="Judge a run against an earlier one, cell by cell. Exit code 0: no regression beyond noise; "
        "1: a regression; 2: a file can't be used, or the machine was too busy to tell.",
    )
    command.add_argument("baseline", type=Path, metavar="BASELINE", help="benchmark_results.json of the earlier run")
    default = Path("results/benchmark_results.json")
    command.add_argument(
        "current", type=Path, nargs="?", default=default, help=f"that of this run (default: {default})"
    )
    command.add_argument("--output", type=Path, metavar="DIR", help="for compare.md and .json (default: CURRENT's)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write and print the comparison; return 1 for a regression, 2 when it can't be told."""
    from ingest_bench.comparison import as_text, compare_files  # noqa: PLC0415 - `--help` does without

    comparison = compare_files(options.baseline, options.current, options.output or options.current.parent)
    print(as_text(comparison))
    if comparison.with_verdict("worse"):
        return REGRESSION
    return BAD_INPUT if comparison.undecided else OK
