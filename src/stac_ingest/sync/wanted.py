"""Items that the source has by their ids, that aren't held, and that are read by these ids then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import orjson

from stac_ingest.core.id_set import Key
from stac_ingest.core.key_hash import key_hash
from stac_ingest.sync.api.ids_task import task_of_ids
from stac_ingest.sync.plan import Task
from stac_ingest.sync.sorted_entries import Ranges
from stac_ingest.sync.work import Work

_TOGETHER = 20_000
"""Ids that are compared at once."""


def wanted_tasks(work: Work, tasks: Sequence[Task], together: int) -> list[Task]:
    """Plan to read the items that the tasks have named as wanted, and that none of them has read.

    Args:
        work: of the run.
        tasks: of its plan, all of them done.
        together: items of a task.

    Returns:
        The same tasks for the same files, with the numbers behind those of the plan.

    Raises:
        OSError, ValueError: the files of the run can't be read.

    """
    left: dict[Key, None] = {}
    named = _named(work, tasks)
    while keys := list(islice(named, _TOGETHER)):
        left.update(dict.fromkeys(_unread(work, tasks, keys)))
    keys = [*left]
    return [
        task_of_ids(len(tasks) + number, keys[start : start + together])
        for number, start in enumerate(range(0, len(keys), together))
    ]


def _unread(work: Work, tasks: Sequence[Task], keys: Sequence[Key]) -> Iterator[Key]:
    """Yield the keys of items that no task has read."""
    highs = np.array([key_hash(*key)[0] for key in keys], np.uint64)
    is_read = np.zeros(len(keys), bool)
    for (stretches,) in Ranges([[work.found(task.number) for task in tasks]]):
        for stretch in stretches:
            is_read |= np.isin(highs, stretch.entries["high"])
    return (key for key, found in zip(keys, is_read.tolist(), strict=True) if not found)


def _named(work: Work, tasks: Sequence[Task]) -> Iterator[Key]:
    for task in tasks:
        path = work.wanted(task.number)
        if path.exists():
            with path.open("rb") as lines:
                for line in lines:
                    named = orjson.loads(line)
                    yield named["collection"], named["id"]
