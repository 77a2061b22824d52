"""`simulate`: serve a corpus as a STAC API."""

from __future__ import annotations

from ingest_bench.commands.base import Commands
from ingest_bench.simulator.cli import add_arguments, run


def add_parser(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("simulate", help="serve a corpus as a STAC API with a think time, limits and faults")
    add_arguments(command)
    command.set_defaults(run=run)
