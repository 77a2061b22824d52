"""A folder of JSON and NDJSON files: how it is cut, and how one range of them is read."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from stac_ingest.config import IngestConfig
from stac_ingest.core.source import Source
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sharding.plan import FilesPiece, Shard
from stac_ingest.sharding.settings import ShardedIngest
from stac_ingest.sharding.splitters.base import FilesSplitter, SplitPlan
from stac_ingest.sharding.splitters.partition import balanced
from stac_ingest.sources.folder import FolderFiles, files_in, folder_of_items
from stac_ingest.sources.json_folder import json_files_source
from stac_ingest.summary import IngestSummary

OPENING = 4096
"""What opening a file costs, in bytes that could be read and parsed instead, about."""


class Entry(NamedTuple):
    """A file, and what shows that it has changed."""

    name: str
    size: int
    time: int
    """Of its last change, nanoseconds since 1970."""


class Listing:
    """Files, sorted by name. A million of them are some 30 MB."""

    def __init__(self, names: Sequence[str], entries: Iterable[Entry]) -> None:
        self._names = names
        self._sizes, self._times = array("q"), array("q")
        for _, size, time in entries:
            self._sizes.append(size)
            self._times.append(time)

    def stamp(self, part: range | None = None) -> str:
        """Return a hash of the names, sizes and times of all files, or of a part."""
        within = slice(part.start, part.stop) if part is not None else slice(None)
        names = self._names[within] if part is not None else self._names
        return stamp(map(Entry, names, self._sizes[within], self._times[within]))

    def split(self, settings: ShardedIngest, cost: int) -> SplitPlan:
        """Cut the files into ranges of similar cost; `cost` is what a file costs beside its bytes, in bytes."""
        shards = settings.shards or -(-len(self._sizes) // settings.items_per_shard)
        parts = balanced(array("q", (cost + size for size in self._sizes)), shards)
        pieces = [FilesPiece(start=part.start, stop=part.stop, digest=self.stamp(part)) for part in parts]
        return SplitPlan(list(pieces), list(map(len, parts)), len(self._sizes), stamp=self.stamp())


def _entries(folder: Path, names: Iterable[str]) -> Iterator[Entry]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in names:
            status = os.stat(name, dir_fd=descriptor)
            yield Entry(name, status.st_size, status.st_mtime_ns)
    finally:
        os.close(descriptor)


def stamp(entries: Iterable[Entry]) -> str:
    """Return a hash of what shows that files have changed."""
    total = sha256()
    for name, size, time in entries:
        total.update(os.fsencode(name) + b"\0%d\0%d\n" % (size, time))
    return total.hexdigest()


class ItemFilesSplitter(FilesSplitter):
    """Cuts the files of a folder, or of a collection's `items`, into ranges of their names."""

    format = "json"

    def __init__(self, settings: ShardedIngest) -> None:
        super().__init__(settings)
        folder = Path(settings.source)
        self._folder = (folder_of_items(folder) if (folder / "collection.json").is_file() else None) or folder

    def config(self, shard: Shard) -> IngestConfig:
        """Return the settings by which a shard is read."""
        return super().config(shard).replace(format=self._settings.format)

    @property
    def place(self) -> str:
        """Return the folder of the items."""
        return str(self._folder)

    def stamp(self) -> str:
        """Return a hash of the names, sizes and times of all files."""
        return self._listing().stamp()

    def split(self) -> SplitPlan:
        """Cut the files into ranges of similar size."""
        return self._listing().split(self._settings, OPENING)

    def source(self, shard: Shard, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
        """Make the source of a shard.

        Raises:
            DataProcessingError: the files aren't those that were planned.

        """
        assert isinstance(shard.piece, FilesPiece)
        found = self._files()
        names = found.of_json[shard.piece.start : shard.piece.stop]
        if stamp(_entries(self._folder, names)) != shard.piece.digest:
            raise DataProcessingError(f"{self._folder} has changed since it was planned; start the ingest again")
        return json_files_source(self._folder, found.part(names), config, summary)

    def _files(self) -> FolderFiles:
        return files_in(self._folder, self._settings.format)

    def _listing(self) -> Listing:
        names = self._files().of_json
        if not names:
            raise ConfigurationError(f"source: no JSON files found in {self._folder}, or in the folders in it")
        try:
            return Listing(names, _entries(self._folder, names))
        except OSError as error:
            raise DataProcessingError(f"can't read {self._folder}: {error.strerror or error}") from error
