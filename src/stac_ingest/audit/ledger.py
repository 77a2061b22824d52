"""Which items one side has: 24 bytes for each, in sorted arrays of NumPy."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

from stac_ingest.core.key_hash import key_hash, text_hash

_Numbers = NDArray[np.uint64]


class Ledger:
    """Keeps 128 bits of a hash of each item's key, and a number of 64 bits beside it.

    Two of five million keys share a hash with a chance of 4e-26. The number is a hash of the content, or where the item
    is in a file.
    """

    def __init__(self, *, by_id: bool = False) -> None:
        """Begin without any.

        Args:
            by_id: whether the id alone is an item's key; else its collection belongs to it.

        """
        self._by_id = by_id
        self._adding = [array("Q"), array("Q"), array("Q")]
        self._sorted: tuple[_Numbers, _Numbers, _Numbers] | None = None

    def __len__(self) -> int:
        return len(self._adding[0]) if self._sorted is None else len(self._sorted[0])

    def add(self, collection: str, item_id: str, number: int = 0) -> None:
        """Add an item, before the first is looked for."""
        high, low = self._key(collection, item_id)
        for column, value in zip(self._adding, (high, low, number), strict=True):
            column.append(value)

    def sort(self) -> None:
        """Get ready to find items. One column after another is replaced, so that few are there twice."""
        if self._sorted is not None:
            return
        order = np.argsort(np.frombuffer(self._adding[0], np.uint64) if self._adding[0] else np.zeros(0, np.uint64))
        made = []
        for number, column in enumerate(self._adding):
            made.append(np.frombuffer(column, np.uint64)[order] if column else np.zeros(0, np.uint64))
            self._adding[number] = array("Q")
        self._sorted = (made[0], made[1], made[2])

    def find(self, collection: str, item_id: str) -> list[int]:
        """Return the places of an item in the sorted order; more than one where it was added more often."""
        self.sort()
        assert self._sorted is not None
        highs, lows, _ = self._sorted
        high, low = self._key(collection, item_id)
        place = int(np.searchsorted(highs, np.uint64(high)))
        found = []
        while place < len(highs) and highs[place] == high:
            if lows[place] == low:
                found.append(place)
            place += 1
        return found

    def number(self, place: int) -> int:
        """Return the number beside the item of a place."""
        assert self._sorted is not None, "find comes first"
        return int(self._sorted[2][place])

    def _key(self, collection: str, item_id: str) -> tuple[int, int]:
        return text_hash(item_id) if self._by_id else key_hash(collection, item_id)
