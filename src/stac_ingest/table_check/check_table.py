"""All that is looked at, in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stac_ingest.table_check.findings import Finding, some_of
from stac_ingest.table_check.layout_checks import layout_findings
from stac_ingest.table_check.row_checks import row_findings
from stac_ingest.table_check.search_cost import sample_of, search_finding
from stac_ingest.table_check.table_files import open_files


def check_table(place: Path, say: Callable[[str], None] = lambda _: None) -> list[Finding]:
    """Check a table, whoever wrote it.

    Memory is bounded but for 8 bytes of each id.

    Args:
        place: a file, or a folder of files and of folders.
        say: told how far it is.

    Raises:
        ConfigurationError: it is the folder of another table format.
        DataProcessingError: there is no file.

    """
    files, wrong = open_files(place)
    findings = []
    if wrong:
        findings.append(
            Finding(
                "files",
                "failure",
                f"{len(wrong):,} can't be opened: {some_of(wrong)}",
                "rewrite them, or remove them",
            )
        )
    if not files:
        return findings
    findings += layout_findings(files)
    items = [file for file in files if file.decoder.is_stac]
    if items:
        sample = sample_of(items)
        findings.append(search_finding(items, sample))
        findings += row_findings(items, sample, say)
    return findings
