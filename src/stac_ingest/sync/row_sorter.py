"""Sorts rows of numbers that need not fit into memory: runs of them lie sorted on disk, and are read together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stac_ingest.sync.entries import Entries

RUN = 20_000
"""Rows that are in memory at once, about."""
LEAST = 64
"""Rows of a run that are read at once, at least."""


class RowSorter:
    """Takes rows in any order, and gives them back sorted. Rows that are equal stay in the order in which they came."""

    def __init__(self, scratch: Path, dtype: np.dtype[Any], by: Sequence[str]) -> None:
        """Begin without any.

        Args:
            scratch: how the paths of runs begin. What a killed process left of them is replaced.
            dtype: of the rows.
            by: columns by which they are sorted, the one that counts most first.

        """
        self._scratch = scratch
        self._dtype = dtype
        self._by = tuple(by)
        self._waiting: Entries = np.empty(0, dtype)
        self._filled = 0
        self._runs: list[Path] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, rows: Entries) -> None:
        """Take rows.

        Raises:
            OSError: the disk is full.

        """
        start = 0
        while start < len(rows):
            if self._filled == len(self._waiting):
                self._make_room()
            end = min(len(rows), start + len(self._waiting) - self._filled)
            self._waiting[self._filled : self._filled + end - start] = rows[start:end]
            self._filled += end - start
            start = end
        self._count += len(rows)

    def blocks(self) -> Iterator[Entries]:
        """Yield all rows, sorted, some at a time. Nothing can be added then.

        Raises:
            OSError, ValueError: the disk is full, or a run can't be read.

        """
        if self._runs and self._filled:
            self._keep_run()
        waiting, self._waiting = self._waiting[: self._filled], np.empty(0, self._dtype)
        if not self._runs:
            if len(waiting):
                yield _sorted(waiting, self._by)
            return
        del waiting
        yield from _merged([_Run(path, self._dtype, self._by) for path in self._runs], self._by)

    def remove(self) -> None:
        """Remove what is on disk."""
        for run in self._runs:
            run.unlink(missing_ok=True)

    def _make_room(self) -> None:
        if self._filled >= RUN:
            self._keep_run()
        if len(self._waiting) < RUN:
            grown = np.empty(min(RUN, max(LEAST, 4 * len(self._waiting))), self._dtype)
            grown[: self._filled] = self._waiting[: self._filled]
            self._waiting = grown

    def _keep_run(self) -> None:
        path = self._scratch.with_name(f"{self._scratch.name}.run-{len(self._runs)}")
        with path.open("wb") as stream:
            stream.write(_sorted(self._waiting[: self._filled], self._by).view(np.uint8).data)
        self._runs.append(path)
        self._filled = 0


class _Run:
    """A sorted run, which is read in order. No file is open in between: there may be more of them than that allows."""

    def __init__(self, path: Path, dtype: np.dtype[Any], by: Sequence[str]) -> None:
        self._path, self._dtype, self._by = path, dtype, by
        self.left = path.stat().st_size // dtype.itemsize
        """Rows that are not read yet."""
        self._at = 0
        self._waiting = np.empty(0, dtype)

    @property
    def last(self) -> tuple[int, ...]:
        """The key of the last row that is read."""
        row = self._waiting[-1]
        return tuple(int(row[name]) for name in self._by)

    def fill(self, together: int) -> None:
        """Have some rows waiting, if there are any."""
        if self.left and len(self._waiting) <= together // 2:
            self.more(together - len(self._waiting))

    def more(self, together: int) -> None:
        """Read further rows."""
        count = min(together, self.left)
        with self._path.open("rb", buffering=0) as stream:
            stream.seek(self._at * self._dtype.itemsize)
            rows = np.fromfile(stream, self._dtype, count)
        if len(rows) < count:
            raise ValueError(f"{self._path} ends early")
        self._at += count
        self.left -= count
        self._waiting = rows if not len(self._waiting) else np.concatenate([self._waiting, rows])

    def before(self, bound: tuple[int, ...] | None) -> Entries:
        """Take the rows that are before a key, of those that are read; all of them where there is no bound."""
        end = len(self._waiting) if bound is None else _count_before(self._waiting, bound, self._by)
        rows, self._waiting = self._waiting[:end], self._waiting[end:].copy()
        return rows


def _merged(runs: Sequence[_Run], by: Sequence[str]) -> Iterator[Entries]:
    together = max(LEAST, RUN // len(runs))
    while True:
        for run in runs:
            run.fill(together)
        lasts = [run.last for run in runs if run.left]
        bound = min(lasts, default=None)
        rows = [some for run in runs if len(some := run.before(bound))]
        if rows:
            yield rows[0] if len(rows) == 1 else _sorted(np.concatenate(rows), by)
        elif bound is None:
            return
        else:  # all that wait are equal
            for run in runs:
                if run.left and run.last == bound:
                    run.more(together)


def _sorted(rows: Entries, by: Sequence[str]) -> Entries:
    ordered: Entries = rows[np.lexsort([rows[name] for name in reversed(by)])]
    return ordered


def _count_before(rows: Entries, bound: tuple[int, ...], by: Sequence[str]) -> int:
    """Return how many sorted rows have a key below the bound."""
    first, end = 0, len(rows)
    for name, value in zip(by, bound, strict=True):
        column = rows[name][first:end]
        wanted = column.dtype.type(value)
        end = first + int(np.searchsorted(column, wanted, "right"))
        first += int(np.searchsorted(column, wanted))
    return first
