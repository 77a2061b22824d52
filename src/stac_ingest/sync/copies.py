"""Where further copies of items are, that are held from another file: 20 bytes for each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stac_ingest.core.distinct import are_in, distinct
from stac_ingest.sync.entries import Entries
from stac_ingest.sync.sorted_entries import save

COPIES = np.dtype([("high", "<u8"), ("low", "<u8"), ("origin", "<u4")])
"""A copy of an item, by its key and the number of the file that it is in."""
_NAME, _BEFORE = "copies.npy", "copies-before.npy"
_Numbers = NDArray[Any]


def no_copies() -> Entries:
    """Return none."""
    return np.zeros(0, COPIES)


def remembered_copies(folder: Path | None) -> Entries | None:
    """Return what the last run has noted; None where it is lost."""
    try:
        copies: Entries | None = None if folder is None else np.load(folder / _NAME)
    except (OSError, ValueError, EOFError):
        return None
    return copies if copies is not None and copies.dtype == COPIES else None


def keep_before(folder: Path, copies: Entries) -> None:
    """Keep what was known before a run in the folder of its memories.

    Raises:
        OSError: it can't be written.

    """
    save(folder / _BEFORE, copies)


def settle_copies(folder: Path, unread: _Numbers, found: Entries) -> None:
    """Note what is known after a run: what was known of the files that were not read, and what was found in others.

    Args:
        folder: of the run's memories.
        unread: numbers of the files that are there, and of which not all was read.
        found: copies in the files that were read.

    Raises:
        OSError: it can't be written.

    """
    before: Entries = np.load(folder / _BEFORE)
    before = before[are_in(before["origin"], unread)]
    save(folder / _NAME, distinct(np.concatenate([before, found])))


def files_with_copies(copies: Entries, held: Iterable[tuple[int, Entries]], origins: _Numbers) -> _Numbers:
    """Return the numbers of files that have copies of items which are held from others.

    Args:
        copies: that are known.
        held: the entries of each partition.
        origins: numbers of these other files.

    """
    if not len(copies) or not len(origins):
        return np.zeros(0, copies["origin"].dtype)
    touched = np.zeros(len(copies), bool)
    for _, entries in held:
        # Half of the key will do: to read a file too many does no harm.
        touched |= are_in(copies["high"], entries["high"][are_in(entries["origin"], origins)])
    return distinct(copies["origin"][touched])
