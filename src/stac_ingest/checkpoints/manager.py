"""What has been written already, so that a run that was interrupted resumes where it stopped."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

from stac_ingest.checkpoints.parts import PartStore
from stac_ingest.core.file_names import safe_name
from stac_ingest.core.id_set import Key
from stac_ingest.core.text import encodable
from stac_ingest.errors import ConfigurationError, DataProcessingError

if TYPE_CHECKING:
    from stac_ingest.checkpoints.tables import Row

_SUPERSEDED_SHARE = 10
"""Compact when a tenth of the stored records are out of date: each such record pays for ten rewritten ones at most."""


class CheckpointManager:
    """Keeps a record per item: whether it was written by the last stage, where, or why not.

    An item is known by its collection and its id. Where no collection is given, it is the manager's own.

    Records are buffered, and on disk after `flush`, which also happens at every `buffer_size` records and on `close`.
    The latest record of an item counts; a failed item is not completed, so it is tried again. Safe to use from threads.

    `get_checkpoint_path()` is a folder of parts; `pandas.read_parquet` reads it as one table. An item whose record was
    replaced lately may have two rows there until `close`, the valid one last.
    """

    def __init__(
        self,
        workflow_id: str,
        collection_id: str,
        checkpoint_root: str | os.PathLike[str] = "./checkpoints",
        buffer_size: int = 1000,
        resume_from_existing: bool = True,
        *,
        clock: Callable[[], float] = time.time,
        logger: logging.Logger | None = None,
    ) -> None:
        """Open or begin a checkpoint. Its folder is there afterwards.

        Args:
            workflow_id: first part of the path; made safe where it isn't a plain name.
            collection_id: second part of the path, likewise.
            checkpoint_root: folder of all checkpoints.
            buffer_size: records kept in memory before they are written, at least 1.
            resume_from_existing: keep earlier records; else they are renamed to `.<name>.previous` and kept.
            clock: gives the Unix time in seconds for the records.
            logger: takes the warnings about parts that can't be read.

        Raises:
            ConfigurationError: an empty id, a buffer size below 1, or a path that can't be used.

        """
        if not workflow_id or not collection_id:
            raise ConfigurationError("a checkpoint needs a workflow_id and a collection_id")
        if buffer_size < 1:
            raise ConfigurationError(f"buffer_size must be at least 1, found {buffer_size}")
        self.workflow_id = workflow_id
        self.collection_id = collection_id
        self._path = Path(checkpoint_root) / safe_name(workflow_id) / f"{safe_name(collection_id)}.parquet"
        self._buffer_size = buffer_size
        self._clock = clock
        self._lock = threading.RLock()
        self._buffer: dict[str, dict[str, Row]] = {}
        """By collection and id."""
        self._buffered = 0
        own: set[str] = set()
        names = (None, "", collection_id, encodable(collection_id))
        self._completed: dict[str | None, set[str]] = dict.fromkeys(names, own)
        self._failed: set[Key] = set()
        self._earlier: AbstractSet[str] = frozenset()
        self._stored_rows = 0
        self._superseded = 0
        logger = logger or logging.getLogger(__name__)
        try:
            self._adopt_single_file(logger)
            if not resume_from_existing:
                set_previous_aside(self._path)
            self._path.mkdir(parents=True, exist_ok=True)
            self._store = PartStore(self._path, logger)
            self._load()
            if self._store.earlier_layout:
                self._earlier = own
        except OSError as error:
            raise ConfigurationError(unusable(self._path, error)) from error

    def get_checkpoint_path(self) -> Path:
        """Return the folder of the records.

        Returns:
            `{root}/{workflow_id}/{collection_id}.parquet`, a folder of Parquet files, whether or not it has records
            yet.

        """
        return self._path

    @property
    def completed_count(self) -> int:
        """How many items are completed."""
        return self._in_memory()

    @property
    def failed_count(self) -> int:
        """How many items failed at their last try."""
        return len(self._failed)

    @property
    def rows_written(self) -> int:
        """Records written to disk since opening, rewriting included: what the checkpoint costs."""
        return self._store.rows_written

    @property
    def set_aside(self) -> list[Path]:
        """Parts that could not be read and were renamed."""
        return self._store.set_aside

    @property
    def earlier_layout(self) -> bool:
        """Whether the records are of a release that knew items by their ids alone.

        Then a record counts for that id in whatever collection, until `replace` has said which items they are.
        """
        return bool(self._earlier)

    def is_completed(self, item_id: str, collection_id: str | None = None) -> bool:
        """Return whether the last stage has written an item.

        Args:
            item_id: the `id` of the item.
            collection_id: the item's collection. None, and the empty string, stand for the manager's own.

        Returns:
            True for an item that is marked completed, in this run or in an earlier one; False for one that failed.

        """
        completed = self._completed.get(collection_id)
        if completed is None:
            completed = self._begin(collection_id)
        return item_id in completed or item_id in self._earlier

    def completed_ids(self) -> AbstractSet[str]:
        """Return the ids of the completed items of the manager's own collection.

        Returns:
            The manager's own set, which grows with each mark. Copy it before you change it.

        """
        return self._completed[None]

    def completed_by_collection(self) -> dict[str, set[str]]:
        """Return the ids of all completed items, by collection.

        Returns:
            Collection id to a new set of item ids. The manager's own collection is always a key.

        """
        return {self.collection_id: set(self._completed[None])} | {
            name: set(completed) for name, completed in self._of_others().items()
        }

    def contains(self, item_id: str, collection_id: str | None = None) -> bool:
        """Return whether an item is completed: stac-manager's name of `is_completed`.

        Args:
            item_id: as of `is_completed`.
            collection_id: as of `is_completed`.

        Returns:
            What `is_completed` returns.

        """
        return self.is_completed(item_id, collection_id)

    def mark_completed(
        self, item_id: str, output_path: str | os.PathLike[str] | None = None, collection_id: str | None = None
    ) -> None:
        """Record that an item was written. It is on disk after the next flush.

        Args:
            item_id: the `id` of the item.
            output_path: the file that holds the item; None where the output has no file for it.
            collection_id: the item's collection. None stands for the manager's own.

        Raises:
            DataProcessingError: the buffer is full, and it can't be written.

        """
        self.mark_all_completed([(item_id, output_path)], collection_id)

    def mark_all_completed(
        self, written: Iterable[tuple[str, str | os.PathLike[str] | None]], collection_id: str | None = None
    ) -> None:
        """Record many written items of one collection. They reach the disk in the same flush.

        Args:
            written: the id of each item, and the file that holds it or None.
            collection_id: the collection of all of them. None stands for the manager's own.

        Raises:
            DataProcessingError: the buffer is full, and it can't be written.

        """
        self.mark_together({collection_id or self.collection_id: written})

    def mark_together(self, written: Mapping[str, Iterable[tuple[str, str | os.PathLike[str] | None]]]) -> None:
        """Record written items of several collections. They reach the disk in the same flush.

        Args:
            written: for each collection id, the id of each item and the file that holds it or None. The empty
                collection
                id stands for the manager's own.

        Raises:
            DataProcessingError: the buffer is full, and it can't be written.

        """
        with self._lock:
            for collection, pairs in written.items():
                self._add_completed(collection or self.collection_id, pairs)
            self._flush_when_full()

    def mark_failed(self, item_id: str, error: object, collection_id: str | None = None) -> None:
        """Record that an item could not be written. A resumed run tries it again.

        Args:
            item_id: the `id` of the item.
            error: what went wrong; `str(error)` is kept.
            collection_id: the item's collection. None stands for the manager's own.

        Raises:
            DataProcessingError: the buffer is full, and it can't be written.

        """
        collection = collection_id or self.collection_id
        key = (collection, item_id)
        with self._lock:
            completed = self._completed_of(collection)
            self._note(key, completed)
            self._failed.add(key)
            completed.discard(item_id)
            rows = self._buffer.setdefault(collection, {})
            self._buffered += item_id not in rows
            rows[item_id] = (item_id, collection, None, False, self._clock(), str(error))
            self._flush_when_full()

    def replace(self, written: Iterable[tuple[Key, str]]) -> None:
        """Put records of written items in the place of all that there are; on disk when this returns.

        Args:
            written: collection, id and path of each item.

        Raises:
            DataProcessingError: they can't be written.

        """
        now = self._clock()
        with self._lock:
            self._earlier = frozenset()
            for completed in self._completed.values():
                completed.clear()
            self._failed.clear()
            self._forget_buffer()
            rows: dict[Key, Row] = {}
            for (name, item_id), path in written:
                collection = name or self.collection_id
                self._completed_of(collection).add(item_id)
                rows[collection, item_id] = (item_id, collection, path, True, now, None)
            with self._writing() as tables:
                self._store.replace(tables.from_rows(rows.values()))
            self._stored_rows, self._superseded = len(rows), 0

    def add(self, record: Mapping[str, Any] | object) -> None:
        """Record one item: stac-manager's form of `mark_completed` and `mark_failed`.

        Args:
            record: a mapping, or an object with attributes: `item_id`, and where known `completed` (True if it isn't
                given),
                `output_path` and `error`.

        Raises:
            KeyError: the record has no `item_id`.
            DataProcessingError: the buffer is full, and it can't be written.

        """
        fields = record if isinstance(record, Mapping) else vars(record)
        if fields.get("completed", True):
            self.mark_completed(fields["item_id"], fields.get("output_path"))
        else:
            self.mark_failed(fields["item_id"], fields.get("error") or "")

    def save(self, records: Iterable[Mapping[str, Any] | object]) -> None:
        """Record items and flush: stac-manager's form of `mark_all_completed`.

        Args:
            records: as of `add`.

        Raises:
            KeyError: a record has no `item_id`.
            DataProcessingError: the records can't be written.

        """
        for record in records:
            self.add(record)
        self.flush()

    def flush(self) -> None:
        """Put what is buffered on disk.

        Raises:
            DataProcessingError: it can't be written; the records stay in the buffer.

        """
        with self._lock:
            if not self._buffered:
                return
            with self._writing() as tables:
                rows = chain.from_iterable(each.values() for each in self._buffer.values())
                self._store.append(tables.from_rows(rows))
                self._stored_rows += self._buffered
                self._forget_buffer()
                if self._superseded * _SUPERSEDED_SHARE >= self._stored_rows:
                    self._compact()

    def close(self) -> None:
        """Flush, and leave one record per item.

        Raises:
            DataProcessingError: the records can't be written.

        """
        with self._lock:
            self.flush()
            if self._superseded:
                self._compact()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add_completed(self, collection: str, written: Iterable[tuple[str, str | os.PathLike[str] | None]]) -> None:
        now = self._clock()
        completed = self._completed_of(collection)
        rows = self._buffer.setdefault(collection, {})
        before = len(rows)
        for item_id, path in written:
            if self._failed or item_id in completed:
                self._note((collection, item_id), completed)
                self._failed.discard((collection, item_id))
            completed.add(item_id)
            rows[item_id] = (item_id, collection, None if path is None else os.fspath(path), True, now, None)
        self._buffered += len(rows) - before

    def _in_memory(self) -> int:
        return len(self._completed[None]) + sum(map(len, self._of_others().values()))

    def _completed_of(self, collection: str) -> set[str]:
        completed = self._completed.get(collection)
        return self._begin(collection) if completed is None else completed

    def _begin(self, collection: str | None) -> set[str]:
        """Return the completed items of a collection that is met for the first time."""
        return self._completed.setdefault(collection, set())

    def _of_others(self) -> dict[str, set[str]]:
        """Return the completed items of other collections than the manager's own."""
        own = self._completed[None]
        return {name: completed for name, completed in self._completed.items() if name and completed is not own}

    def _note(self, key: Key, completed: set[str]) -> None:
        if key[1] not in self._buffer.get(key[0], ()) and (key[1] in completed or key in self._failed):
            self._superseded += 1

    def _flush_when_full(self) -> None:
        if self._buffered >= self._buffer_size:
            self.flush()

    def _forget_buffer(self) -> None:
        self._buffer.clear()
        self._buffered = 0

    def _compact(self) -> None:
        self._stored_rows = self._store.compact()
        self._superseded = 0

    @contextlib.contextmanager
    def _writing(self) -> Iterator[ModuleType]:
        """Yield the module that makes tables of records; an error of the disk names the checkpoint.

        Yields:
            `stac_ingest.checkpoints.tables`.

        Raises:
            DataProcessingError: the disk refuses what the caller writes.

        """
        from stac_ingest.checkpoints import tables  # noqa: PLC0415 - see `parts`

        try:
            yield tables
        except OSError as error:
            raise DataProcessingError(unwritable(self._path, error)) from error

    def _load(self) -> None:
        for table in self._store.tables(["collection_id", "item_id", "completed"]):
            from stac_ingest.checkpoints.tables import split_ids  # noqa: PLC0415 - see `parts`

            for collection, (done, failed) in split_ids(table).items():
                completed = self._completed_of(collection)
                completed.update(done)
                completed.difference_update(failed)
                self._failed.difference_update([(collection, item_id) for item_id in done])
                self._failed.update([(collection, item_id) for item_id in failed])
            self._stored_rows += table.num_rows
        self._superseded = self._stored_rows - self._in_memory() - len(self._failed)

    def _adopt_single_file(self, logger: logging.Logger) -> None:
        """Take over a checkpoint that is one file; also finish a half-made adoption."""
        ready = self._path.with_name(f".{self._path.name}.adopting")
        if self._path.is_file() or ready.is_dir():
            from stac_ingest.checkpoints.stac_manager import adopt  # noqa: PLC0415 - needs Arrow

            kept = self._path.with_name(f".{self._path.name}.single-file")
            adopt(self._path, kept, ready, self.collection_id, logger)


def unusable(path: Path, error: OSError) -> str:
    """Return the message of a checkpoint that can't be opened."""
    return f"the checkpoint {path} can't be used: {error.strerror or error}"


def unwritable(path: Path, error: OSError) -> str:
    """Return the message of a checkpoint that can't be written to."""
    return f"the checkpoint {path} can't be written: {error.strerror or error}"


def set_previous_aside(path: Path) -> None:
    """Rename the checkpoint at a path to `.<name>.previous`, in the place of what has that name.

    Raises:
        OSError: it can't be renamed.

    """
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return  # an empty folder is no reason to give up the records that were set aside before it
    previous = path.with_name(f".{path.name}.previous")
    if previous.is_dir():
        shutil.rmtree(previous)
    path.replace(previous)
