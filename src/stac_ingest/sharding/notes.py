"""Notes on values that were altered or left out: kept by each shard, and merged by the last job."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO

from stac_ingest.changes import ChangeCollector
from stac_ingest.completeness import NOTES
from stac_ingest.core.atomic import put, replacing
from stac_ingest.core.id_set import IdSet
from stac_ingest.errors import DataProcessingError
from stac_ingest.sharding.manifest import ShardReport, notes_path
from stac_ingest.sharding.plan import Plan
from stac_ingest.sharding.settings import is_object_storage
from stac_ingest.sharding.storage import Storage

_MERGED = f".{NOTES}.merged"


class NotesFile:
    """A file of notes that is there once there is one.

    Attributes:
        changes: takes the notes; what it was given is on disk once it was flushed.

    """

    def __init__(self, path: Path) -> None:
        """Name the file; one of that name must not be there."""
        self.changes = ChangeCollector(self._append)
        self._path = path
        self._stream: IO[bytes] | None = None

    def close(self) -> None:
        """Write what is left. Closing twice is fine.

        Raises:
            OSError: it can't be written.

        """
        self.changes.flush()
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _append(self, lines: bytes) -> None:
        if self._stream is None:
            self._stream = self._path.open("xb")
        self._stream.write(lines)


def merge_notes(
    plan: Plan,
    storage: Storage,
    shards: Iterable[ShardReport],
    more: Callable[[ChangeCollector], Iterable[bytes]],
) -> ChangeCollector:
    """Write `notes.ndjson` beside the manifest, or remove it where there is nothing to note.

    A note that several shards have, since an item came in all of them, is there once. It is read and written a line at
    a time.

    Args:
        plan: of the ingest.
        storage: of the output.
        shards: their reports.
        more: gives the notes of the last job itself, once it is told what those of the shards are.

    Returns:
        The counts of what was merged.

    Raises:
        DataProcessingError: it can't be written, or the notes of a shard are not there.

    """
    merged, known = ChangeCollector(), IdSet()
    state = plan.settings.state_folder
    work = state / _MERGED
    try:
        with replacing(work) as stream:
            for line in chain(chain.from_iterable(_lines(plan, shard) for shard in shards), _later(more, merged)):
                if known.add("", line.decode()):
                    merged.resume(line)
                    stream.write(line)
        _put(work, plan, storage, is_empty=not len(known))
    except OSError as error:
        raise DataProcessingError(f"can't merge the notes of the shards: {error.strerror or error}") from error
    finally:
        work.unlink(missing_ok=True)
    return merged


def _later(more: Callable[[ChangeCollector], Iterable[bytes]], merged: ChangeCollector) -> Iterator[bytes]:
    yield from more(merged)


def _lines(plan: Plan, shard: ShardReport) -> Iterable[bytes]:
    path = notes_path(plan.settings, plan.shards[shard.shard])
    if not path.exists():
        if shard.ingest.changes:
            report = path.name.partition(".")[0] + ".json"
            raise DataProcessingError(f"{path} is missing; remove {report} beside it and run shard {shard.shard} again")
        return
    with path.open("rb") as stream:
        yield from stream


def _put(work: Path, plan: Plan, storage: Storage, *, is_empty: bool) -> None:
    """Put the merged notes in their place: in the state folder too where the output is on object storage."""
    local = plan.settings.state_folder / NOTES if is_object_storage(plan.settings.output) else None
    if is_empty:
        storage.remove(NOTES)
        if local is not None:
            local.unlink(missing_ok=True)
        return
    if local is not None:
        copy = work.with_suffix(".copy")
        shutil.copyfile(work, copy)
        put(copy, local)
    storage.move_in(work, NOTES)
