"""`results-doc`: write the meaning of each field of the results."""

from __future__ import annotations

import argparse
from pathlib import Path

from ingest_bench.commands.base import OK, Commands


def add_parser(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("results-doc", help="write what each field of the results means")
    command.add_argument("file", type=Path, metavar="FILE")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the document, and print its path."""
    from ingest_bench.docgen.results_doc import write_results_doc  # noqa: PLC0415 - `--help` does without

    write_results_doc(options.file)
    print(options.file)
    return OK
