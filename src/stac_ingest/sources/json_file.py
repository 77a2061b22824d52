"""One JSON file: a FeatureCollection, an array of items, or a single item; and a collection with inline items."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import orjson

from stac_ingest.config import IngestConfig
from stac_ingest.core.json_items import checked, kind_in_words, members, parse, parse_leniently
from stac_ingest.core.long_numbers import NumberWatch, has_long_number
from stac_ingest.core.model import Batch, Item, Payload, Reject
from stac_ingest.core.rows import AsLines, Rows, parsed_rows
from stac_ingest.core.unpack import is_packed, unpacked
from stac_ingest.errors import ConfigurationError, DataProcessingError, ItemError
from stac_ingest.sources.directory.file_reader import Reader
from stac_ingest.sources.documents import not_json
from stac_ingest.summary import IngestSummary

_TOGETHER = 1000
"""Items of a document that go to the output at once."""

Members = Callable[[object, str], list[object]]
"""Takes out of a document, given with its path, what should be items."""


def items_of_file(content: object, origin: str) -> list[object]:
    """Give the members of a FeatureCollection or of an array, or the one item.

    Raises:
        DataProcessingError: it is none of these.

    """
    found = members(content)
    if found is not None:
        return found
    kind = kind_in_words(content)
    lead = (
        f"; it is a {kind}, which only leads to items: give the folder that they are in, such as {Path(origin).parent}"
        if kind in ("Catalog", "Collection")
        else ""
    )
    raise DataProcessingError(f"{origin}: holds neither a FeatureCollection, an array of items nor an item{lead}")


def items_of_collection(content: object, origin: str) -> list[object]:
    """Give the items that a collection document carries inline.

    Raises:
        ConfigurationError: it carries none.

    """
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list):
        raise ConfigurationError(
            f"No items/ directory found and no inline features in {origin}; give the folder that the items are in, "
            f"such as {Path(origin).parent}"
        )
    return features


class JsonFileSource:
    """The items inside one JSON file."""

    def __init__(
        self, path: Path, config: IngestConfig, summary: IngestSummary, members_of: Members = items_of_file
    ) -> None:
        self._path = path
        self._max_bytes = config.max_response_mib << 20
        self._summary = summary
        self._members = members_of
        self._numbers = NumberWatch(exact=config.exact_numbers)

    async def open(self) -> None:
        """Nothing to prepare: the path was looked at when the source was chosen."""

    async def units(self) -> AsyncIterator[Path]:
        """List the one file."""
        yield self._path

    async def read(self, unit: Path) -> AsyncIterator[Batch]:
        """Read it whole.

        Raises:
            DataProcessingError: it can't be read.

        """
        try:
            data = await asyncio.to_thread(self._read, unit)
        except (OSError, ItemError) as error:
            raise DataProcessingError(f"{unit}: can't be read: {error}") from error
        self._summary.bytes_read += len(data)
        yield [Payload(data, str(unit))]

    def rows(self, batch: Batch, *, as_lines: AsLines) -> list[Rows] | None:
        """Return the items of the file, where each of its members is plainly one."""
        made: list[Rows] = []
        for payload in batch:
            try:
                members_found = self._members(orjson.loads(payload.data), payload.origin)
            except (ValueError, ConfigurationError, DataProcessingError):
                return None
            rows = None if has_long_number(payload.data) else parsed_rows(members_found, as_lines=as_lines)
            if rows is None:
                return None
            # What an output makes of one batch at once, such as columns, is to be bounded.
            count = len(rows.keys)
            made += [rows.take(range(start, min(start + _TOGETHER, count))) for start in range(0, count, _TOGETHER)]
        return made

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Yield the items in the file's own order; what isn't one is rejected as `<file name>#<position>`.

        Raises:
            DataProcessingError: the file isn't JSON, or holds something else.
            ConfigurationError: a collection document without items.

        """
        for payload in batch:
            try:
                content = self._parsed(payload.data)
            except ValueError as error:
                raise DataProcessingError(f"{payload.origin}: {not_json(payload.data, error)}") from error
            for number, member in enumerate(self._members(content, payload.origin)):
                try:
                    yield checked(member)
                except ItemError as error:
                    reject(f"{self._path.name}#{number}", error)

    async def close(self) -> None:
        """Nothing is held."""

    def _read(self, path: Path) -> bytes:
        data = Reader(self._max_bytes).read_path(path)
        return unpacked(data, self._max_bytes) if is_packed(path.name) else data

    def _parsed(self, data: bytes) -> object:
        return parse_leniently(data) if self._numbers.in_text(data) else parse(data)
