"""Remembers which items were delivered, in about 16 bytes an item."""

from __future__ import annotations

import secrets
from array import array
from typing import Any

_MASK = (1 << 64) - 1
_SHARDS = 64
"""Tables, each for its share of the hashes: one grows at a time, so no single growth holds up the event loop."""
_FIRST_SLOTS = 16

Key = tuple[str, str]
"""Collection and id."""


def key_of(item: dict[str, Any]) -> Key:
    """Tell an item from all others: its collection ("" where it has none) and its id."""
    collection = item.get("collection")
    return (collection if isinstance(collection, str) else "", item["id"])


class IdSet:
    """A set of 64-bit hashes in open-addressed tables.

    The hash is Python's own, with a secret of each set, so nobody can craft ids that collide, whatever
    `PYTHONHASHSEED` says. Two of a million items share a hash with a chance of 3e-8.
    """

    def __init__(self) -> None:
        self._secret = secrets.randbits(64)
        self._tables = [array("Q", bytes(8 * _FIRST_SLOTS)) for _ in range(_SHARDS)]
        self._used = [0] * _SHARDS

    def add(self, collection: str, item_id: str) -> bool:
        """Remember an item; tell whether it is new."""
        key = hash((self._secret, collection, item_id)) & _MASK or 1
        shard = key % _SHARDS
        table = self._tables[shard]
        mask = len(table) - 1
        slot = key // _SHARDS & mask
        while (stored := table[slot]) != 0:
            if stored == key:
                return False
            slot = (slot + 1) & mask
        table[slot] = key
        self._used[shard] += 1
        if self._used[shard] * 4 >= len(table) * 3:
            self._grow(shard)
        return True

    def __len__(self) -> int:
        return sum(self._used)

    def _grow(self, shard: int) -> None:
        larger = array("Q", bytes(16 * len(self._tables[shard])))
        for key in self._tables[shard]:
            if key:
                larger[_free(larger, key)] = key
        self._tables[shard] = larger


def _free(table: array[int], key: int) -> int:
    """Find the slot of a key that isn't in a table."""
    mask = len(table) - 1
    slot = key // _SHARDS & mask
    while table[slot]:
        slot = (slot + 1) & mask
    return slot
