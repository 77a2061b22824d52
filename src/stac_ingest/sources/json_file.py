"""One JSON file: a FeatureCollection, an array of items, or a single item; and a collection with inline items."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from stac_ingest.config import IngestConfig
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.sources.base import Batch, Item, Payload, Reject
from stac_ingest.sources.json_text import checked, parse
from stac_ingest.sources.reading import read_file
from stac_ingest.summary import IngestSummary


class JsonFileSource:
    """The items inside one JSON file."""

    def __init__(self, path: Path, config: IngestConfig, summary: IngestSummary) -> None:
        self._path = path
        self._config = config
        self._summary = summary

    async def open(self) -> None:
        """Nothing to prepare: the path was looked at when the source was chosen."""

    async def units(self) -> AsyncIterator[Path]:
        """List the one file."""
        yield self._path

    async def read(self, unit: Path) -> AsyncIterator[Batch]:
        """Read it whole."""
        try:
            data = read_file(unit, self._config.max_response_mb << 20)
        except (OSError, ItemError) as error:
            raise DataProcessingError(f"{unit}: can't be read: {error}") from error
        self._summary.bytes_read += len(data)
        yield [Payload(data, str(unit))]

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Yield the items in the file's own order."""
        for payload in batch:
            try:
                content = parse(payload.data)
            except ValueError as error:
                raise DataProcessingError(f"{payload.origin}: not JSON: {error}") from error
            for number, found in enumerate(_members(content, payload.origin)):
                try:
                    yield checked(found)
                except ItemError as error:
                    reject(f"{payload.origin}#{number}", error)

    async def close(self) -> None:
        """Nothing is held."""


def _members(content: object, origin: str) -> list[object]:
    if isinstance(content, list):
        return content
    if isinstance(content, dict):
        if "features" in content:
            return content["features"] or []
        if content.get("type") == "Feature" or "id" in content:
            return [content]
    raise DataProcessingError(f"{origin}: holds neither a FeatureCollection, an array of items nor an item")


def has_features(path: Path, config: IngestConfig) -> bool:
    """Tell whether a collection document carries its items inline."""
    try:
        content = parse(read_file(path, config.max_response_mb << 20))
    except (OSError, ValueError, ItemError):
        return False
    return isinstance(content, dict) and isinstance(content.get("features"), list)
