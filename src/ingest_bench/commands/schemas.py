"""`schemas`: write the JSON schemas of the configuration and of the results."""

from __future__ import annotations

import argparse
from pathlib import Path

from ingest_bench.commands.base import OK, Commands


def add_parser(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("schemas", help="write the JSON schemas of the configuration and of the results")
    command.add_argument("folder", type=Path, metavar="DIR")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the schemas, and print their paths."""
    from ingest_bench.docgen.schemas import write_schemas  # noqa: PLC0415 - `--help` does without

    for path in write_schemas(options.folder):
        print(path)
    return OK
