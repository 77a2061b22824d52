"""What a run does to a partition: items that are added to it, rows that are dropped from it."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stac_ingest.core.atomic import replacing
from stac_ingest.sync.entries import FOUND, Entries


class Add(IntEnum):
    """Why an item is added."""

    ADDED = 1
    CHANGED = 2
    MOVED = 3
    """It was in another partition."""
    RETURNED = 4
    """It was gone, and kept or marked."""


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


ADDS = np.dtype([("entry", FOUND), ("what", "u1"), ("from", "<i4")])
"""An item that is added: where its text is, why, and the partition that it was in (its own where it was in none)."""

DROPS = np.dtype([("row", "<i8"), ("what", "u1"), ("origin", "<u4")])
"""A row by its place in the partition's `HELD`, what becomes of it, and the file that it is in now."""


class MergeInput(NamedTuple):
    """What is done to a partition."""

    adds: Entries
    """Of dtype `ADDS`, in the order of their keys."""
    drops: Entries
    """Of dtype `DROPS`, in the order of their rows."""

    def save(self, path: Path) -> None:
        """Write it.

        Raises:
            OSError: the disk is full.

        """
        with replacing(path) as stream:
            entries, drops = self.adds["entry"], self.drops
            np.savez(
                stream,
                add_task=entries["task"],
                add_offset=entries["offset"],
                add_length=entries["length"],
                add_entry=entries,
                add_what=self.adds["what"],
                add_from=self.adds["from"],
                drop_row=drops["row"],
                drop_what=drops["what"],
                drop_origin=drops["origin"],
            )
