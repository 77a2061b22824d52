"""How many items the output should hold of each month, once what was updated lately is taken in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from stac_ingest.core.distinct import distinct
from stac_ingest.sync.api.recent import Recent
from stac_ingest.sync.entries import NEVER, Entries

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass
class HeldMonths:
    """What is held of each month, by its number: years times twelve, and months from zero.

    Attributes:
        expected: items that the source should have, were none gone and none come in but those updated lately.
        undated: the same of items without an instant.
        silent: months with items that have no `updated`.
        silent_undated: whether items without an instant have no `updated` either.
        fresh: items that were updated lately and aren't held.

    """

    expected: Counter[int] = field(default_factory=Counter)
    undated: int = 0
    silent: set[int] = field(default_factory=set)
    silent_undated: bool = False
    fresh: int = 0

    @property
    def total(self) -> int:
        """Items in all."""
        return sum(self.expected.values()) + self.undated

    def add(self, instants: NDArray[np.int64], sign: int = 1) -> None:
        """Count items in or out, by their instants."""
        dated = instants[instants != NEVER]
        self.undated += sign * (len(instants) - len(dated))
        months, counts = np.unique(_months(dated), return_counts=True)
        for month, count in zip(months.tolist(), counts.tolist(), strict=True):
            self.expected[month] += sign * count


def held_months(held: Iterable[tuple[int, Entries]], recent: Recent) -> HeldMonths:
    """Count what is held, partition by partition, and take in what was updated lately."""
    found = HeldMonths()
    known = np.zeros(len(recent), dtype=np.bool_)
    for _, entries in held:
        present = entries[~entries["is_gone"]]
        instants = np.ascontiguousarray(present["instant"])
        found.add(instants)
        quiet = instants[present["updated"] == NEVER]
        found.silent.update(distinct(_months(quiet[quiet != NEVER])).tolist())
        found.silent_undated |= bool((quiet == NEVER).any())
        at, rows = _places(present, recent)
        known[at] = True
        found.add(instants[rows], -1)
    found.add(recent.instant)
    found.fresh = int((~known).sum())
    return found


def month_start(month: int) -> int:
    """Return the first instant of a month, in microseconds since 1970."""
    return (datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND


def _months(instants: NDArray[np.int64]) -> NDArray[np.int64]:
    return instants.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64) + 1970 * 12


def _places(entries: Entries, recent: Recent) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which of the recent items are among entries, and where. Both are sorted by key, each key once."""
    if not len(recent) or not len(entries):
        nothing = np.empty(0, dtype=np.intp)
        return nothing, nothing
    highs, lows = np.ascontiguousarray(entries["high"]), np.ascontiguousarray(entries["low"])
    start = int(np.searchsorted(recent.high, highs[0]))
    stop = int(np.searchsorted(recent.high, highs[-1], "right"))
    first = np.searchsorted(highs, recent.high[start:stop])
    last = np.searchsorted(highs, recent.high[start:stop], "right")
    # Two keys that share 64 bits are next to each other, and there are hardly ever two.
    places = []
    for at in np.flatnonzero(last > first).tolist():
        low = recent.low[start + at]
        places += [(start + at, row) for row in range(first[at], last[at]) if lows[row] == low]
    pairs = np.array(places, dtype=np.intp).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
