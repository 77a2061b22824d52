"""What the command has written, in a journal: a line for every batch, added when the batch is on disk.

Without Arrow it opens in a millisecond; `CheckpointManager`, whose Parquet other programs read, takes a third of a
second longer.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from stac_ingest.checkpoints.journal_file import ASK_OUTPUT, line_of, read_journal
from stac_ingest.checkpoints.manager import set_previous_aside, unusable, unwritable
from stac_ingest.core.atomic import replacing, sync_to_disk, write_all
from stac_ingest.core.file_names import safe_name
from stac_ingest.core.id_set import Key
from stac_ingest.errors import ConfigurationError, DataProcessingError

if TYPE_CHECKING:
    from stac_ingest.checkpoints.earlier import EarlierRecords

SUFFIX = ".journal"
_BUFFERED = 1000
"""Records kept in memory before they are written."""
_IDS_OF_A_LINE = 10_000
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC

_Written: TypeAlias = tuple[str, str | None, Sequence[str]]
"""Collection, path and ids."""


class Journal:
    """Keeps which items were written, at `{root}/{workflow_id}/{collection_id}.journal`.

    An item is known by its collection and its id; one that says no collection is of the journal's own. Records are
    buffered, and on disk after `flush`, which also happens every thousand records and on `close`. Safe to use from
    threads.

    Attributes:
        set_aside: the copy of a journal that is damaged, or checkpoints of an earlier release that are; the journal
            itself where the output has to say what it holds, see `forget_items`.
        earlier_layout: whether the records are of a release that knew items by their ids alone.

    """

    def __init__(
        self,
        workflow_id: str,
        collection_id: str,
        root: Path,
        *,
        resume: bool,
        logger: logging.Logger | None = None,
    ) -> None:
        """Open a journal, or begin one: its file is there once it has a record.

        What an earlier release has kept is read once, and goes on in the journal.

        Args:
            workflow_id: first part of the path; made safe where it isn't a plain name.
            collection_id: second part of the path, likewise.
            root: folder of all checkpoints.
            resume: keep earlier records; else they are renamed to `.<name>.previous` and kept.
            logger: takes the warnings about records that can't be read.

        Raises:
            ConfigurationError: the path can't be used.

        """
        self.collection_id = collection_id
        self.set_aside: list[Path] = []
        self.earlier_layout = False
        self._workflow_id, self._root = workflow_id, root
        folder = root / safe_name(workflow_id)
        self._path = folder / f"{safe_name(collection_id)}{SUFFIX}"
        self._logger = logger or logging.getLogger(__name__)
        self._lock = threading.RLock()
        self._completed: dict[str, set[str]] = {collection_id: set()}
        self._failed: set[Key] = set()
        self._anywhere: set[str] = set()
        """Ids that count for any collection, see `earlier_layout`."""
        self._lines: list[bytes] = []
        self._buffered = 0
        self._is_damaged = False
        """Whether the file has a line that isn't sound."""
        self._descriptor = -1
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if resume:
                self._resume()
            else:
                self._forget()
        except OSError as error:
            raise ConfigurationError(unusable(self._path, error)) from error

    def get_checkpoint_path(self) -> Path:
        """Return where the records are."""
        return self._path

    @property
    def completed_count(self) -> int:
        """How many items are completed."""
        return sum(map(len, self._completed.values()))

    @property
    def failed_count(self) -> int:
        """How many items failed at their last try."""
        return len(self._failed)

    def is_completed(self, item_id: str, collection_id: str | None = None) -> bool:
        """Whether the item was written by the last stage."""
        completed = self._completed.get(collection_id or self.collection_id)
        return (completed is not None and item_id in completed) or item_id in self._anywhere

    def mark_completed(
        self, item_id: str, output_path: str | os.PathLike[str] | None = None, collection_id: str | None = None
    ) -> None:
        """Record that an item was written; see `mark_all_completed`."""
        self.mark_all_completed([(item_id, output_path)], collection_id)

    def mark_all_completed(
        self, written: Iterable[tuple[str, str | os.PathLike[str] | None]], collection_id: str | None = None
    ) -> None:
        """Record that items were written.

        Args:
            written: id of each, and the file that holds it, where there is one.
            collection_id: the items' collection; else the journal's own.

        Raises:
            DataProcessingError: the journal can't be written.

        """
        self.mark_together({collection_id or self.collection_id: written})

    def mark_together(self, written: Mapping[str, Iterable[tuple[str, str | os.PathLike[str] | None]]]) -> None:
        """Record items of several collections, which reach the disk in the same flush; see `mark_all_completed`."""
        with self._lock:
            for collection, pairs in written.items():
                self._add(collection or self.collection_id, pairs)
            self._flush_when_full()

    def _add(self, collection: str, written: Iterable[tuple[str, str | os.PathLike[str] | None]]) -> None:
        by_path: dict[str | None, list[str]] = {}
        for item_id, path in written:
            by_path.setdefault(None if path is None else os.fspath(path), []).append(item_id)
        completed = self._completed.setdefault(collection, set())
        for path, ids in by_path.items():
            completed.update(ids)
            if self._failed:
                self._failed.difference_update([(collection, item_id) for item_id in ids])
            self._lines.append(line_of({"collection": collection, "path": path, "ids": ids}))
            self._buffered += len(ids)

    def mark_failed(self, item_id: str, error: object, collection_id: str | None = None) -> None:
        """Record that an item could not be written; it will be tried again on resume.

        Args:
            item_id: the item's id.
            error: kept as text.
            collection_id: the item's collection; else the journal's own.

        Raises:
            DataProcessingError: the journal can't be written.

        """
        collection = collection_id or self.collection_id
        with self._lock:
            self._failed.add((collection, item_id))
            self._completed.setdefault(collection, set()).discard(item_id)
            self._lines.append(line_of({"collection": collection, "id": item_id, "error": str(error)}))
            self._buffered += 1
            self._flush_when_full()

    def replace(self, written: Iterable[tuple[Key, str]]) -> None:
        """Put records of written items in the place of all that there are; on disk when this returns.

        Args:
            written: collection, id and path of each item.

        Raises:
            DataProcessingError: they can't be written.

        """
        found: dict[tuple[str, str], list[str]] = {}
        for (name, item_id), path in written:
            found.setdefault((name or self.collection_id, path), []).append(item_id)
        with self._lock:
            self._completed = {self.collection_id: set()}
            for (collection, _), ids in found.items():
                self._completed.setdefault(collection, set()).update(ids)
            self._failed.clear()
            self._lines, self._buffered = [], 0
            with self._writing():
                self._write_anew((collection, path, ids) for (collection, path), ids in found.items())
                self._retire_earlier()
            self._anywhere, self.earlier_layout, self.set_aside = set(), False, []

    def flush(self) -> None:
        """Put what is buffered on disk.

        Raises:
            DataProcessingError: it can't be written; the records stay in the buffer.

        """
        with self._lock:
            if not self._lines:
                return
            with self._writing():
                self._append(b"".join(self._lines))
            self._lines, self._buffered = [], 0

    def close(self) -> None:
        """Flush, and close the file.

        Raises:
            DataProcessingError: the records can't be written.

        """
        with self._lock:
            try:
                self.flush()
            finally:
                self._close()

    def _resume(self) -> None:
        from stac_ingest.checkpoints import earlier  # noqa: PLC0415 - who begins needs none of it

        if self._path.exists() or self._path.is_symlink():
            self._load()
        elif earlier.is_there(self._path.with_suffix(".parquet")):
            self._adopt(earlier.earlier_records(self._workflow_id, self.collection_id, self._root, self._logger))
        else:
            self._look_in_others()

    def _forget(self) -> None:
        set_previous_aside(self._path)
        self._retire_earlier()

    def _load(self) -> None:
        """Read the journal. Where a line isn't sound, be it the last of a killed run, the output has to be asked.

        Until it was, the file stays as it is: a kill before that must not leave sound records that aren't all.
        """
        found = read_journal(self._path)
        self._completed |= found.completed
        self._failed = found.failed
        if found.is_sound:
            return
        self._is_damaged = True
        if found.asks_output:
            self.set_aside.append(self._path)
            return
        damaged = self._path.with_name(f"_{self._path.name}.corrupt")
        damaged.unlink(missing_ok=True)
        shutil.copyfile(self._path, damaged)
        self.set_aside.append(damaged)
        self._logger.warning("the checkpoint %s is damaged and was copied to %s", self._path, damaged.name)

    def _adopt(self, records: EarlierRecords) -> None:
        """Go on from the records of an earlier release; where these can't be relied on, once the output was asked."""
        self._completed |= records.completed
        self.set_aside = records.damaged
        if records.by_id_alone:
            self.earlier_layout = True
            self._anywhere = set().union(*records.completed.values())
        if not records.damaged and not records.by_id_alone:
            self._write_anew(self._all())
            self._retire_earlier()

    def _look_in_others(self) -> None:
        """Take over what runs that asked for no collection, or for another one, have written of this one."""
        found: set[str] = set()
        for path in sorted(self._path.parent.glob(f"[!._]*{SUFFIX}")):
            found |= read_journal(path).completed.get(self.collection_id, set())
        if found:
            self._completed[self.collection_id] = found
            self._write_anew(self._all())

    def _retire_earlier(self) -> None:
        """Set aside what an earlier release has kept."""
        set_previous_aside(self._path.with_suffix(".parquet"))
        self._path.with_suffix(".collections.json").unlink(missing_ok=True)

    def _all(self) -> Iterator[_Written]:
        return ((collection, None, list(ids)) for collection, ids in self._completed.items())

    def _write_anew(self, written: Iterable[_Written]) -> None:
        """Write these records alone, whole or not at all."""
        self._close()
        with replacing(self._path, sync="name") as stream:
            for collection, path, ids in written:
                for start in range(0, len(ids), _IDS_OF_A_LINE):
                    some = ids[start : start + _IDS_OF_A_LINE]
                    stream.write(line_of({"collection": collection, "path": path, "ids": some}))
        self._is_damaged = False

    def _append(self, lines: bytes) -> None:
        if self._is_damaged:
            self._write_anew(self._all())
        if self._descriptor < 0:
            is_new = not self._path.exists()
            self._descriptor = os.open(self._path, _APPEND, 0o666)
            if is_new:
                sync_to_disk(self._path.parent)
        before = os.fstat(self._descriptor).st_size
        try:
            write_all(self._descriptor, lines)
            os.fsync(self._descriptor)
        except OSError:
            # Half a line in front of the next one would be damage.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, before)
            raise

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _flush_when_full(self) -> None:
        if self._buffered >= _BUFFERED:
            self.flush()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Have what the disk refuses name the journal."""
        try:
            yield
        except OSError as error:
            raise DataProcessingError(unwritable(self._path, error)) from error


def forget_items(folder: Path) -> None:
    """Have each journal of a folder know nothing, before an output is changed by other means than a run.

    A run that resumes asks the output then which items it holds.

    Args:
        folder: of the checkpoints of one output.

    Raises:
        OSError: a journal can't be written.

    """
    for path in folder.glob(f"[!._]*{SUFFIX}"):
        with replacing(path, sync="name") as stream:
            stream.write(line_of(ASK_OUTPUT))
