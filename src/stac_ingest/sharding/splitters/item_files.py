"""A folder of item files: how it is cut, and how one stretch of it is read."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from stac_ingest.config import IngestConfig
from stac_ingest.core.model import Item
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sharding.plan import FilesPiece, Shard
from stac_ingest.sharding.settings import ShardedIngest
from stac_ingest.sharding.splitters.base import SplitPlan
from stac_ingest.sharding.splitters.partition import balanced
from stac_ingest.sources.directory.batches import Folder
from stac_ingest.sources.directory.listing import json_names
from stac_ingest.sources.directory.source import JsonDirectorySource
from stac_ingest.summary import IngestSummary

OPENING = 4096
"""What opening a file costs, in bytes that could be read and parsed instead, about."""


class Entry(NamedTuple):
    """A file of the folder, and what tells that it has changed."""

    name: str
    size: int
    time: int
    """Of its last change, nanoseconds since 1970."""


def items_folder(source: Path) -> Path:
    """Find the folder with an item a file: the source itself, or a collection's `items`."""
    return source / "items" if (source / "collection.json").is_file() else source


class Listing:
    """The item files of a folder, by name. A million of them are some 30 MB."""

    def __init__(self, folder: Path) -> None:
        """List the folder.

        Raises:
            ConfigurationError: there are no item files.
            DataProcessingError: the folder can't be read.

        """
        self._sizes, self._times = array("q"), array("q")
        try:
            self._names = json_names(folder)
            for _, size, time in looked_at(folder, self._names):
                self._sizes.append(size)
                self._times.append(time)
        except OSError as error:
            raise DataProcessingError(f"can't read {folder}: {error.strerror or error}") from error
        if not self._names:
            raise ConfigurationError(f"source: no JSON files found in {folder}")

    @property
    def sizes(self) -> Sequence[int]:
        """Give the bytes of each file."""
        return self._sizes

    def stamp(self, part: range | None = None) -> str:
        """Hash what tells that files have changed: all of them, or a part."""
        within = slice(part.start, part.stop) if part is not None else slice(None)
        names = self._names[within] if part is not None else self._names
        return stamp(map(Entry, names, self._sizes[within], self._times[within]))


def split_files(settings: ShardedIngest, costs: Sequence[int], stamp_of: Callable[[range | None], str]) -> SplitPlan:
    """Cut files into stretches of like cost.

    Args:
        settings: of the ingest, which say how many.
        costs: what reading each file costs, in bytes that could be read and parsed instead.
        stamp_of: hashes what tells that files have changed: of a part, or of all.

    """
    shards = settings.shards or -(-len(costs) // settings.items_per_shard)
    parts = balanced(costs, shards)
    pieces = [FilesPiece(start=part.start, stop=part.stop, digest=stamp_of(part)) for part in parts]
    return SplitPlan(list(pieces), list(map(len, parts)), len(costs), stamp=stamp_of(None))


def looked_at(folder: Path, names: Iterable[str]) -> Iterator[Entry]:
    """Look at files of a folder.

    Raises:
        OSError: the folder or one of them can't be looked at.

    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in names:
            found = os.stat(name, dir_fd=descriptor)
            yield Entry(name, found.st_size, found.st_mtime_ns)
    finally:
        os.close(descriptor)


def stamp(entries: Iterable[Entry]) -> str:
    """Hash what tells that files have changed."""
    total = sha256()
    for name, size, time in entries:
        total.update(os.fsencode(name) + b"\0%d\0%d\n" % (size, time))
    return total.hexdigest()


class ItemFilesSplitter:
    """Item files, cut into stretches of their names."""

    def __init__(self, settings: ShardedIngest) -> None:
        self._settings = settings
        self._folder = items_folder(Path(settings.source))

    def stamp(self) -> str:
        """Hash the names, sizes and times of all files."""
        return Listing(self._folder).stamp()

    def split(self) -> SplitPlan:
        """Cut the files into stretches of like weight."""
        found = Listing(self._folder)
        return split_files(self._settings, array("q", (OPENING + size for size in found.sizes)), found.stamp)

    def config(self, shard: Shard) -> IngestConfig:  # noqa: ARG002 - all shards of files are read alike
        """Give the settings by which a shard is read."""
        return self._settings.config(format="json")

    def source(self, shard: Shard, config: IngestConfig, summary: IngestSummary) -> FilesShardSource:
        """Make the source of a shard."""
        assert isinstance(shard.piece, FilesPiece)
        return FilesShardSource(self._folder, shard.piece, config, summary)

    def owns(self, shard: Shard, item: Item) -> bool:  # noqa: ARG002 - a file is in one stretch
        """Each item: its file is in no other shard."""
        return True


class FilesShardSource(JsonDirectorySource):
    """The files of one shard."""

    def __init__(self, path: Path, piece: FilesPiece, config: IngestConfig, summary: IngestSummary) -> None:
        super().__init__(path, config, summary)
        self._piece = piece

    def _list(self) -> None:
        self._folder = Folder(self._path, self._config)
        names = self._folder.names[self._piece.start : self._piece.stop]
        if stamp(looked_at(self._path, names)) != self._piece.digest:
            raise DataProcessingError(f"{self._path} has changed since it was planned; start the ingest again")
        self._folder.names = names
