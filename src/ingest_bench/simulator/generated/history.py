"""What there is at each epoch: which rows, when they were taken and updated, and which content they have.

A row is an item for good: its number gives its id. The first `items` rows are there at epoch 0, and each epoch adds the
next ones, removes some, and changes some, by draws alone. So every process that knows the description knows the truth.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest_bench.simulator.generated.description import Description
from ingest_bench.simulator.generated.draws import below, draw
from ingest_bench.simulator.generated.months import SECOND, Months

Rows = NDArray[np.int32]
Times = NDArray[np.int64]
"""Microseconds since 1970."""

_DAY = 86_400
_LATE_TENTHS = 3
"""Of the items that an epoch adds: how many were taken any time before."""
_PUBLISHED_WITHIN = 20 * _DAY
_REVISED = 5
"""One item in so many was updated some time after it was published."""
_BATCHES = 64
"""Half of an epoch's updates are at so many instants."""
_BLOCK = 1 << 17
"""Rows whose times are made at once."""
_ID_FACTOR, _ID_OFFSET, _ID_MASK = 0x9E3779B1, 0x7F4A7C15, 0xFFFFFFFF
_ID_INVERSE = pow(_ID_FACTOR, -1, 1 << 32)


@dataclass(frozen=True, slots=True)
class Delta:
    """What an epoch does, as rows without an order."""

    changed: Rows
    moved: Rows
    """Those of the changed ones whose datetime moves."""
    added: Rows
    removed: Rows


@dataclass(frozen=True, slots=True)
class State:
    """What there is at an epoch, newest first; items of one instant by descending id."""

    number: int
    rows: Rows
    taken: Times
    updated: Times
    version: NDArray[np.uint8]
    """The epoch that changed the content last; 0 for none."""


def id_keys(rows: NDArray[Any]) -> NDArray[np.int64]:
    """Return the numbers that ids are made of, below 2^32; ids are in the order of these."""
    words = rows.astype(np.uint64) * np.uint64(_ID_FACTOR) + np.uint64(_ID_OFFSET)
    return (words & np.uint64(_ID_MASK)).astype(np.int64)


def row_of_key(key: int) -> int:
    """Return the row whose id is made of a number."""
    return (key - _ID_OFFSET) * _ID_INVERSE & _ID_MASK


def _in_blocks(times: Callable[[Rows], Times], rows: Rows) -> Times:
    """Return the times of all rows; what is needed to make them isn't held for all at once."""
    found = np.empty(len(rows), dtype=np.int64)
    for start in range(0, len(rows), _BLOCK):
        found[start : start + _BLOCK] = times(rows[start : start + _BLOCK])
    return found


