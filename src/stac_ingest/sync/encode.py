"""The first half of a merge: what is added becomes parts, so that what can't be is known before anything is dropped.

An item that can't be written keeps its old row, in this partition or in the one that it would have moved from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

import numpy as np
from pydantic import Field, ValidationError

from stac_ingest.core.atomic import replacing, sync_to_disk, write_text
from stac_ingest.core.id_set import key_of
from stac_ingest.core.model import Item
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.outputs.base import encode_json, parsed
from stac_ingest.sharding.plan import Record, Words
from stac_ingest.sync.entries import HELD, SEEN, Entries, about
from stac_ingest.sync.index import index_of
from stac_ingest.sync.manifest import Partition
from stac_ingest.sync.merge_input import ADDS, Add, Drop, MergeInput
from stac_ingest.sync.partitions import Partitions
from stac_ingest.sync.parts import PLACE, by_part, even_parts, part_writer, rows_of
from stac_ingest.sync.row_sorter import RowSorter
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.sorted_entries import EntriesFile, save, writing
from stac_ingest.sync.work import Work

_TOGETHER = 250
"""Items that become columns at once."""
_UNWRITABLE = (ItemError, ValueError, TypeError)
_WHAT = {Add.ADDED: "added", Add.CHANGED: "changed", Add.MOVED: "moved", Add.RETURNED: "returned"}
GONE = "gone"
_SHARED = [name for name in HELD.names or () if name in (ADDS.names or ())]
_OPEN = 64
"""Spools that are open at once."""


class Unwritten(Record):
    """An item that can't be written."""

    collection: str
    id: str
    error: Words
    origin: int = Field(description="the number of the file that it is in; 0 for none")


class Encoded(Record):
    """What became of what is added to a partition."""

    files: list[int] = Field(description="how many items each of the new parts has")
    unwritten: list[Unwritten]


class _Coming(NamedTuple):
    """An item that is to be written, and what is known of it."""

    item: Item
    entry: Any
    """Of dtype `HELD`, but for the place."""
    line: bytes | None
    """Of the journal; None for an item that has not changed."""


class EncodedFiles:
    """Names the files of a partition's first half."""

    def __init__(self, work: Work, number: int) -> None:
        """Say which partition of which run."""
        self._work = work.folder
        self._number = number

    def part(self, place: int) -> Path:
        """Return the path of a new part."""
        return self._work / f"adds-{self._number}-{place}.parquet"

    @property
    def entries(self) -> Path:
        """The path of `HELD` of what was written, in its order."""
        return self._work / f"adds-{self._number}.npy"

    @property
    def failed(self) -> Path:
        """The path of the keys of what could not be written, as `SEEN`."""
        return self._work / f"failed-{self._number}.npy"

    @property
    def journal(self) -> Path:
        """The path of the journal's lines of what was written."""
        return self._work / f"adds-{self._number}.ndjson"

    @property
    def done(self) -> Path:
        """The path of `Encoded`, which is written last."""
        return self._work / f"encoded-{self._number}.json"

    def read(self) -> Encoded | None:
        """Return what became of it; None where that isn't done."""
        try:
            return Encoded.model_validate_json(self.done.read_bytes())
        except (OSError, ValidationError):
            return None


def encode_adds(settings: SyncSettings, before: Partition | None, work: Work, number: int) -> Encoded:
    """Write what is added to a partition, and what is marked in it, to parts in the folder of the run.

    Args:
        settings: of the sync.
        before: what the partition held before the run; None for nothing.
        work: of the run.
        number: of the partition.

    Raises:
        DataProcessingError: the disk is full, or a part that holds a marked item can't be read.

    """
    files = EncodedFiles(work, number)
    done = files.read()
    if done is not None and all(files.part(place).exists() for place in range(len(done.files))):
        return done  # else a merge was killed when some had gone to their places
    files.done.unlink(missing_ok=True)
    try:
        made = MergeInput.of(work, number)
        marked = sum(int((drops["what"] == Drop.MARKED).sum()) for _, drops in made.drops.blocks())
        folder = Partitions(settings.partition).folder(number)
        size = even_parts(made.adds.count + marked, settings.part_items)
        with replacing(files.journal) as journal, writing(files.entries, HELD) as entries, ExitStack() as stack:
            coming = _Writing(files, folder, size, journal.write, entries.add)
            stack.callback(coming.abandon)
            coming.take(_added(work, number, settings))
            if marked:
                coming.take(_marked(work, number, settings, before))
            encoded = coming.finish()
    except (OSError, ValueError, KeyError) as error:
        raise DataProcessingError(f"can't write to {work.folder}: {error}") from error
    write_text(files.done, encoded.model_dump_json(indent=1) + "\n")
    return encoded


