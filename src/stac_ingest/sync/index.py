"""The index: what is known of each item that a partition holds. It is made anew from the parts where it is lost."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from stac_ingest.core.atomic import write_atomically
from stac_ingest.errors import DataProcessingError
from stac_ingest.sync.detectors.base import Last
from stac_ingest.sync.entries import HELD, Entries, about
from stac_ingest.sync.manifest import Partition, SyncManifest
from stac_ingest.sync.partitions import Partitions
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.sorted_entries import EntriesFile, EntriesWriter

FOLDER = "index"
REBUILT = f"{FOLDER}/rebuilt"
"""A file that is there from when an index was made anew until a run is published: what the index knew beyond the items
themselves, such as the files that they came from, is to be found out again. Each time it holds another text."""


def index_name(number: int, generation: int) -> str:
    """Return the path of a partition's index below `.sync/`."""
    return f"{FOLDER}/{number}-{generation}.npy"


def partition_of(manifest: SyncManifest | None, number: int) -> Partition | None:
    """Return what is known of a partition; None where it holds nothing."""
    partitions = () if manifest is None else manifest.partitions
    return next((partition for partition in partitions if partition.number == number), None)


def index_of(settings: SyncSettings, partition: Partition, instead: Path | None = None) -> Path:
    """Return the path of a partition's entries, of dtype `HELD` and sorted by key. Where it is lost, it is made anew.

    Args:
        settings: of the sync.
        partition: of the manifest.
        instead: a folder for what is made anew, where nothing of the output is to change.

    Raises:
        DataProcessingError: it is lost, and a part can't be read.

    """
    path = settings.state / partition.index
    if is_sound(path, partition.items):
        return path
    if instead is None:
        try:
            write_atomically(settings.state / REBUILT, secrets.token_hex().encode())
        except OSError as error:
            raise DataProcessingError(f"can't write {settings.state / REBUILT}: {error.strerror or error}") from error
        _rebuild(settings, partition, path)
        return path
    other = instead / path.name
    if not is_sound(other, partition.items):
        _rebuild(settings, partition, other)
    return other


def rebuilt(settings: SyncSettings) -> str | None:
    """Return what tells the last time that an index was made anew from others; None where none was since a run."""
    try:
        return (settings.state / REBUILT).read_text()
    except (OSError, UnicodeDecodeError):
        return None


def is_sound(path: Path, items: int) -> bool:
    """Tell whether an index can be used: it has as many entries as there are items, and they are sorted."""
    try:
        file = EntriesFile(path)
        if file.count != items or file.dtype != HELD:
            return False
        last: tuple[int, int] = (-1, -1)
        for _, some in file.blocks():
            high, low = some["high"], some["low"]
            rises = (high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))
            if not rises.all() or (int(high[0]), int(low[0])) <= last:
                return False
            last = int(high[-1]), int(low[-1])
    except (OSError, ValueError, EOFError, IndexError):
        return False
    return True


class Held(Last):
    """What the last run left, as its manifest says."""

    def __init__(self, settings: SyncSettings, manifest: SyncManifest, instead: Path | None = None) -> None:
        """Look at what is there. Where an index was lost, the source is to be looked at from the beginning.

        Args:
            settings: of the sync.
            manifest: of the last run.
            instead: as `index_of` takes it.

        Raises:
            DataProcessingError: an index is lost, and a part can't be read.

        """
        indexes = [index_of(settings, partition, instead) for partition in manifest.partitions]
        is_lost = (settings.state / REBUILT).exists() or any(index.parent == instead for index in indexes)
        memories = None if manifest.memories is None else settings.state / manifest.memories
        is_known = not is_lost and (memories is None or memories.is_dir())
        super().__init__(
            generation=manifest.generation,
            started_at=int(manifest.started_at * 1e6) if is_known else None,
            server_date=manifest.server_date if is_known else None,
            remembered=manifest.remembered if is_known else {},
            remembered_folder=memories if is_known else None,
            unsettled=manifest.unsettled or not is_known,
        )
        numbers = [partition.number for partition in manifest.partitions]
        object.__setattr__(self, "_indexes", list(zip(numbers, indexes, strict=True)))

    _indexes: list[tuple[int, Path]]

    def held(self) -> Iterator[tuple[int, Entries]]:
        """Yield the entries of each partition, some at a time, with its number."""
        for number, index in self._indexes:
            for _, entries in EntriesFile(index).blocks():
                yield number, entries


def _rebuild(settings: SyncSettings, partition: Partition, path: Path) -> None:
    from stac_ingest.sync.parts import rows_of  # noqa: PLC0415 - it is seldom needed, and pulls in Arrow

    partitions = Partitions(settings.partition)
    try:
        written = EntriesWriter(path, HELD)
        for place, part in enumerate(partition.parts):
            row = 0
            for some in rows_of(settings.output / part.path, np.ones(part.items, bool)):
                for item in some.items():
                    written.add(*about(item, partitions)._replace(partition=partition.number), 0, place, row, False)
                    row += 1
        written.finish()
    except OSError as error:
        raise DataProcessingError(f"can't write {path}: {error.strerror or error}") from error
    if not is_sound(path, partition.items):
        raise DataProcessingError(
            f"items/{partition.folder} doesn't match {settings.output} (its manifest); "
            "remove the output, and sync it anew"
        )
