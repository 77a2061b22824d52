"""What a run does to a partition: items that are added to it, rows that are dropped from it."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Self

import numpy as np

from stac_ingest.sync.entries import FOUND, Entries
from stac_ingest.sync.sorted_entries import EntriesFile, save
from stac_ingest.sync.work import Work


class Add(IntEnum):
    """Why an item is added."""

    ADDED = 1
    CHANGED = 2
    MOVED = 3
    """It was in another partition."""
    RETURNED = 4
    """It was gone, and kept or marked."""
    SAVED = 5
    """It was in a part of which not all can be read, and is as it was: the journal doesn't name it."""


class Drop(IntEnum):
    """Why a row is dropped, or what becomes of it."""

    REPLACED = 2
    """An item of the same key is added to this partition."""
    MOVED = 3
    """An item of the same key is added to another one."""
    REMOVED = 4
    MARKED = 5
    """It stays, with `properties.deprecated` set to true, and is known to be gone."""
    KEPT = 6
    """It stays as it is, and is known to be gone."""
    ELSEWHERE = 7
    """It stays as it is; the source has it in another file now."""


ADDS = np.dtype([*FOUND.descr, ("what", "u1"), ("from", "<i4")])
"""An item that is added: where its text is, why, and the partition that it was in (its own where it was in none)."""

DROPS = np.dtype([("row", "<i8"), ("what", "u1"), ("origin", "<u4")])
"""A row by its place in the partition's `HELD`, what becomes of it, and the file that it is in now."""


class MergeInput(NamedTuple):
    """What is done to a partition, in two files that are read from their beginning to their end."""

    adds: EntriesFile
    """Of dtype `ADDS`, in the order of their keys."""
    drops: EntriesFile
    """Of dtype `DROPS`, in the order of their rows."""

    @classmethod
    def of(cls, work: Work, number: int) -> Self:
        """Open that of a partition.

        Raises:
            OSError, ValueError: it isn't there, or is something else.

        """
        return cls(EntriesFile(work.adds(number)), EntriesFile(work.drops(number)))


def save_input(work: Work, number: int, adds: Entries, drops: Entries) -> None:
    """Write what is done to a partition, where that is little.

    Args:
        work: of the run.
        number: of the partition.
        adds: of dtype `ADDS`, sorted by key.
        drops: of dtype `DROPS`, sorted by row.

    Raises:
        OSError: the disk is full.

    """
    save(work.adds(number), adds)
    save(work.drops(number), drops)
