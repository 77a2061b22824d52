"""What a task reads, on disk: the texts of items in a file, what is known of each in sorted arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import orjson

from stac_ingest.core.id_set import key_of
from stac_ingest.core.key_hash import key_hash
from stac_ingest.core.model import Item
from stac_ingest.errors import ConfigurationError, DataProcessingError, ItemError
from stac_ingest.outputs.base import encode_json
from stac_ingest.sync.entries import FOUND, SEEN, about
from stac_ingest.sync.known import KnownItems
from stac_ingest.sync.partitions import Partitions
from stac_ingest.sync.sorted_entries import EntriesWriter
from stac_ingest.sync.work import Work

Modify = Callable[[Item], Item | None]


class TaskSpool:
    """The `Sink` of a task. Use it in a `with` block: a block that ends by an error leaves no outcome behind.

    A task that was killed starts over: its files are made anew.

    Attributes:
        items: that came, each time they did.
        ids: that came without their items.
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
        self._seen = EntriesWriter(work.seen(task), SEEN)
        self._dropped = EntriesWriter(work.dropped(task), SEEN)
        self._wanted = _LinesFile(work.wanted(task))
        self._stream = work.spool(task).open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
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
        self._write(lambda: self._seen.add(*key_hash(collection, item_id)))
        self.ids += 1

    def wanted(self, collection: str, item_id: str) -> bool:
        """Tell whether an item that is known by its id is not held yet, so that it has to be read.

        Raises:
            DataProcessingError: the disk is full.

        """
        if self._known is not None and self._known.content(*key_hash(collection, item_id)) is not None:
            return False
        self._write(lambda: self._wanted.add(orjson.dumps({"collection": collection, "id": item_id})))
        return True

    def finish(self) -> None:
        """Put the arrays in their places, sorted.

        Raises:
            DataProcessingError: the disk is full.

        """
        self._write(self._stream.flush)
        self._write(self._found.finish)
        self._write(self._seen.finish)
        self._write(self._dropped.finish)

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


class _LinesFile:
    """A file that is there once there is a line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: IO[bytes] | None = None
        path.unlink(missing_ok=True)

    def add(self, line: bytes) -> None:
        if self._stream is None:
            self._stream = self._path.open("wb")
        self._stream.write(line + b"\n")

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
