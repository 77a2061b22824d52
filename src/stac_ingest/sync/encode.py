"""The first half of a merge: what is added becomes parts, so that what can't be is known before anything is dropped.

An item that can't be written keeps its old row, in this partition or in the one that it would have moved from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import Field, ValidationError

from stac_ingest.core.atomic import replacing, sync_to_disk, write_text
from stac_ingest.core.id_set import key_of
from stac_ingest.core.model import Item
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.outputs.base import encode_json, parsed
from stac_ingest.sharding.plan import Record
from stac_ingest.sync.entries import HELD, SEEN, Entries, about
from stac_ingest.sync.index import load
from stac_ingest.sync.manifest import Partition
from stac_ingest.sync.merge_input import Add, Drop, MergeInput
from stac_ingest.sync.partitions import Partitions
from stac_ingest.sync.parts import even_parts, part_writer, rows_of
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.sorted_entries import save
from stac_ingest.sync.work import Work

_TOGETHER = 250
"""Items that become columns at once."""
_UNWRITABLE = (ItemError, ValueError, TypeError)
_WHAT = {Add.ADDED: "added", Add.CHANGED: "changed", Add.MOVED: "moved", Add.RETURNED: "returned"}
GONE = "gone"


class Unwritten(Record):
    """An item that can't be written."""

    collection: str
    id: str
    error: str
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
    line: bytes
    """Of the journal."""


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
        made = MergeInput.load(work.merge_input(number))
        count = len(made.adds) + int((made.drops["what"] == Drop.MARKED).sum())
        folder = Partitions(settings.partition).folder(number)
        with replacing(files.journal) as journal, ExitStack() as stack:
            writing = _Writing(files, folder, even_parts(count, settings.part_items), journal.write)
            stack.callback(writing.abandon)
            writing.take(_added(made, work, settings))
            writing.take(_marked(made, settings, before))
            encoded = writing.finish()
    except (OSError, ValueError, KeyError) as error:
        raise DataProcessingError(f"can't write to {work.folder}: {error}") from error
    write_text(files.done, encoded.model_dump_json(indent=1) + "\n")
    return encoded


class _Writing:
    """Writes the new parts of a partition."""

    def __init__(self, files: EncodedFiles, folder: str, items: int, note: Callable[[bytes], object]) -> None:
        self._files, self._folder, self._items, self._note = files, folder, items, note
        self._writer: Any = None
        self._rows: list[int] = []
        self._entries: list[Entries] = []
        self._unwritten: list[Unwritten] = []
        self._failed: list[Any] = []

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
        """End the last part, and write what is known of the items."""
        self._end_part()
        save(self._files.entries, np.concatenate(self._entries) if self._entries else np.zeros(0, HELD))
        failed = np.zeros(len(self._failed), SEEN)
        for place, entry in enumerate(self._failed):
            failed[place] = entry["high"], entry["low"]
        save(self._files.failed, failed)
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
            self._failed.append(some[0].entry)
            return
        entries = np.array([one.entry for one in some], HELD)
        entries["part"] = len(self._rows) - 1
        entries["row"] = np.arange(self._rows[-1], self._rows[-1] + len(some))
        self._entries.append(entries)
        self._rows[-1] += len(some)
        for one in some:
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


def _added(made: MergeInput, work: Work, settings: SyncSettings) -> Iterator[_Coming]:
    """Yield the items that are added, by their time: rows that are near in time are asked for together."""
    partitions = Partitions(settings.partition)
    adds = made.adds
    with ExitStack() as stack:
        spools: dict[int, Any] = {}
        for place in np.argsort(adds["entry"]["instant"], kind="stable"):
            add = adds[place]
            entry, what = add["entry"], Add(add["what"])
            task = int(entry["task"])
            if task not in spools:
                spools[task] = stack.enter_context(work.spool(task).open("rb"))
            text = os.pread(spools[task].fileno(), int(entry["length"]), int(entry["offset"]))
            item = parsed(text, work.spool(task))
            held = np.zeros((), HELD)
            for name in set(HELD.names or ()) & set(entry.dtype.names):
                held[name] = entry[name]
            folder = partitions.folder(int(entry["partition"]))
            before = partitions.folder(int(add["from"])) if what != Add.ADDED else None
            yield _Coming(item, held, journal_line(_WHAT[what], key_of(item), folder, before))


def _marked(made: MergeInput, settings: SyncSettings, partition: Partition | None) -> Iterator[_Coming]:
    """Yield the items that are marked as deprecated, a part at a time."""
    marked = made.drops["row"][made.drops["what"] == Drop.MARKED]
    if partition is None or not len(marked):
        return
    partitions = Partitions(settings.partition)
    held = np.array(load(settings, partition)[marked])
    for place, part in enumerate(partition.parts):
        here = np.sort(held[held["part"] == place], order="row")
        kept = np.zeros(part.items, bool)
        kept[here["row"]] = True
        items = _items(rows_of(settings.output / part.path, kept)) if len(here) else iter(())
        for entry, item in zip(here, items, strict=True):
            properties = item.get("properties")
            changed = {
                **item,
                "properties": {**(properties if isinstance(properties, dict) else {}), "deprecated": True},
            }
            new = entry.copy()
            new["content"], new["is_gone"] = about(changed, partitions).content, True
            yield _Coming(changed, new, journal_line(GONE, key_of(item), partition.folder))


def _items(some: Iterable[Any]) -> Iterator[Item]:
    for rows in some:
        yield from rows.items()
