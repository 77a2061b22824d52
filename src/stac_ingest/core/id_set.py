"""Remembers which items were delivered, in a dozen bytes each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import Enum, auto
from typing import Any, Protocol

_FEW = 1 << 15
"""Items that are kept as they are, in a set of Python's, the fastest there is: some 100 bytes each, 3 MB in all."""
_BUCKETS = 1 << 14
_NONE_YET = object()

Key = tuple[str, str]
"""Collection and id."""


class Delivery(Enum):
    """What an item is that a source has delivered."""

    NEW = auto()
    SHARED = auto()
    """It came in another part of the source before."""
    REPEATED = auto()
    """It came before, in the same part or in this one too."""


class Deliveries(Protocol):
    """Knows which items a source has delivered."""

    def add(self, collection: str, item_id: str, part: int) -> Delivery:
        """Take note of an item that came in a part of the source; tell whether it came before, and where."""


def key_of(item: dict[str, Any]) -> Key:
    """Tell an item from all others: its collection ("" where it has none) and its id."""
    collection = item.get("collection")
    return (collection if isinstance(collection, str) else "", item["id"])


class IdSet:
    """A set of items by collection and id: the first of them as they are, and once they are many, 8 bytes for each.

    These are a hash, Python's own with a secret of each set, so nobody can craft ids that collide, whatever
    `PYTHONHASHSEED` says. Two of a million items share a hash with a chance of 3e-8.
    """

    def __init__(self) -> None:
        self._secret = int.from_bytes(os.urandom(8))
        self._first: object = _NONE_YET
        """The collection of the first item. Its ids stand for themselves: often there is no other collection."""
        self._few: set[str | Key] | None = set()
        self._buckets: list[bytes] = []
        self._many = 0

    def add(self, collection: str, item_id: str) -> bool:
        """Remember an item; tell whether it is new."""
        few = self._few
        if few is None:
            return self._put(collection, item_id)
        if self._first is _NONE_YET:
            self._first = collection
        key = item_id if collection == self._first else (collection, item_id)
        if key in few:
            return False
        few.add(key)
        if len(few) >= _FEW:
            self.pack()
        return True

    def add_item(self, item: dict[str, Any]) -> bool:
        """Remember an item, known by its `key_of`; tell whether it is new. Who adds many calls `pack` in between.

        What has no id that is text is no item, and always new: the rows of any table are handed on.
        """
        few = self._few
        if few is None or item.get("collection") != self._first:
            return not isinstance(item.get("id"), str) or self.add(*key_of(item))
        # What follows is done for each item of a source, in a third of a microsecond.
        try:
            count = len(few)
            few.add(item["id"])
            return len(few) != count or type(item["id"]) is not str
        except (KeyError, TypeError):
            pass
        return True

    def repeated(self, keys: Sequence[Key]) -> list[int]:
        """Remember items; return which of them, by number, came before. A key with an empty id is of none."""
        few, first = self._few, self._first
        if few is None or any(collection != first for collection, _ in keys):
            return [number for number, key in enumerate(keys) if key[1] and not self.add(*key)]
        # The usual batch, of one collection and without a repeated id, is one operation.
        ids = [item_id for _, item_id in keys]
        unlike = set(ids)
        if len(unlike) == len(ids) and "" not in unlike and few.isdisjoint(unlike):
            few |= unlike
            self.pack()
            return []
        return [number for number, key in enumerate(keys) if key[1] and not self.add(*key)]

    def pack(self) -> None:
        """Keep hashes alone, where there are many items."""
        few = self._few
        if few is None or len(few) < _FEW:
            return
        self._few = None
        self._buckets = [b""] * _BUCKETS
        for key in few:
            if isinstance(key, str):
                self._put(str(self._first), key)
            elif isinstance(key, tuple):
                self._put(*key)

    def has(self, collection: str, item_id: str) -> bool:
        """Tell whether an item was added."""
        if self._few is not None:
            return (item_id if collection == self._first else (collection, item_id)) in self._few
        number, entry = self._entry(collection, item_id)
        return entry in self._buckets[number]

    def __len__(self) -> int:
        return self._many if self._few is None else len(self._few)

    def _entry(self, collection: str, item_id: str) -> tuple[int, bytes]:
        """Return the bucket of an item, and what stands for it there."""
        key = hash((self._secret, collection, item_id))
        return key % _BUCKETS, key.to_bytes(8, "little", signed=True)

    def _put(self, collection: str, item_id: str) -> bool:
        # Never more than a bucket is copied, so no growth holds up the event loop.
        number, entry = self._entry(collection, item_id)
        bucket = self._buckets[number]
        if entry in bucket:
            return False
        self._buckets[number] = bucket + entry
        self._many += 1
        return True


class DeliveredItems:
    """Which items a source has delivered, where it is read in parts that may share items.

    Stretches of time share their edges, and items that last; a worker that takes over a part of another's stretch may
    be sent what that one has received already. What came in two parts for such a reason is no duplicate of the server.
    """

    def __init__(self) -> None:
        self._secret = int.from_bytes(os.urandom(8))
        self._few: dict[int, int] | None = {}
        self._buckets: list[bytes] = []
        self._elsewhere = IdSet()

    def add(self, collection: str, item_id: str, part: int) -> Delivery:
        """Remember an item that came in a part, a number below 2**32; tell whether it came before, and where."""
        first = self._first(hash((self._secret, collection, item_id)), part)
        if first is None:
            return Delivery.NEW
        if first != part and self._elsewhere.add(f"{part}/{collection}", item_id):
            return Delivery.SHARED
        return Delivery.REPEATED

    def _first(self, key: int, part: int) -> int | None:
        """Return the part that an item came in first; None where it is this one."""
        if self._few is None:
            return self._put(key, part)
        first = self._few.get(key)
        if first is None:
            self._few[key] = part
            if len(self._few) >= _FEW:
                few, self._few, self._buckets = self._few, None, [b""] * _BUCKETS
                for known, its_part in few.items():
                    self._put(known, its_part)
        return first

    def _put(self, key: int, part: int) -> int | None:
        bucket = self._buckets[key % _BUCKETS]
        entry = key.to_bytes(8, "little", signed=True)
        at = bucket.find(entry)
        if at >= 0:
            return int.from_bytes(bucket[at + 8 : at + 12], "little")
        self._buckets[key % _BUCKETS] = bucket + entry + part.to_bytes(4, "little")
        return None
