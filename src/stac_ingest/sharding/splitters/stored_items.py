"""Item files on object storage: how they are cut, and how one range of them is read.

A bucket is listed by a request for each thousand objects. So it is listed once, when the ingest is planned; the listing
is kept beside the plan, where all jobs find it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import orjson
import pyarrow.fs as pafs

from stac_ingest.config import IngestConfig
from stac_ingest.core.atomic import write_lines
from stac_ingest.core.model import Batch, Payload
from stac_ingest.core.text import too_large
from stac_ingest.core.unpack import is_packed, unpacked
from stac_ingest.errors import ConfigurationError, DataProcessingError, ItemError
from stac_ingest.sharding.plan import FilesPiece, Shard
from stac_ingest.sharding.s3 import open_bucket
from stac_ingest.sharding.settings import ShardedIngest
from stac_ingest.sharding.splitters.base import (
    FilesSplitter,
    SplitPlan,
    changed_since_planned,
    not_planned_from,
    unreadable,
)
from stac_ingest.sharding.splitters.file_listing import Entry, Listing
from stac_ingest.sharding.splitters.geoparquet import GeoParquetSplitter
from stac_ingest.sharding.splitters.objects import name_below, objects_by_kind
from stac_ingest.sources.directory.batches import BATCH_BYTES
from stac_ingest.sources.directory.source import SLICE, JsonDirectorySource
from stac_ingest.sources.folder import DOCUMENTS, LINES, TABLES
from stac_ingest.sources.kind import DESCRIPTIONS
from stac_ingest.summary import IngestSummary

LISTING = "listing.ndjson"
REQUEST_COST = 128 << 10
"""What a request for an object costs, in bytes that could be read and parsed instead, about."""
AT_ONCE = 16
"""Objects of a slice that are requested at the same time: each takes a round trip or two."""


class Objects(NamedTuple):
    """A folder of a bucket, and the item files in it by name."""

    folder: str
    """As the file system calls it."""
    entries: list[Entry]


def stored_splitter(settings: ShardedIngest, known: Shard | None) -> GeoParquetSplitter | StoredItemsSplitter:
    """Find out what a prefix of a bucket holds: GeoParquet files, or else item files.

    Args:
        settings: of the ingest.
        known: a shard of it, which says as much without another listing.

    Raises:
        ConfigurationError: neither, or the bucket can't be looked into.

    """
    if known is not None:
        return GeoParquetSplitter(settings) if known.piece.kind == "rows" else StoredItemsSplitter(settings, None)
    filesystem, root = open_bucket(settings.source, settings, "source")
    try:
        if filesystem.get_file_info(root).is_file:
            return GeoParquetSplitter(settings)
        found = objects_by_kind(filesystem, root, settings.format)
    except OSError as error:
        raise ConfigurationError(unreadable(settings.source, error)) from None
    if TABLES in found:
        return GeoParquetSplitter(settings)
    if LINES in found:
        first = found[LINES][0].path
        raise ConfigurationError(f"source: s3://{first} is NDJSON, which is read from a folder only; copy it here")
    names = [(name_below(file.path, root), file) for file in found.get(DOCUMENTS, ())]
    if any(name == "collection.json" for name, _ in names):
        # As on disk, a collection has its items in a folder of their own.
        within = [(name.removeprefix("items/"), file) for name, file in names if name.startswith("items/")]
        if len(within) == sum(name not in DESCRIPTIONS for name, _ in names):
            names, root = within, f"{root}/items"
    if not names:
        raise ConfigurationError(f"source: no GeoParquet files, and no JSON files, found in s3://{root}")
    return StoredItemsSplitter(
        settings, Objects(root, sorted(Entry(name, file.size, file.mtime_ns) for name, file in names))
    )


class StoredItemsSplitter(FilesSplitter):
    """Cuts the item files of a bucket into ranges of their names."""

    format = "json"
    plans_by_listing = True

    def __init__(self, settings: ShardedIngest, objects: Objects | None) -> None:
        """Take the objects of the bucket, which planning needs and a shard doesn't."""
        super().__init__(settings)
        self._objects = objects
        self._listing = settings.state_folder / LISTING

    def stamp(self) -> str:
        """Return a hash of the names, sizes and times of all files."""
        return Listing.of(self._listed().entries).stamp

    def split(self) -> SplitPlan:
        """Cut the files into ranges of similar size, and write down which they are."""
        folder, entries = self._listed()
        write_lines(self._listing, map(orjson.dumps, chain([folder], map(tuple, entries))))
        return Listing.of(entries).split(self._settings, REQUEST_COST)

    @property
    def place(self) -> str:
        """Return the URL of the folder of the items, which the listing begins with."""
        with self._listing.open("rb") as lines:
            return f"s3://{orjson.loads(next(lines))}"

    def source(self, shard: Shard, config: IngestConfig, summary: IngestSummary) -> ObjectsShardSource:
        """Make the source of a shard."""
        assert isinstance(shard.piece, FilesPiece)
        filesystem, _ = open_bucket(self._settings.source, self._settings, "source")
        return ObjectsShardSource(filesystem, self._listing, shard.piece, config, summary)

    def _listed(self) -> Objects:
        if self._objects is None:
            raise RuntimeError("the bucket was not listed")
        return self._objects


