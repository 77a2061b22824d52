"""Whether speed-ups have changed between two runs: Welch's t, corrected for the number of cells looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest_bench.comparison.spread import Spread

FEWEST = 2
"""Pairs of a run, without which nothing is known of their spread."""
_FARTHEST = 700.0
"""Logarithm of about the largest number there is."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two means of log ratios, later less earlier."""

    mean: float
    error: float
    """Standard error."""
    freedom: float
    """Degrees of freedom of the error."""

    @property
    def p(self) -> float:
        """The two-sided probability of a difference this large where there is none."""
        if self.error == 0:
            return float(self.mean == 0)
        from scipy.special import stdtr  # noqa: PLC0415 - a quarter of a second that only a comparison pays

        return float(2 * stdtr(self.freedom, -abs(self.mean) / self.error))

    def reach(self, confidence: float) -> float:
        """Give half the width of the interval around the mean."""
        from scipy.special import stdtrit  # noqa: PLC0415 - see above

        return self.error * float(stdtrit(self.freedom, (1 + confidence) / 2))


def difference(earlier: Sequence[float], later: Sequence[float], known: Spread) -> Difference:
    """Compare the means of two independent sets of log ratios that may spread unlike.

    B. L. Welch, "The generalization of 'Student's' problem when several different population variances are involved",
    Biometrika 34 (1947), 28 to 35; with variances that are moderated by what is known of all cells.

    Args:
        earlier: natural logarithms of paired ratios, at least two.
        later: the same, of the other run.
        known: of the spread of such ratios.

    """
    shares, squares = [], []
    for logs in (earlier, later):
        variance, freedom = known.moderated(logs)
        shares.append(variance / len(logs))
        squares.append(shares[-1] ** 2 / freedom)
    total = sum(shares)
    return Difference(
        mean=float(np.mean(later) - np.mean(earlier)),
        error=math.sqrt(total),
        # Without any spread the error is 0, whatever its degrees of freedom.
        freedom=total**2 / sum(squares) if sum(squares) else 1.0,
    )


def holm(chances: Sequence[float]) -> list[float]:
    """Correct p values for how many there are, so that among all of them one false alarm is as rare as claimed.

    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979),
    65 to 70. It needs no independence, and keeps its promise however many cells have really changed, which control of
    the false discovery rate does not: among thirty improvements one false regression would be within its terms.
    """
    corrected = [0.0] * len(chances)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        largest = max(largest, min(1.0, (len(chances) - rank) * chances[place]))
        corrected[place] = largest
    return corrected


def factor(logarithm: float) -> float:
    """Give the factor that a logarithm stands for, at most about the largest number there is."""
    return math.exp(max(-_FARTHEST, min(_FARTHEST, logarithm)))
