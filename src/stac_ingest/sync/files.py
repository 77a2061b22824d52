"""The files that a source is made of, by their names, and how one or some of them are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from stac_ingest.config import IngestConfig
from stac_ingest.core.source import Source
from stac_ingest.errors import DataProcessingError
from stac_ingest.sharding.plan import Record, Words
from stac_ingest.sources import kind_and_path, lies_in_store
from stac_ingest.sources.directory.walk import Refused
from stac_ingest.sources.folder import DOCUMENTS, LINES, TABLES, FolderFiles, files_in
from stac_ingest.sources.json_folder import json_files_source
from stac_ingest.sources.several import files_of_several
from stac_ingest.summary import IngestSummary

OF_ITEMS = DOCUMENTS
"""The kind of files that hold an item each, mostly, and of which there may be millions."""
KINDS_OF_FILES = (OF_ITEMS, LINES, TABLES)
_SEVERAL = "several"
_NONE = FolderFiles((), (), (), ())


class FilesTask(Record):
    """What of the files a task reads."""

    generation: int
    base: str = Field(description="the folder that their names are relative to")
    start: int = Field(default=0, description="the first of the files that the run reads")
    stop: int = Field(default=0, description="the one behind the last")
    refused: list[tuple[Words, Words]] = Field(default=[], description="files that can't be read, and why")


class SourceFiles(NamedTuple):
    """The files of a source."""

    base: Path
    """The folder that their names are relative to."""
    names: dict[str, Sequence[str]]
    """By kind, sorted."""
    refused: Sequence[Refused]
    """What may hold items, and can't be read."""

    def each(self) -> Iterator[tuple[str, int]]:
        """Yield the name of each file, and the place of its kind in `KINDS_OF_FILES`."""
        for number, kind in enumerate(KINDS_OF_FILES):
            for name in self.names[kind]:
                yield name, number


def are_files(config: IngestConfig) -> bool:
    """Say whether a source is files of this machine, each of which stands for itself.

    Raises:
        ConfigurationError: what the settings name is missing or of another kind.

    """
    if config.mode != "file" or config.iceberg_catalog is not None or lies_in_store(config):
        return False
    kind, _ = kind_and_path(config)
    return kind is not None and kind.name in (*KINDS_OF_FILES, _SEVERAL)


def files_of(config: IngestConfig, summary: IngestSummary) -> SourceFiles:
    """Find the files of a source.

    Args:
        config: the settings.
        summary: takes notes of what is passed over.

    Raises:
        ConfigurationError: what the settings name is missing, or its files don't go together.
        DataProcessingError: there are none, or the folder can't be read.

    """
    kind, place = kind_and_path(config)
    assert kind is not None, "see `are_files`"
    path = Path(place)
    if kind.name == _SEVERAL:
        base, found = files_of_several(place, config.format, summary)
    elif path.is_dir():
        base, found = path, files_in(path, config.format, summary)
        found = (
            found._replace(tables=())
            if kind.name != TABLES
            else _NONE._replace(tables=found.tables, refused=found.refused)
        )
    else:
        base, names = path.parent, [path.name]
        found = _NONE._replace(
            documents=names if kind.name == DOCUMENTS else (),
            lines=names if kind.name == LINES else (),
            tables=names if kind.name == TABLES else (),
        )
    if not (found.documents or found.lines or found.tables or found.refused):
        raise DataProcessingError(f"No files of items found in {config.source}, or in the folders in it")
    names_of = {DOCUMENTS: found.documents, LINES: found.lines, TABLES: found.tables}
    return SourceFiles(base, names_of, found.refused)


def source_of_files(
    base: Path, kind: str, names: Sequence[str], config: IngestConfig, summary: IngestSummary
) -> Source[Any]:
    """Make the source of some files of one kind; of NDJSON and of tables one file at a time.

    Args:
        base: the folder that the names are relative to.
        kind: one of `KINDS_OF_FILES`.
        names: of the files, sorted.
        config: the settings.
        summary: takes the counts.

    """
    if kind == TABLES:
        from stac_ingest.sources.geoparquet import GeoParquetSource  # noqa: PLC0415 - only tables need it

        return GeoParquetSource([base / name for name in names], config, summary, base)
    files = _NONE._replace(documents=names) if kind == DOCUMENTS else _NONE._replace(lines=names)
    return json_files_source(base, files, config, summary)