class ObjectsShardSource(JsonDirectorySource):
    """The item files of one shard."""

    def __init__(
        self,
        filesystem: pafs.FileSystem,
        listing: Path,
        piece: FilesPiece,
        config: IngestConfig,
        summary: IngestSummary,
    ) -> None:
        super().__init__(listing.parent, (), config, summary)
        self._filesystem = filesystem
        self._listing = listing
        self._piece = piece
        self._max_bytes = config.max_response_mib << 20
        self._objects = Objects("", [])
        self._requests = ThreadPoolExecutor(AT_ONCE * config.workers, "objects")

    async def open(self) -> None:
        """Read which files they are.

        Raises:
            DataProcessingError: the listing isn't the one that was planned from.

        """
        self._objects = await asyncio.to_thread(_listed, self._listing, self._piece)

    async def units(self) -> AsyncIterator[range]:
        """List slices of the files, which are smaller where files are large."""
        start, room = 0, BATCH_BYTES
        for number, entry in enumerate(self._objects.entries):
            room -= entry.size
            if number > start and (room < 0 or number - start == SLICE):
                yield range(start, number)
                start, room = number, BATCH_BYTES - entry.size
        yield range(start, len(self._objects.entries))

    async def read(self, unit: range) -> AsyncIterator[Batch]:
        """Read one slice, several files at a time.

        Raises:
            DataProcessingError: a file can't be read now, or isn't what it was when it was listed.

        """
        batch = await asyncio.get_running_loop().run_in_executor(self._threads, self._slice, unit)
        self._summary.bytes_read += sum([len(payload.data) for payload in batch])
        yield batch

    async def close(self) -> None:
        """Wait for the requests under way."""
        await asyncio.to_thread(self._requests.shutdown, cancel_futures=True)
        await super().close()

    def _slice(self, unit: range) -> list[Payload]:
        return list(self._requests.map(self._read, self._objects.entries[unit.start : unit.stop]))

    def _read(self, entry: Entry) -> Payload:
        path = f"{self._objects.folder}/{entry.name}"
        if entry.size > self._max_bytes:
            error = ItemError(too_large(entry.size, self._max_bytes))
            return Payload(b"", entry.name, error)
        try:
            with self._filesystem.open_input_file(path) as file:
                data = file.read() if file.size() == entry.size else None
        except FileNotFoundError:
            data = None
        except OSError as error:
            # Not a failure of the item: another try of the shard may have it.
            raise DataProcessingError(f"can't read s3://{path}: {error}") from error
        if data is None or len(data) != entry.size:
            raise DataProcessingError(changed_since_planned(f"s3://{path}"))
        if not is_packed(entry.name):
            return Payload(data, entry.name)
        try:
            return Payload(unpacked(data, self._max_bytes), entry.name)
        except ItemError as error:
            return Payload(b"", entry.name, error)


def _listed(listing: Path, piece: FilesPiece) -> Objects:
    try:
        with listing.open("rb") as lines:
            folder = orjson.loads(next(lines))
            entries = [Entry(*orjson.loads(line)) for line in islice(lines, piece.start, piece.stop)]
    except (OSError, ValueError, TypeError, StopIteration):
        entries = []
    if Listing.of(entries).stamp != piece.digest:
        raise DataProcessingError(not_planned_from(listing))
    return Objects(folder, entries)
