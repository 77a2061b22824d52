"""Where items are that the output holds, looked up by key: 24 bytes for each item, on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stac_ingest.sync.entries import by_key
from stac_ingest.sync.hash_file import HashFile
from stac_ingest.sync.sorted_entries import Ranges, writing

_PLACES = np.dtype([("high", "<u8"), ("low", "<u8"), ("place", "<u8")])
_ROW_BITS = 32


class Place(NamedTuple):
    """Where an item is."""

    partition: int
    row: int
    """Of the partition's index."""


class HeldPlaces:
    """Finds items in the indexes of all partitions."""

    def __init__(self, path: Path, indexes: Mapping[int, Path]) -> None:
        """Write a file of all places, and open it.

        Args:
            path: of the file.
            indexes: the files of entries, by the numbers of their partitions.

        Raises:
            OSError, ValueError: an index can't be read, or the file can't be written.

        """
        self._partitions = list(indexes)
        with writing(path, _PLACES) as file:
            for (stretches,) in Ranges([list(indexes.values())]):
                made = [np.zeros(0, _PLACES)]
                for number, (start, entries) in enumerate(stretches):
                    some = np.empty(len(entries), _PLACES)
                    some["high"], some["low"] = entries["high"], entries["low"]
                    some["place"] = (number << _ROW_BITS) + np.arange(start, start + len(entries))
                    made.append(some)
                file.add(by_key(np.concatenate(made)))
        self._file = HashFile(path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def find(self, high: int, low: int) -> Place | None:
        """Return where an item is, by the two halves of its key's hash; None where it isn't held."""
        place = self._file.number(high, low)
        return None if place is None else Place(self._partitions[place >> _ROW_BITS], place % (1 << _ROW_BITS))
