"""Remembers which items were delivered, in about 16 bytes an item."""

from __future__ import annotations

from array import array

_MASK = (1 << 64) - 1


class Seen:
    """A set of 64-bit hashes in one open-addressed table.

    The hash is Python's own of the two strings, keyed afresh in each process, so nobody can craft ids that collide. Two
    of a million items share a hash with a chance of 3e-8.
    """

    def __init__(self) -> None:
        self._table = array("Q", bytes(8 << 10))
        self._used = 0

    def add(self, collection: str, item_id: str) -> bool:
        """Remember an item; tell whether it is new."""
        key = hash((collection, item_id)) & _MASK or 1
        if self._used * 4 >= len(self._table) * 3:
            self._grow()
        if not _place(self._table, key):
            return False
        self._used += 1
        return True

    def __len__(self) -> int:
        return self._used

    def _grow(self) -> None:
        larger = array("Q", bytes(16 * len(self._table)))
        for key in self._table:
            if key:
                _place(larger, key)
        self._table = larger


def _place(table: array[int], key: int) -> bool:
    mask = len(table) - 1
    slot = key & mask
    while (found := table[slot]) != 0:
        if found == key:
            return False
        slot = (slot + 1) & mask
    table[slot] = key
    return True
