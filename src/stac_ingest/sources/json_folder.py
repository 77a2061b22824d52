"""The JSON and NDJSON files of a folder as one source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stac_ingest.config import IngestConfig
from stac_ingest.core.source import Source
from stac_ingest.core.text import in_words
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.sources.directory.source import JsonDirectorySource
from stac_ingest.sources.directory.walk import Refused
from stac_ingest.sources.folder import FolderFiles, files_in
from stac_ingest.summary import IngestSummary


def json_folder_source(folder: Path, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    """Make the source of all JSON and NDJSON files of a folder and those in it.

    Raises:
        ConfigurationError: see `files_in`.
        DataProcessingError: there are none.

    """
    found = files_in(folder, config.format)
    if not (found.documents or found.lines or found.refused):
        raise DataProcessingError(f"No JSON files found in {folder}, or in the folders in it")
    return json_files_source(folder, found, config, summary)


def json_files_source(folder: Path, files: FolderFiles, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
    """Make the source of some JSON and NDJSON files of a folder."""
    sources: list[Source[Any]] = []
    refused = list(files.refused)
    if files.documents:
        sources.append(JsonDirectorySource(folder, files.documents, config, summary))
    if files.lines:
        from stac_ingest.sources.lines.source import LinesSource  # noqa: PLC0415 - most folders have none
        from stac_ingest.sources.lines.spans import LinesFile, lines_file  # noqa: PLC0415

        known: list[LinesFile] = []
        for name in files.lines:
            try:
                known.append(lines_file(str(folder / name)))
            except (OSError, ItemError) as error:
                refused.append(Refused(name, in_words(error)))
        prefix = len(str(folder / "_")) - 1
        sources.append(LinesSource(known, config, summary, lambda path: path[prefix:]))
    if len(sources) == 1 and not refused:
        return sources[0]
    from stac_ingest.sources.combined import CombinedSource, RefusedFiles  # noqa: PLC0415 - as for lines

    if refused:
        sources.append(RefusedFiles(refused))
    return sources[0] if len(sources) == 1 else CombinedSource(sources)
