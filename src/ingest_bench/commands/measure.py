"""`measure`: measure one cell of the matrix."""

from __future__ import annotations

import argparse
from pathlib import Path

from ingest_bench.commands.base import OK, Commands, settings_of


def add_parser(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("measure", help="measure one cell of the matrix")
    command.add_argument("--config", type=Path, required=True, metavar="FILE")
    command.add_argument("--scenario", required=True)
    command.add_argument("--arm", required=True)
    command.add_argument("--concurrency", type=int, required=True)
    command.add_argument("--results", help="folder that holds the corpora, instead of the configuration's")
    command.add_argument("--output", type=Path, help="file of the cell; in its place below the results when unset")
    command.add_argument("--attempt", type=int, default=1, help="which try this is, kept with the cell (default: 1)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure the cell, and print its speed-up with interval, a failed parity gate, and the path of its file."""
    from ingest_bench.config.matrix import find_cell  # noqa: PLC0415 - `--help` does without
    from ingest_bench.harness.measure import measure_to_file  # noqa: PLC0415 - same
    from ingest_bench.workflow.identity import cell_identity, fingerprint  # noqa: PLC0415 - same

    settings = settings_of(options)
    planned = find_cell(settings, options.scenario, options.arm, options.concurrency)
    output = options.output or Path(settings.results) / planned.file
    identity = fingerprint(cell_identity(settings, planned))
    cell = measure_to_file(settings, planned, identity=identity, output=output, attempt=options.attempt)
    if speedup := cell.speedup:
        print(f"{speedup.median:.2f}x ({speedup.low:.2f} to {speedup.high:.2f}), {speedup.pairs} pairs")
    if not cell.parity.ok:
        print(f"not what the corpus holds: {cell.parity.reason}")
    print(output)
    return OK
