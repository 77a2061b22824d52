"""How items lie in time: over 96 months, of which some have many, most few, and some none."""

from calendar import monthrange
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ingest_bench.simulator.generated.draws import Draws, below, draw

MONTHS = 96
SECOND = 1_000_000
"""Times are in microseconds since 1970: whole milliseconds, and never whole seconds, which a table would shorten."""
_DAY = 86_400
_EMPTY = 8
"""One month in so many has no items."""
_LEAST, _TAIL = 0.004, 1.2
"""The smallest draw, and the exponent of the tail: the heaviest month has a hundred times the items of the lightest."""
_TIED = 16
"""One item in so many was taken at a full hour, as others were."""


class Months:
    """The months before an instant, and how many items each has."""

    def __init__(self, seed: int, end: datetime) -> None:
        """Take the seed of the API; `end` is the first instant after the last month."""
        self._seed = seed
        last = end.astimezone(UTC)
        number = last.year * 12 + last.month - 1
        self.starts = np.array([_start(number - MONTHS + each) for each in range(MONTHS)], dtype=np.int64)
        """Of each month, seconds since 1970."""
        self._lengths = np.array([_days(number - MONTHS + each) * _DAY for each in range(MONTHS)], dtype=np.int64)

    @cached_property
    def weights(self) -> NDArray[np.int64]:
        """The share of each month, as whole numbers: 0 in at least one month, more than 0 in at least one."""
        words = draw(self._seed, "month", np.arange(MONTHS))
        heavy = (np.maximum(below(words, 1000) / 1000, _LEAST) ** (-1 / _TAIL) * 1000).astype(np.int64)
        heavy[below(draw(self._seed, "empty month", np.arange(MONTHS)), _EMPTY) == 0] = 0
        heavy[int(below(words[:1], MONTHS - 1)[0])] = 0
        heavy[-1] = max(int(heavy[-1]), 1000)
        return heavy

    def times(self, words: Draws, seconds: Draws) -> NDArray[np.int64]:
        """Return an instant for each pair of draws: the first says in which month, the second when in it."""
        sums = np.cumsum(self.weights)
        month = np.searchsorted(sums, below(words, int(sums[-1])), side="right")
        second = below(seconds, self._lengths[month])
        tied = (seconds & np.uint64(_TIED - 1)) == 0
        second[tied] -= second[tied] % 3600
        milliseconds = np.where(tied, 24, 1 + (seconds >> np.uint64(8)) % np.uint64(999)).astype(np.int64)
        return (self.starts[month] + second) * SECOND + milliseconds * 1000


def _start(number: int) -> int:
    return int(datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC).timestamp())


def _days(number: int) -> int:
    return monthrange(number // 12, number % 12 + 1)[1]