class _Writing:
    """Writes the new parts of a partition."""

    def __init__(
        self,
        files: EncodedFiles,
        folder: str,
        items: int,
        note: Callable[[bytes], object],
        keep: Callable[[Entries], object],
    ) -> None:
        self._files, self._folder, self._items, self._note, self._keep = files, folder, items, note, keep
        self._writer: Any = None
        self._rows: list[int] = []
        self._unwritten: list[Unwritten] = []
        self._failed: list[tuple[int, int]] = []

    def take(self, coming: Iterator[_Coming]) -> None:
        """Write items."""
        waiting: list[_Coming] = []
        for one in coming:
            waiting.append(one)
            if len(waiting) >= min(_TOGETHER, self._items):
                self._write(waiting)
                waiting = []
        if waiting:
            self._write(waiting)

    def finish(self) -> Encoded:
        """End the last part, and write the keys of what could not be written."""
        self._end_part()
        save(self._files.failed, np.array(self._failed, SEEN))
        return Encoded(files=self._rows, unwritten=self._unwritten)

    def abandon(self) -> None:
        if self._writer is not None:
            self._writer.abandon()

    def _write(self, some: Sequence[_Coming]) -> None:
        if self._writer is None:
            self._writer = part_writer(self._files.part(len(self._rows)), self._folder)
            self._rows.append(0)
        try:
            self._writer.write([one.item for one in some])
        except _UNWRITABLE as error:
            if len(some) > 1:
                half = len(some) // 2
                self._write(some[:half])
                self._write(some[half:])
                return
            collection, item_id = key_of(some[0].item)
            origin = int(some[0].entry["origin"])
            self._unwritten.append(Unwritten(collection=collection, id=item_id, error=str(error), origin=origin))
            self._failed.append((some[0].entry["high"], some[0].entry["low"]))
            return
        entries = np.array([one.entry for one in some], HELD)
        entries["part"] = len(self._rows) - 1
        entries["row"] = np.arange(self._rows[-1], self._rows[-1] + len(some))
        self._keep(entries)
        self._rows[-1] += len(some)
        for one in some:
            if one.line is not None:
                self._note(one.line + b"\n")
        if self._rows[-1] >= self._items:
            self._end_part()

    def _end_part(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        if not self._rows[-1]:
            self._rows.pop()
            writer.abandon()
            return
        writer.close()
        sync_to_disk(self._files.part(len(self._rows) - 1))


def journal_line(what: str, key: tuple[str, str], folder: str, before: str | None = None) -> bytes:
    """Make a line of the journal.

    Args:
        what: has become of an item.
        key: of the item.
        folder: of its partition.
        before: the folder of the partition that it was in, where that is another one.

    """
    line = {"what": what, "collection": key[0], "id": key[1], "partition": folder}
    if before not in (None, folder):
        line["from"] = before
    return encode_json(line)


def _added(work: Work, number: int, settings: SyncSettings) -> Iterator[_Coming]:
    """Yield the items that are added, by their time: rows that are near in time are asked for together."""
    partitions = Partitions(settings.partition)
    by_time = RowSorter(work.folder / f"by-time-{number}", ADDS, ("instant", "task", "offset"))
    for _, adds in MergeInput.of(work, number).adds.blocks():
        by_time.add(adds)
    with _Spools(work) as spools:
        for adds in by_time.blocks():
            for add in adds:
                what = Add(add["what"])
                item = spools.item(int(add["task"]), int(add["offset"]), int(add["length"]))
                held = np.zeros((), HELD)
                for name in _SHARED:
                    held[name] = add[name]
                folder = partitions.folder(int(add["partition"]))
                before = partitions.folder(int(add["from"])) if what != Add.ADDED else None
                line = None if what == Add.SAVED else journal_line(_WHAT[what], key_of(item), folder, before)
                yield _Coming(item, held, line)
    by_time.remove()


class _Spools:
    """Reads texts of items from the spools of tasks, of which some are open at a time."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._open: dict[int, IO[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._open.values():
            stream.close()

    def item(self, task: int, offset: int, length: int) -> Item:
        """Return an item that a task has read."""
        if task not in self._open:
            if len(self._open) == _OPEN:
                self._open.pop(next(iter(self._open))).close()
            self._open[task] = self._work.spool(task).open("rb")
        return parsed(os.pread(self._open[task].fileno(), length, offset), self._work.spool(task))


def _marked(work: Work, number: int, settings: SyncSettings, partition: Partition | None) -> Iterator[_Coming]:
    """Yield the items that are marked as deprecated, a part at a time."""
    if partition is None:
        return
    partitions = Partitions(settings.partition)
    marked = RowSorter(work.folder / f"marked-{number}", HELD, PLACE)
    drops = MergeInput.of(work, number).drops
    for start, held in EntriesFile(index_of(settings, partition)).blocks():
        dropped = drops.until(start + len(held), by="row")
        marked.add(held[dropped["row"][dropped["what"] == Drop.MARKED] - start])
    for place, pieces in by_part(marked.blocks()):
        part, here = partition.parts[place], np.concatenate(list(pieces))
        kept = np.zeros(part.items, bool)
        kept[here["row"]] = True
        items = _items(rows_of(settings.output / part.path, kept))
        for entry, item in zip(here, items, strict=True):
            properties = item.get("properties")
            changed = {
                **item,
                "properties": {**(properties if isinstance(properties, dict) else {}), "deprecated": True},
            }
            new = entry.copy()
            new["content"], new["is_gone"] = about(changed, partitions).content, True
            yield _Coming(changed, new, journal_line(GONE, key_of(item), partition.folder))
    marked.remove()


def _items(some: Iterable[Any]) -> Iterator[Item]:
    for rows in some:
        yield from rows.items()
