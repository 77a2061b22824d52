"""What was found out about a source by looking at it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Z95 = 1.96


class Amount(NamedTuple):
    """A number of items, with the bounds of its interval at 95%; where they were counted, all three are the same."""

    value: float
    low: float
    high: float

    @classmethod
    def exact(cls, count: int) -> Amount:
        """Return what was counted."""
        return cls(count, count, count)

    @classmethod
    def estimated(cls, value: float, share: float, least: float = 1) -> Amount:
        """Return an estimate with a standard error that is a share of it; on a log scale, since it is above 0."""
        factor = math.exp(Z95 * min(share, 3.0))
        return cls(max(value, least), max(value / factor, least), max(value * factor, least))


@dataclass(slots=True)
class Found:
    """A source, and the part of it that is read by samples."""

    section: str
    """Of a settings file: its kind."""
    corpus: dict[str, Any]
    """The corpus that samples read, as the configuration has it."""
    items: Amount
    counted: str
    """How their number is known."""
    is_least: bool = False
    """Whether there are more items than that, and nobody says how many."""
    bytes: int | None = None
    part: str | None = None
    cost_spread: float = 0.0
    cold: bool = False
    """Whether so much lies there that it won't be in memory when it is read."""
    requests: int = 0
    page_sizes: tuple[int, ...] = ()
    """Of an API: those to try, the default first."""
    is_counted_by_server: bool = False
    has_numbered_pages: bool = False
    sample_requests: int = 0
    """Of an API: what a sample sends, about."""
    notes: list[str] = field(default_factory=list)


def relative_error(values: Sequence[float], of: int | None) -> float:
    """Return the standard error of a mean, as a share of it, for a simple random sample of so many values.

    With the correction for finite populations (W. G. Cochran, "Sampling Techniques", 3rd edition, section 2.6); with
    `of` None there is no end of them.
    """
    is_whole = of is not None and len(values) >= of
    if is_whole or len(values) < 2 or not (mean := statistics.fmean(values)):  # noqa: PLR2004 - a spread takes two
        return 0.0
    return statistics.stdev(values) / abs(mean) * math.sqrt((1 - len(values) / of if of else 1) / len(values))


def part_error(values: Sequence[float], part: int, of: int) -> float:
    """Return the standard error, as a share, of the mean of a part, for a simple random sample of so many.

    Args:
        values: whose spread is known: others, or more of them, than are in the part.
        part: how many are in it; one has the whole spread.
        of: how many there are in all.

    """
    if part < 1 or part >= of:
        return 0.0
    return relative_error(values, None) * math.sqrt(len(values) * (1 - part / of) / part)
