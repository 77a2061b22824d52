"""Between-run variance: how much speed-ups vary from run to run beyond the variance of the pairs within a run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest_bench.analysis.variance_moderation import MIN_CELLS
from ingest_bench.comparison.verdicts import Difference

_NORMAL_MAD = 0.6744897501960817
"""Median of the absolute value of a standard normal variable."""
_MAD_EFFICIENCY = 0.37
"""Of a median absolute deviation against a standard deviation: each cell is worth so many degrees of freedom (P. J.
Rousseeuw and C. Croux, "Alternatives to the Median Absolute Deviation", J. Am. Stat. Assoc. 88, 1993)."""
_MAX_TAU = 10.0
"""As a logarithm; beyond what any machine shows."""

_Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BetweenRunVariance:
    """The variance tau^2 of a random-effects model: all cells share it, and the pairs of one cell can't show it."""

    tau: float = 0.0
    """Its square root, of a log ratio."""
    dof: float = 1.0

    def added_to(self, difference: Difference) -> Difference:
        """Give a difference whose error holds it as well.

        Degrees of freedom as of F. E. Satterthwaite, "An approximate distribution of estimates of variance components",
        Biometrics Bulletin 2 (1946), 110 to 114.
        """
        if self.tau == 0:
            return difference
        within, between = difference.standard_error**2, self.tau**2
        dof = (within + between) ** 2 / (within**2 / difference.dof + between**2 / self.dof)
        return replace(difference, standard_error=math.sqrt(within + between), dof=dof)


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """How cells moved between two runs: overall, and the part that counts against a change of either direction."""

    overall: BetweenRunVariance = BetweenRunVariance()
    against_slower: BetweenRunVariance = BetweenRunVariance()
    against_faster: BetweenRunVariance = BetweenRunVariance()

    def added_to(self, difference: Difference) -> Difference:
        """Add the variance that counts against the direction of a difference."""
        return (self.against_slower if difference.mean < 0 else self.against_faster).added_to(difference)


def heterogeneity(differences: Sequence[Difference]) -> Heterogeneity:
    """Estimate the between-run variance from the cells of two runs.

    The pairs of a cell are taken within seconds, so other load in those seconds shifts all of them, which their own
    variance doesn't show. It shows in cells that differ between the runs by more than their pairs allow: the
    between-study variance tau^2 of a random-effects meta-analysis. The estimator is that of R. C. Paule and J. Mandel,
    "Consensus values and weighting factors", Journal of Research of the National Bureau of Standards 87 (1982), 377 to
    385, with medians for means, so that a few cells that really changed leave it small.

    Where about half of the cells really changed, medians move as well. The split by direction is a rule of this
    project, not of the literature: a machine moves cells both ways and a slower program one way only, so against a
    slow-down counts no more than the cells show that got faster, and the other way round. Without it, of 64 simulated
    cells half of which took 1.3 times as long, none was found; with it, all are
    (`tests/unit/comparison/test_comparison_known_answers.py`).

    Args:
        differences: of the cells, with the errors of their pairs.

    Returns:
        None of it (tau 0) with fewer than `MIN_CELLS` cells.

    """
    if len(differences) < MIN_CELLS:
        return Heterogeneity()
    means = np.array([difference.mean for difference in differences])
    errors = np.array([difference.standard_error for difference in differences])
    overall = _estimate(np.abs(means - np.median(means)), errors)
    faster, slower = (_estimate(np.abs(means[side]), errors[side]) for side in (means > 0, means < 0))
    return Heterogeneity(overall, *(min(overall, side, key=lambda estimate: estimate.tau) for side in (faster, slower)))


def _estimate(distances: _Numbers, errors: _Numbers) -> BetweenRunVariance:
    """Find the tau that, added to the errors, gives standardised distances the median of a normal variable."""

    def median(tau: float) -> float:
        total = np.sqrt(errors**2 + tau**2)
        return float(np.median(np.divide(distances, total, out=np.zeros_like(distances), where=total > 0)))

    if len(distances) < MIN_CELLS / 2 or median(0.0) <= _NORMAL_MAD:
        return BetweenRunVariance()
    from scipy.optimize import bisect  # noqa: PLC0415 - half a second that only a comparison pays

    # The median falls as tau grows.
    tau = float(bisect(lambda tau: median(tau) - _NORMAL_MAD, 0.0, _MAX_TAU))
    return BetweenRunVariance(tau=tau, dof=_MAD_EFFICIENCY * len(distances))
