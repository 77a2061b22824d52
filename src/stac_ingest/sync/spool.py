"""What a task reads, on disk: the texts of items in a file, what is known of each in sorted arrays."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
import orjson
from pydantic import Field, ValidationError

from stac_ingest.core.atomic import replacing
from stac_ingest.core.id_set import key_of
from stac_ingest.core.key_hash import key_hash
from stac_ingest.core.model import Item
from stac_ingest.errors import ConfigurationError, DataProcessingError, ItemError
from stac_ingest.outputs.base import encode_json
from stac_ingest.sharding.plan import Record
from stac_ingest.sync.api.marks import Mark
from stac_ingest.sync.entries import FOUND, SEEN, Entries, about, repeats
from stac_ingest.sync.known import KnownItems
from stac_ingest.sync.partitions import Partitions
from stac_ingest.sync.row_sorter import RowSorter
from stac_ingest.sync.sorted_entries import KEY, EntriesFile, EntriesWriter, save_sorted
from stac_ingest.sync.work import Work

MARK_EVERY = 5000
"""Ids after which the place in their list is kept again."""
_TOGETHER = 10_000
_KEY = struct.Struct("<QQ")
Modify = Callable[[Item], Item | None]


class TaskSpool:
    """The `Sink` of a task. Use it in a `with` block: a block that ends by an error leaves no outcome behind.

    A task that was killed starts over: its files are made anew, but for those of a list of ids, which goes on from the
    last `keep`.

    Attributes:
        items: that came, each time they did.
        ids: that came without their items, those included that an earlier process had listed.
        resumed: of these, the ones that an earlier process had listed.
        dropped: items that a transform left out.
        failures: what could not be kept, and why, as in an `Outcome`.
        spared: numbers of the files that these failures are in.

    """

    def __init__(self, work: Work, task: int, partitions: Partitions, known: KnownItems | None, modify: Modify) -> None:
        """Begin without anything.

        Args:
            work: of the run.
            task: its number.
            partitions: of the output.
            known: what the output holds; None for nothing. The text of an item that is there as it came isn't kept.
            modify: does to an item what a run does; gives None where it isn't to be there.

        Raises:
            OSError: the files can't be made.

        """
        self.items = self.ids = self.dropped = 0
        self.failures: list[tuple[str, str]] = []
        self.spared: set[int] = set()
        self._task = task
        self._partitions = partitions
        self._known = known
        self._modify = modify
        self._offset = 0
        self._found = EntriesWriter(work.found(task), FOUND)
        self._seen_path = work.seen(task)
        self._dropped = EntriesWriter(work.dropped(task), SEEN)
        self._mark_path = work.mark(task)
        kept = _kept(work, task)
        self.mark = None if kept is None else kept.mark
        self.ids = self.resumed = 0 if kept is None else kept.ids
        self._marked = self.ids
        self._sorted: tuple[int, int] | None = None
        """From which of the ids to which are in the sorted file that this process wrote; None before it has."""
        self._listed = _AddedFile(work.listed(task), self.ids * SEEN.itemsize)
        self._wanted = _AddedFile(work.wanted(task), 0 if kept is None else kept.wanted)
        self._stream = work.spool(task).open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self._listed.close()
        self._wanted.close()

    def item(self, item: Item, origin: int = 0) -> None:
        """Take a whole item. One that can't be kept is among the failures then.

        Raises:
            ConfigurationError: a modifier can't be used.
            DataProcessingError: the disk is full.

        """
        modified = self._modified(item, origin)
        if modified is None:
            return
        try:
            text = encode_json(modified)
        except ItemError as error:
            self._fail(key_of(item)[1], error, origin)
            return
        entry = about(modified, self._partitions)
        length = 0
        if self._known is None or self._known.content(entry.high, entry.low) != entry.content:
            length = len(text)
            self._write(lambda: self._stream.write(text + b"\n"))
        self._write(lambda: self._found.add(*entry, origin, self._task, self._offset, length))
        self._offset += length + 1 if length else 0
        self.items += 1

    def seen(self, collection: str, item_id: str) -> None:
        """Take the id of an item that the source has and that isn't read.

        Raises:
            DataProcessingError: the disk is full.

        """
        self._write(lambda: self._listed.add(_KEY.pack(*key_hash(collection, item_id))))
        self.ids += 1

    def wanted(self, collection: str, item_id: str) -> bool:
        """Tell whether an item that is known by its id is not held yet, so that it has to be read.

        Raises:
            DataProcessingError: the disk is full.

        """
        if self._known is not None and self._known.content(*key_hash(collection, item_id)) is not None:
            return False
        self._write(lambda: self._wanted.add(orjson.dumps({"collection": collection, "id": item_id}) + b"\n"))
        return True

    def repeated(self, since: int) -> int:
        """Count the ids that were listed and had been before.

        Args:
            since: so many that were listed first don't count.

        Raises:
            DataProcessingError: the disk is full.

        """
        self._write(lambda: self._sort_listed(since))
        distinct, before = 0, None
        for _, rows in EntriesFile(self._seen_path).blocks():
            distinct += len(rows) - int(repeats(rows).sum()) - (before == rows[0].tolist())
            before = rows[-1].tolist()
        return self.ids - since - distinct

    def keep(self, mark: Mark) -> None:
        """Keep the place in a list of ids, if enough were listed since the last time.

        Raises:
            DataProcessingError: the disk is full.

        """
        if self.ids - self._marked < MARK_EVERY:
            return
        self._marked = self.ids

        def write() -> None:
            self._listed.flush()
            self._wanted.flush()
            kept = _Kept(mark=mark, ids=self.ids, wanted=self._wanted.size)
            with replacing(self._mark_path) as stream:
                stream.write(kept.model_dump_json().encode())

        self._write(write)

    def forget(self) -> None:
        """Begin the list of ids anew.

        Raises:
            DataProcessingError: the disk is full.

        """
        self.mark, self.ids, self.resumed, self._marked, self._sorted = None, 0, 0, 0, None

        def write() -> None:
            self._mark_path.unlink(missing_ok=True)
            self._listed.remove()
            self._wanted.remove()

        self._write(write)

    def finish(self) -> None:
        """Put the arrays in their places, sorted.

        Raises:
            DataProcessingError: the disk is full.

        """
        self._write(self._finish)

    def _finish(self) -> None:
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._wanted.flush()
        self._found.finish()
        self._dropped.finish()
        self._sort_listed()

    def _sort_listed(self, since: int = 0) -> None:
        """Write the hashes of what was listed after so many ids, sorted, unless they are there."""
        if self._sorted == (since, self.ids):
            return
        self._listed.flush()
        seen = RowSorter(self._seen_path, SEEN, KEY)
        for rows in self._listed_before(since):
            seen.add(rows)
        save_sorted(self._seen_path, SEEN, seen)
        self._sorted = since, self.ids

    def _listed_before(self, since: int) -> Iterator[Entries]:
        """Yield what was listed after so many ids and is on disk, some at a time."""
        if not self._listed.size:
            return
        with self._listed.path.open("rb", buffering=0) as stream:
            stream.seek(since * SEEN.itemsize)
            while len(rows := np.fromfile(stream, SEEN, _TOGETHER)):
                yield rows

    def _modified(self, item: Item, origin: int) -> Item | None:
        """Change an item as a run does; None where it isn't to be there, or can't be changed, which is a failure."""
        try:
            changed = self._modify(item)
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - as in a run, a modifier's faults concern one item
            self._fail(key_of(item)[1], error, origin)
            return None
        if changed is None:
            self._write(lambda: self._dropped.add(*key_hash(*key_of(item))))
            self.dropped += 1
        return changed

    def _fail(self, what: str, error: Exception, origin: int) -> None:
        self.failures.append((what, str(error)))
        if origin:
            self.spared.add(origin)

    def _write(self, write: Callable[[], object]) -> None:
        try:
            write()
        except OSError as error:
            raise DataProcessingError(f"can't write to {self._stream.name}: {error.strerror or error}") from error


class _Kept(Record):
    """What of a list of ids is on disk for sure."""

    mark: Mark
    ids: int
    wanted: int = Field(description="bytes of the ids that are wanted")


def _kept(work: Work, task: int) -> _Kept | None:
    """Return what a killed process has kept of a list of ids; None where that is nothing, or isn't all there."""
    try:
        kept = _Kept.model_validate_json(work.mark(task).read_bytes())
        listed, wanted = _size(work.listed(task)), _size(work.wanted(task))
    except (OSError, ValidationError):
        return None
    return kept if listed >= kept.ids * SEEN.itemsize and wanted >= kept.wanted else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


class _AddedFile:
    """A file that grows at its end. It is there once something is in it.

    Attributes:
        path: of it.
        size: bytes that it has, with those that aren't on disk yet.

    """

    def __init__(self, path: Path, size: int) -> None:
        """Go on with a file, of which so many bytes count."""
        self.path, self.size = path, size
        self._stream: IO[bytes] | None = None
        if size:
            os.truncate(path, size)
        else:
            path.unlink(missing_ok=True)

    def add(self, data: bytes) -> None:
        """Write at its end."""
        if self._stream is None:
            self._stream = self.path.open("ab")
        self._stream.write(data)
        self.size += len(data)

    def remove(self) -> None:
        """Begin it anew."""
        self.close()
        self._stream, self.size = None, 0
        self.path.unlink(missing_ok=True)

    def flush(self) -> None:
        """Wait until all of it is on disk."""
        if self._stream is not None:
            self._stream.flush()
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close it."""
        if self._stream is not None:
            self._stream.close()
