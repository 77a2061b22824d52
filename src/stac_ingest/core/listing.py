"""The names of a folder's files, sorted, in little memory however many they are.

A million names are 110 MB as Python's strings. So where there are many, they are sorted in runs, merged, and kept in
compressed blocks: about a tenth of that.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from heapq import merge
from itertools import chain, islice
from typing import overload

RUN = 100_000
"""Names that are kept as they are."""
BLOCK = 1024
"""Names of a compressed block: what is unpacked for one of them."""


class NameSorter:
    """Takes names a few at a time, and gives all of them sorted.

    Attributes:
        count: of the names.

    """

    def __init__(self) -> None:
        self._runs: list[PackedNames] = []
        self._waiting: list[str] = []
        self.count = 0

    def add(self, names: Sequence[str]) -> None:
        """Take some more names."""
        self.count += len(names)
        self._waiting += names
        if len(self._waiting) >= RUN:
            self._waiting.sort()
            self._runs.append(PackedNames(self._waiting))
            self._waiting = []

    def first(self, count: int) -> list[str]:
        """Give some of the names, to show them."""
        return sorted(self._runs[0][:count] if self._runs else self._waiting)[:count]

    def result(self) -> Sequence[str]:
        """Give all names. Nothing can be added afterwards."""
        self._waiting.sort()
        if not self._runs:
            return self._waiting
        return PackedNames(merge(*(each.drain() for each in self._runs), self._waiting))


def kept(names: Iterable[str]) -> Sequence[str]:
    """Return names, which are sorted already, as a sequence that takes little memory."""
    remaining = iter(names)
    few = list(islice(remaining, RUN))
    return few if len(few) < RUN else PackedNames(chain(few, remaining))


def place_of(names: Sequence[str], name: str) -> int:
    """Return the place of a name in a sorted sequence, or where it would be, as `bisect_left` does.

    `bisect_left` itself would unpack another block for most of the names that it looks at.
    """
    return names.place(name) if isinstance(names, PackedNames) else bisect_left(names, name)


class PackedNames(Sequence[str]):
    """A sequence of names in compressed blocks; they need not be UTF-8. Safe to use from threads."""

    def __init__(self, names: Iterable[str]) -> None:
        """Pack the names in their order."""
        self._blocks: list[bytes] = []
        self._firsts: list[str] = []
        """The first name of each block."""
        self._count = 0
        remaining = iter(names)
        while block := list(islice(remaining, BLOCK)):
            self._count += len(block)
            self._firsts.append(block[0])
            self._blocks.append(zlib.compress("\0".join(block).encode("utf-8", "surrogateescape"), 1))
        self._block = lru_cache(maxsize=8)(self._unpacked)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return self._slice(range(self._count)[index])
        number, at = divmod(range(self._count)[index], BLOCK)
        return self._block(number)[at]

    def __iter__(self) -> Iterator[str]:
        for number in range(len(self._blocks)):
            yield from self._unpacked(number)

    def place(self, name: str) -> int:
        """Return what `bisect_left` returns, where the names are sorted; one block is unpacked."""
        number = bisect_left(self._firsts, name) - 1
        return 0 if number < 0 else number * BLOCK + bisect_left(self._block(number), name)

    def drain(self) -> Iterator[str]:
        """Yield the names and forget them block by block."""
        self._count = 0
        self._firsts.clear()
        while self._blocks:
            names = self._unpacked(0)
            del self._blocks[0]
            yield from names

    def _slice(self, wanted: range) -> list[str]:
        if wanted.step != 1:
            return [self[index] for index in wanted]
        names: list[str] = []
        at = wanted.start
        while at < wanted.stop:
            number, start = divmod(at, BLOCK)
            some = self._block(number)[start : start + wanted.stop - at]
            names += some
            at += len(some)
        return names

    def _unpacked(self, number: int) -> list[str]:
        return zlib.decompress(self._blocks[number]).decode("utf-8", "surrogateescape").split("\0")
