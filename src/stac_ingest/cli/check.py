"""`stac-ingest check TABLE`: how a table stands, and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stac_ingest.cli.options import Parser
from stac_ingest.cli.progress import ProgressLine
from stac_ingest.cli.streams import say
from stac_ingest.core.text import printable
from stac_ingest.errors import ConfigurationError

if TYPE_CHECKING:
    from stac_ingest.table_check.findings import Finding


def run_check(arguments: Sequence[str]) -> bool:
    """Check a table, print what was found, and return whether nothing has failed.

    Raises:
        ConfigurationError: it can't be checked.
        DataProcessingError: there is no table.

    """
    parser = Parser(
        prog="stac-ingest check",
        description="Check a table of STAC items against the best practices of STAC-GeoParquet.",
        epilog="Exit codes: 0 nothing failed; 1 a check failed; 2 it can't be checked; 3 there is no table.",
        allow_abbrev=False,
    )
    parser.add_argument("table", metavar="TABLE", help="a Parquet file, or a folder of them, from any writer")
    parser.add_argument("--json", action="store_true", help="print an object for each line")
    options = parser.parse_args(list(arguments))
    if "://" in options.table:
        raise ConfigurationError(
            f"{options.table.partition('?')[0]:.100} is not a local file; copy it, and check the copy"
        )
    from stac_ingest.table_check.check_table import check_table  # noqa: PLC0415 - who asks for help needs none of it

    progress = ProgressLine(sys.stderr, lambda: 0)
    try:
        findings = check_table(Path(options.table), progress.step)
    finally:
        progress.clear()
    say(json.dumps(finding._asdict()) if options.json else _line(finding) for finding in findings)
    return all(finding.verdict != "failure" for finding in findings)


def _line(finding: Finding) -> str:
    advice = f"\n{'':25}-> {finding.advice}" if finding.advice else ""
    return printable(f"{finding.verdict:8} {finding.name:15} {finding.what}") + advice