class History:
    """The truth of a description."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self._seed = description.seed
        self._months = Months(description.seed, description.end)
        self._end = round(description.end.timestamp()) * SECOND

    def ends(self, epoch: int) -> int:
        """Return when an epoch ends, microseconds since 1970: no item of it was updated later."""
        return self._end + epoch * round(self.description.epoch_length.total_seconds()) * SECOND

    def delta(self, epoch: int) -> Delta:
        """Return what an epoch of 1 or more does."""
        *_, delta = self._deltas(epoch)
        return delta

    def state(self, epoch: int) -> State:
        """Return what there is at an epoch."""
        deltas = list(self._deltas(epoch))  # before the arrays below are there, since this takes as much memory
        universe = np.arange(self._born(epoch), dtype=np.int32)
        version = np.zeros(len(universe), dtype=np.uint8)
        gone = np.zeros(len(universe), dtype=np.bool_)
        taken, updated = _in_blocks(self._first_taken, universe), _in_blocks(self._first_updated, universe)
        for number, delta in enumerate(deltas, 1):
            gone[delta.removed] = True
            version[delta.changed] = number
            updated[delta.changed] = self._moments("changed", delta.changed, number)
            taken[delta.moved] = self._moved(taken[delta.moved], delta.moved, number)
        rows = universe[~gone]
        del universe, gone
        order = np.lexsort((id_keys(rows), taken[rows]))[::-1]
        rows = rows[order]
        return State(epoch, rows, taken[rows], updated[rows], version[rows])

    def created(self, rows: Rows) -> Times:
        """Return when items were published."""
        taken = self._first_taken(rows)
        delay = 10_800 + below(draw(self._seed, "published", rows), _PUBLISHED_WITHIN)
        found: Times = np.minimum(taken + delay * SECOND, self._end - 1000)
        for epoch, added in self._added_among(rows):
            found[added] = self._moments("added", rows[added], epoch)
        return found

    def _deltas(self, epoch: int) -> Iterator[Delta]:
        """Yield what the epochs from 1 on do."""
        description = self.description
        gone = np.zeros(self._born(epoch), dtype=np.bool_)
        removed, changed = description.count(description.removed), description.count(description.changed)
        for number in range(1, epoch + 1):
            there = np.flatnonzero(~gone[: self._born(number - 1)]).astype(np.int32)
            words = draw(self._seed, f"fate {number}", there)
            several = min(removed + changed, len(there))
            first = np.argpartition(words, several - 1)[:several] if several else np.arange(0)
            fated = there[first[np.argsort(words[first])]]
            delta = Delta(
                changed=fated[removed:],
                moved=fated[removed : removed + self._moved_count(len(fated) - removed)],
                added=np.arange(self._born(number - 1), self._born(number), dtype=np.int32),
                removed=fated[:removed],
            )
            gone[delta.removed] = True
            yield delta

    def _moved_count(self, changed: int) -> int:
        share = self.description.moved
        return max(1, round(share * changed)) if share and changed > 0 else 0

    def _born(self, epoch: int) -> int:
        """Return how many rows there have been up to an epoch."""
        return self.description.items + epoch * self._added

    @cached_property
    def _added(self) -> int:
        return self.description.count(self.description.added)

    def _added_among(self, rows: Rows) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        for epoch in range(1, self.description.epochs + 1):
            added = (rows >= self._born(epoch - 1)) & (rows < self._born(epoch))
            if added.any():
                yield epoch, added

    def _first_taken(self, rows: Rows) -> Times:
        found = self._months.times(draw(self._seed, "month of", rows), draw(self._seed, "second of", rows))
        for epoch, added in self._added_among(rows):
            recent = added & (below(draw(self._seed, "late", rows), 10) >= _LATE_TENTHS)
            before = 3600 + below(draw(self._seed, "second of", rows[recent]), _DAY)
            found[recent] = self._moments("added", rows[recent], epoch) - before * SECOND
        return found

    def _first_updated(self, rows: Rows) -> Times:
        found = self.created(rows)
        base = np.flatnonzero(rows < self.description.items)
        revised = base[below(draw(self._seed, "revised", rows[base]), _REVISED) == 0]
        left = (self._end - found[revised]) // SECOND
        found[revised] += below(draw(self._seed, "revised at", rows[revised]), left) * SECOND
        return found

    def _moments(self, what: str, rows: Rows, epoch: int) -> Times:
        """Return instants within an epoch; many items share one, as they do where a batch is published at once."""
        start, end = self.ends(epoch - 1), self.ends(epoch)
        length = (end - start) // 1000
        words = draw(self._seed, f"{what} {epoch}", rows)
        after = 1 + below(words, length)
        batch = (words & np.uint64(1)) == 0
        after[batch] = (1 + after[batch] * _BATCHES // (length + 1)) * (length // _BATCHES)
        return start + (after - 1 | 1) * 1000

    def _moved(self, taken: Times, rows: Rows, epoch: int) -> Times:
        """Return times at least 31 days off, which is always in another month."""
        by = (31 + below(draw(self._seed, f"moved {epoch}", rows), 60)) * _DAY * SECOND
        earlier = taken - by
        return np.where(earlier < self._months.starts[0] * SECOND, taken + by, earlier)
