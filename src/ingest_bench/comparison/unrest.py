"""How much speed-ups move from run to run, beyond what the pairs of each run say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest_bench.comparison.change import Difference
from ingest_bench.comparison.spread import ENOUGH

_MIDDLE = 0.6744897501960817
"""Median of the absolute value of a standard normal variable."""
_EFFICIENCY = 0.37
"""Of a median of absolute values, against a standard deviation: so much of each cell counts."""
_MOST = 10.0
"""As a logarithm; no machine is that restless."""

_Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Unrest:
    """A standard deviation, as a logarithm, that cells have in common."""

    deviation: float = 0.0
    freedom: float = 1.0

    def added(self, difference: Difference) -> Difference:
        """Give a difference that is as unsure as this makes it (degrees of freedom after Satterthwaite)."""
        if self.deviation == 0:
            return difference
        own, common = difference.error**2, self.deviation**2
        freedom = (own + common) ** 2 / (own**2 / difference.freedom + common**2 / self.freedom)
        return replace(difference, error=math.sqrt(own + common), freedom=freedom)


@dataclass(frozen=True, slots=True)
class Movement:
    """How cells moved between two runs: all of them, and what of it can be held against a change either way."""

    overall: Unrest = Unrest()
    against_slower: Unrest = Unrest()
    against_faster: Unrest = Unrest()

    def added(self, difference: Difference) -> Difference:
        """Make a difference as unsure as its direction asks for."""
        return (self.against_slower if difference.mean < 0 else self.against_faster).added(difference)


def movement(differences: Sequence[Difference]) -> Movement:
    """Estimate it from the cells of two runs.

    The pairs of a cell are taken within seconds, so what else the machine does in those seconds moves all of them, and
    they can't show it. What shows it is that cells differ between the runs by more than their pairs allow. This is the
    variance between studies of a random-effects model, after R. C. Paule and J. Mandel, "Consensus values and weighting
    factors", Journal of Research of the National Bureau of Standards 87 (1982), 377 to 385, with medians where they
    have means, so that a few cells that really changed leave it small.

    Where many changed, medians are moved as well. But a machine moves cells both ways, and a slower program one way
    only: so against a slow-down counts no more than what the cells show that got faster, and the other way round.
    """
    if len(differences) < ENOUGH:
        return Movement()
    means = np.array([difference.mean for difference in differences])
    errors = np.array([difference.error for difference in differences])
    overall = _estimate(np.abs(means - np.median(means)), errors)
    faster, slower = (_estimate(np.abs(means[side]), errors[side]) for side in (means > 0, means < 0))
    return Movement(overall, *(min(overall, side, key=lambda found: found.deviation) for side in (faster, slower)))


def _estimate(distances: _Numbers, errors: _Numbers) -> Unrest:
    """Find the deviation that, added to the errors, makes the distances as large as expected in the middle."""

    def middle(deviation: float) -> float:
        total = np.sqrt(errors**2 + deviation**2)
        return float(np.median(np.divide(distances, total, out=np.zeros_like(distances), where=total > 0)))

    if len(distances) < ENOUGH / 2 or middle(0.0) <= _MIDDLE:
        return Unrest()
    low, high = 0.0, _MOST
    for _ in range(60):
        guess = (low + high) / 2
        low, high = (guess, high) if middle(guess) > _MIDDLE else (low, guess)
    return Unrest(deviation=high, freedom=_EFFICIENCY * len(distances))
