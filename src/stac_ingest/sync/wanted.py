"""Items that the source has by their ids, that aren't held, and that are read by these ids then.

Their ids stay on disk: some of them are in memory at a time, however many there are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import numpy as np
import orjson

from stac_ingest.core.atomic import write_lines
from stac_ingest.core.distinct import are_in
from stac_ingest.core.key_hash import key_hash
from stac_ingest.sync.api.ids_task import task_of_named
from stac_ingest.sync.api.task_size import items_of_a_task
from stac_ingest.sync.entries import FOUND, Entries, repeats
from stac_ingest.sync.plan import Task
from stac_ingest.sync.row_sorter import RowSorter
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.sorted_entries import EntriesWriter, Ranges, together
from stac_ingest.sync.work import Work

_NAMED = np.dtype(
    [
        ("high", "<u8"),
        ("low", "<u8"),
        ("collection", "<u8"),  # the hash of its name
        ("task", "<u4"),
        ("offset", "<u8"),  # of its line among those of the task
        ("length", "<u4"),
    ]
)
"""An id that is wanted."""


def wanted_tasks(settings: SyncSettings, work: Work, tasks: Sequence[Task]) -> list[Task]:
    """Plan to read the items that the tasks have named as wanted, and that none of them has read.

    Args:
        settings: of the sync.
        work: of the run.
        tasks: of its plan, all of them done.

    Returns:
        The same tasks for the same files, with the numbers behind those of the plan.

    Raises:
        DataProcessingError: their ids can't be written.
        OSError, ValueError: the files of the run can't be read or written.

    """
    naming = [task.number for task in tasks if work.wanted(task.number).exists()]
    if not naming:
        return []
    _sort(work, naming)
    unread = RowSorter(work.named, _NAMED, ("collection", "task", "offset"))
    for named, found in Ranges([[work.sorted_wanted], [work.found(task.number) for task in tasks]]):
        unread.add(_unread(together(named, _NAMED), together(found, FOUND)))
    if not len(unread):
        return []
    write_lines(work.named, _lines(work, naming, unread))
    unread.remove()
    size = items_of_a_task(len(unread), settings.config.limit, settings.task_items)
    return list(_cut(work, len(tasks), size))


def _sort(work: Work, naming: Sequence[int]) -> None:
    """Write where each id is, sorted by its key."""
    writer = EntriesWriter(work.sorted_wanted, _NAMED)
    for number in naming:
        offset = 0
        with work.wanted(number).open("rb") as lines:
            for line in lines:
                named = orjson.loads(line)
                key = key_hash(named["collection"], named["id"])
                writer.add(*key, key_hash(named["collection"], "")[0], number, offset, len(line))
                offset += len(line)
    writer.finish()


def _unread(named: Entries, found: Entries) -> Entries:
    """Return the ids of items that no task has read, each once."""
    # Half of the key will do: an item that is taken for another one is late by a run.
    some = named[~are_in(named["high"], found["high"])]
    each_once: Entries = some[~repeats(some)]
    return each_once


def _lines(work: Work, naming: Sequence[int], unread: RowSorter) -> Iterator[bytes]:
    with ExitStack() as stack:
        streams = {number: stack.enter_context(work.wanted(number).open("rb")) for number in naming}
        for rows in unread.blocks():
            for task, offset, length in rows[["task", "offset", "length"]].tolist():
                yield os.pread(streams[task].fileno(), length, offset).rstrip(b"\n")


def _cut(work: Work, first: int, size: int) -> Iterator[Task]:
    """Yield tasks for stretches of the ids that were written."""
    number, start, at, count = first, 0, 0, 0
    with work.named.open("rb") as lines:
        for line in lines:
            at, count = at + len(line), count + 1
            if count == size:
                yield task_of_named(number, work.generation, (start, at), count)
                number, start, count = number + 1, at, 0
    if count:
        yield task_of_named(number, work.generation, (start, at), count)
