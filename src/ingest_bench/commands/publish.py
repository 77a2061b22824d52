"""`publish`: keep a run's report in the documentation, and open the README with it."""

from __future__ import annotations

import argparse
from pathlib import Path

from ingest_bench.commands.base import OK, Commands


def add_parser(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser(
        "publish", help="keep a run's report in the documentation, and open the README with it"
    )
    command.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    command.add_argument("--docs", type=Path, default=Path("docs/run"), metavar="DIR")
    command.add_argument("--readme", type=Path, default=Path("README.md"), metavar="FILE")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Copy the report and update the README."""
    from ingest_bench.docgen.publish import publish  # noqa: PLC0415 - `--help` does without

    publish(options.results, options.docs, options.readme)
    return OK
