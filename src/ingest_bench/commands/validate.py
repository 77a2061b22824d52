"""`validate`: check a configuration and say what it would measure."""

from __future__ import annotations

import argparse
from pathlib import Path

from ingest_bench.commands.base import OK, Commands


def add_parser(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("validate", help="check a configuration and say what it would measure")
    command.add_argument("file", type=Path, metavar="FILE")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the number of cells of each scenario, and what they are measured against."""
    from ingest_bench.config.matrix import cells, load_settings  # noqa: PLC0415 - `--help` does without

    settings = load_settings(options.file)
    planned = cells(settings)
    print(f"{len(planned)} cells in {len(settings.scenarios)} scenarios, {len(settings.corpora)} corpora")
    for name, scenario in settings.scenarios.items():
        mine = [cell for cell in planned if cell.scenario == name]
        baseline = scenario.baseline
        null = sum(cell.is_null_cell for cell in mine)
        print(
            f"  {name}: {len(mine)} cells on {scenario.corpus}, against {baseline.arm} at {baseline.concurrency}"
            + ("" if null else f" on {baseline.corpus} (no null cell)")
        )
    return OK
