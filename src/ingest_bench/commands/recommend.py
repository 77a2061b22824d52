"""`recommend`: say what to use, and write the design document and the settings."""

from __future__ import annotations

import argparse
from pathlib import Path

from ingest_bench.commands.base import OK, Commands


def add_parser(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("recommend", help="say what to use, and write the design document and the settings")
    command.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the documents into the folder of the results, and print the recommendations."""
    from ingest_bench.report.design.document import advise_folder  # noqa: PLC0415 - `--help` does without

    for line in advise_folder(options.results):
        print(line)
    return OK
