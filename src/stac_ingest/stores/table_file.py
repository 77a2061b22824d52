"""A Parquet file in a store, as Arrow reads it: few requests, for ranges that are known before they are needed."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.stores.objects import Store, StoredObject

GAP = 64 << 10
"""Bytes between two ranges that are read rather than left out by another request."""
PIECE = 8 << 20
"""Bytes of one request, at most."""
HELD = 64 << 20
"""Bytes of a row group that are held at once. Of a larger one pieces are read when they are needed."""
_LEAST = 256 << 10
"""Bytes of a piece that is read when it is needed, at least."""
FOOTER = 64 << 10
"""Bytes at the end that Arrow reads at first."""

Span = tuple[int, int]
"""First byte, and the one behind the last."""


class _Block(NamedTuple):
    start: int
    data: bytes

    @property
    def stop(self) -> int:
        """The byte behind the last."""
        return self.start + len(self.data)


_stop = attrgetter("stop")


class StoredTable:
    """One object, and what is held of it. For one thread at a time."""

    def __init__(self, store: Store, of: StoredObject) -> None:
        self.of = of
        self._store = store
        self._blocks: list[_Block] = []
        self._planned: list[Span] = []
        self._failed: DataProcessingError | None = None
        self._tail: _Block | None = None

    def another(self) -> StoredTable:
        """Return the same object, for another thread, with nothing held but its end."""
        other = StoredTable(self._store, self.of)
        other._tail = self._tail
        return other

    def open(self) -> TableReader:
        """Open it for Arrow."""
        return TableReader(self)

    def forget(self) -> None:
        """Hold nothing any more but the end, which is little, and all of a small file."""
        self._blocks, self._planned = [], []

    def expect(self, spans: Iterable[Span]) -> None:
        """Read ranges that will be asked for, those that lie close together at once; or plan to, where they are large.

        Raises:
            DataProcessingError: they can't be read.

        """
        wanted = _merged((span for span in spans if self._held(*span) is None), self.of.size)
        total = sum(stop - start for start, stop in wanted)
        fits = total + sum(len(block.data) for block in self._blocks) <= HELD
        step = PIECE if fits else max(_LEAST, min(PIECE, HELD // (2 * max(1, len(wanted)))))
        pieces = [(at, min(at + step, stop)) for start, stop in wanted for at in range(start, stop, step)]
        if not fits:
            self._planned = pieces
            return
        for start, stop in pieces:
            self._blocks.append(_Block(start, self._read(start, stop)))

    def read(self, start: int, stop: int) -> bytes:
        """Return a range: of what is held, or else by a request."""
        if (data := self._held(start, stop)) is not None:
            return data
        if self._planned:
            number = bisect_right(self._planned, start, key=lambda span: span[0]) - 1
            first, last = self._planned[number] if number >= 0 else (0, 0)
            if first <= start < last:
                last = max(last, stop)
                self._make_room(last - first)
                self._blocks.append(_Block(first, self._read(first, last)))
                return self._held(start, stop) or b""
        return self._read(start, stop)

    def failure(self) -> DataProcessingError | None:
        """Return what was kept, once.

        Raises:
            DataProcessingError: what was kept is no fault of this object: the store can't be asked.

        """
        failed, self._failed = self._failed, None
        if failed is not None and not isinstance(failed, ItemError):
            raise failed
        return failed

    def _read(self, start: int, stop: int) -> bytes:
        """Read a range, and keep why where it can't be: who asks Arrow for rows hears something else."""
        try:
            return self._store.read(self.of, start, stop)
        except DataProcessingError as error:
            self._failed = self._failed or error
            raise

    def _make_room(self, size: int) -> None:
        # Those that were read first: each column is read from its beginning to its end.
        while self._blocks and sum(len(block.data) for block in self._blocks) + size > HELD:
            self._blocks.pop(0)

    def _held(self, start: int, stop: int) -> bytes | None:
        """Return a range of what is held, of one block or of several that follow one another or overlap."""
        parts: list[bytes] = []
        while start < stop:
            block = max((one for one in self._all() if one.start <= start < one.stop), key=_stop, default=None)
            if block is None:
                return None
            parts.append(block.data[start - block.start : stop - block.start])
            start += len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _all(self) -> list[_Block]:
        return self._blocks if self._tail is None else [*self._blocks, self._tail]


class TableReader(io.RawIOBase):
    """A file object for Arrow."""

    def __init__(self, table: StoredTable) -> None:
        self._table = table
        self._size = table.of.size
        self._at = 0

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def seekable(self) -> bool:
        """Return that it is."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or what there is.

        Raises:
            OSError: the store can't be read; the table keeps why.

        """
        stop = self._size if size < 0 else min(self._at + size, self._size)
        if stop <= self._at:
            return b""
        try:
            data = self._table.read(self._at, stop)
        except DataProcessingError as error:
            raise OSError(str(error)) from None  # the table keeps the error itself
        self._at += len(data)
        return data


def _merged(spans: Iterable[Span], size: int) -> list[Span]:
    """Return ranges within the file, sorted, as one where they lie close together."""
    merged: list[Span] = []
    for first, last in sorted(spans):
        start, stop = max(first, 0), min(last, size)
        if stop <= start:
            continue
        if merged and start - merged[-1][1] <= GAP:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged
