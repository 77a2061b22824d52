"""How much speed-ups move from run to run, beyond what the pairs of each run say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ingest_bench.comparison.change import Difference
from ingest_bench.comparison.spread import ENOUGH

_MIDDLE = 0.6744897501960817
"""Median of the absolute value of a standard normal variable."""
_EFFICIENCY = 0.37
"""Of the median absolute deviation, against a standard deviation: so much of each cell counts."""
_MOST = 10.0
"""As a logarithm; no machine is that restless."""


@dataclass(frozen=True, slots=True)
class Unrest:
    """A standard deviation, as a logarithm, that every cell has in common."""

    deviation: float = 0.0
    freedom: float = 1.0

    def added(self, difference: Difference) -> Difference:
        """Give a difference that is as unsure as this makes it (degrees of freedom after Satterthwaite)."""
        if self.deviation == 0:
            return difference
        own, common = difference.error**2, self.deviation**2
        freedom = (own + common) ** 2 / (own**2 / difference.freedom + common**2 / self.freedom)
        return replace(difference, error=math.sqrt(own + common), freedom=freedom)


def unrest(differences: Sequence[Difference]) -> Unrest:
    """Estimate it from the cells of two runs.

    The pairs of a cell are taken within seconds, so what else the machine does in those seconds moves all of them, and
    they can't show it. What shows it is that cells differ between the runs by more than their pairs allow. This is the
    variance between studies of a random-effects model, after R. C. Paule and J. Mandel, "Consensus values and weighting
    factors", Journal of Research of the National Bureau of Standards 87 (1982), 377 to 385, with medians where they
    have means: cells that really changed, up to nearly half of all, or all of them by one factor, leave it small.
    """
    if len(differences) < ENOUGH:
        return Unrest()
    means = np.array([difference.mean for difference in differences])
    squares = np.array([difference.error for difference in differences]) ** 2
    away = np.abs(means - np.median(means))

    def scaled(deviation: float) -> float:
        total = np.sqrt(squares + deviation**2)
        return float(np.median(np.divide(away, total, out=np.zeros_like(away), where=total > 0)))

    if scaled(0.0) <= _MIDDLE:
        return Unrest()
    low, high = 0.0, _MOST
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if scaled(middle) > _MIDDLE else (low, middle)
    return Unrest(deviation=high, freedom=_EFFICIENCY * len(differences))
