"""Rows of a hash and a number, sorted by hash, in memory or in a file: a row is found by a few short looks.

Hashes lie evenly, so where one is can be computed but for some rows. This is interpolation search, which needs about
log2(log2(n)) looks at n rows (Perl, Itai, Avni: Interpolation search - a log log N search, Communications of the ACM 21
(1978), 550-553).
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

COLUMNS = 3
ROW_BYTES = 8 * COLUMNS
TYPE = np.dtype("<u8")
_ROW = Struct("<QQQ")
_TOGETHER = 128
"""Rows of a look."""
_APART = 4096
"""Rows from one landmark to the next. Nineteen in twenty of those between lie less than half a look off."""
_BISECT_EVERY = 4
"""Looks of which one halves what is left: hashes that somebody has chosen need not lie evenly."""
_KEYS = 1 << 64

Rows = NDArray[np.uint64]
"""Of shape (rows, 3): the high and the low 64 bits of the hash, and the number beside it."""
Read = Callable[[int, int], bytes]
"""Gives the rows from a first one up to, and without, a last one: three numbers of 64 bits each, little-endian."""


class Entry(NamedTuple):
    """A row that was found."""

    place: int
    """Among all rows, from 0 on."""
    number: int


def in_file(descriptor: int, offset: int = 0) -> Read:
    """Return what reads the rows that lie in a file from an offset on; a ValueError says that it is too short."""

    def read(start: int, stop: int) -> bytes:
        # Not mapped: pages that were looked at would count as memory of the process.
        data = os.pread(descriptor, (stop - start) * ROW_BYTES, offset + start * ROW_BYTES)
        if len(data) < (stop - start) * ROW_BYTES:
            raise ValueError(f"a file of sorted hashes ends before row {stop:,}")
        return data

    return read


def in_memory(rows: Rows) -> Read:
    """Return what gives the rows of an array."""
    return lambda start, stop: rows[start:stop].tobytes()


def as_rows(data: bytes) -> Rows:
    """Return what a `Read` gives as an array."""
    return np.frombuffer(data, TYPE).reshape(-1, COLUMNS)


class Stretch(NamedTuple):
    """Rows among which a hash is, if it is anywhere."""

    begin: int
    """The first of them."""
    end: int
    """The row behind them. It may be the one, too."""
    begin_key: int
    """The high half of the hash of the row before them, which is lower than the one that is looked for; -1 for none."""
    end_key: int
    """That of the row behind them, which isn't lower."""


class Landmarks:
    """The hash of one in many rows: with them, the place of another is computed but for a few rows, and read at once.

    A row lies off its computed place by the square root of the rows from which that is computed, over two.
    """

    def __init__(self, read: Read, count: int) -> None:
        """Read the landmarks, 2 bytes for a thousand rows.

        Args:
            read: gives rows, sorted by hash.
            count: how many rows there are.

        Raises:
            OSError, ValueError: the rows can't be read.

        """
        self._count = count
        self._keys = array("Q", (_high(read(at, at + 1), 0) for at in range(_APART, count, _APART)))

    def around(self, high: int) -> Stretch:
        """Return the rows among which the first one with the high half of a hash is."""
        number = bisect_left(self._keys, high)
        begin, before = (number * _APART + 1, self._keys[number - 1]) if number else (0, -1)
        if number == len(self._keys):
            return Stretch(begin, self._count, before, _KEYS)
        return Stretch(begin, (number + 1) * _APART, before, self._keys[number])


def find(read: Read, count: int, high: int, low: int, near: Stretch | None = None) -> Iterator[Entry]:
    """Yield the rows with a hash, in their order.

    Args:
        read: gives rows, which are sorted by the high half of the hash.
        count: how many rows there are.
        high: the high 64 bits of the hash.
        low: the others.
        near: rows among which the first of them is; None for all.

    Raises:
        OSError, ValueError: the rows can't be read.

    """
    place, data = _first(read, count, high, near or Stretch(0, count, -1, _KEYS))
    while place < count:
        for row_high, row_low, beside in _ROW.iter_unpack(data):
            if row_high != high:
                return
            if row_low == low:
                yield Entry(place, beside)
            place += 1
        data = read(place, min(count, place + _TOGETHER))


def _first(read: Read, count: int, high: int, near: Stretch) -> tuple[int, bytes]:
    """Return the place of the first row with the high half of a hash, and rows from there on; else the end of all rows.

    No rows come with a place that has to be looked at yet. An array of the rows isn't made: that
    takes several times as long as to read them.
    """
    wanted = high.to_bytes(8, "little")
    begin, end, begin_key, end_key = near
    looks = 0
    while begin < end:
        looks += 1
        if looks % _BISECT_EVERY:
            about = begin + (high - begin_key) * (end - begin) // (end_key - begin_key)
        else:
            about = (begin + end) // 2
        start = min(max(begin, about - _TOGETHER // 2), max(begin, end - _TOGETHER))
        stop = min(end, start + _TOGETHER)
        data = read(start, stop)
        lowest, highest = _high(data, 0), _high(data, len(data) - ROW_BYTES)
        if highest < high and stop < end:
            begin, begin_key = stop, highest
        elif lowest >= high and start > begin:
            end, end_key = start, lowest
        elif highest < high:
            return stop, b""  # behind them are rows that weren't looked at
        else:
            at = data.find(wanted)
            while at % ROW_BYTES and at > 0:  # no row begins there
                at = data.find(wanted, at + 1)
            return (count, b"") if at < 0 else (start + at // ROW_BYTES, data[at:])
    return begin, b""


def _high(data: bytes, at: int) -> int:
    """Return the high half of the hash of the row that begins at a byte."""
    return int.from_bytes(data[at : at + 8], "little")
