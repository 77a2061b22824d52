"""`client-matrix`: what STAC clients deliver from hostile servers, as a table."""

from __future__ import annotations

import argparse
from pathlib import Path

from ingest_bench.commands.base import OK, Commands


def add_parser(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("client-matrix", help="see what STAC clients deliver from hostile servers")
    command.add_argument("--output", type=Path, required=True, metavar="FILE", help="the table, as Markdown")
    command.add_argument("behaviours", nargs="*", metavar="BEHAVIOUR", help="which; all when none is given")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the clients and write the table."""
    from ingest_bench.client_matrix.run import run_matrix  # noqa: PLC0415 - `--help` does without

    run_matrix(options.output, options.behaviours)
    return OK
