"""Variance moderation: three pairs say little about their own variance, so all cells inform that of each."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

MIN_CELLS = 10
"""Fewer cells say too little about each other."""


@dataclass(frozen=True, slots=True)
class VariancePrior:
    """The prior of a cell's variance of log ratios: `dof` x `variance` over a chi-squared variable of `dof`."""

    variance: float = 0.0
    dof: float = 0.0
    """Degrees of freedom that the prior is worth; 0: nothing is known, and each cell has its own variance."""

    def moderated_variance(self, logs: Sequence[float]) -> tuple[float, float]:
        """Give the posterior variance of a cell's log ratios, and its degrees of freedom: prior and own ones added.

        The moderated variance of Smyth 2004 (`fit_variance_prior`; `squeezeVar` of limma).
        """
        own = len(logs) - 1
        total = self.dof + own
        return (self.dof * self.variance + own * float(np.var(logs, ddof=1))) / total, total


def fit_variance_prior(cells: Iterable[Sequence[float]]) -> VariancePrior:
    """Fit the prior to the variances of many cells, each of two log ratios or more.

    The empirical Bayes estimate of G. K. Smyth, "Linear models and empirical Bayes methods for assessing differential
    expression in microarray experiments", Statistical Applications in Genetics and Molecular Biology 3 (2004), section
    6.2 (`fitFDist` of the R package limma): the log variances vary by chance as much as their degrees of freedom say,
    and what they vary beyond that is the true variation between cells. It also raises a variance that is small by
    chance, which is what a stopping rule that waits for a narrow interval selects.

    Args:
        cells: the log ratios of each.

    Returns:
        The prior; one without any weight from fewer than `MIN_CELLS` cells whose variance isn't 0.

    """
    # Sorted, because the sums then come out the same whichever run is the earlier one.
    observed = sorted((float(np.var(logs, ddof=1)), len(logs) - 1) for logs in cells)
    observed = [(variance, dof) for variance, dof in observed if variance > 0]
    if len(observed) < MIN_CELLS:
        return VariancePrior()
    from scipy.optimize import brentq  # noqa: PLC0415 - half a second that only a comparison pays
    from scipy.special import digamma, polygamma  # noqa: PLC0415

    variances, dofs = (np.array(column, dtype=float) for column in zip(*observed, strict=True))
    halves = dofs / 2
    # Unbiased log variances, and their variance beyond what sampling explains.
    unbiased = np.log(variances) - digamma(halves) + np.log(halves)
    excess = float(np.var(unbiased, ddof=1) - np.mean(polygamma(1, halves)))
    # All cells together can't be worth more than their own degrees of freedom.
    maximum = float(dofs.sum())
    dof = maximum
    if excess > 0:
        # The inverse of trigamma(x), which lies between 1/x and 1/x + 1/x^2.
        bracket = (1 / excess / 2, 2 / excess + 2 / math.sqrt(excess))
        dof = min(maximum, 2 * brentq(lambda x: float(polygamma(1, x)) - excess, *bracket, xtol=1e-9 / excess))
    centre = float(np.mean(unbiased)) + float(digamma(dof / 2)) - math.log(dof / 2)
    return VariancePrior(variance=math.exp(centre), dof=dof)
