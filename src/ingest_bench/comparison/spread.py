"""How paired ratios spread, learnt from all cells: three pairs alone say little about their own spread."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

ENOUGH = 10
"""Cells, below which they say too little of each other."""


@dataclass(frozen=True, slots=True)
class Spread:
    """What is known of the variance of a cell's log ratios before its own pairs are looked at."""

    variance: float = 0.0
    freedom: float = 0.0
    """Degrees of freedom that this knowledge is worth; 0: nothing is known."""

    def moderated(self, logs: Sequence[float]) -> tuple[float, float]:
        """Give the variance of a cell's log ratios, drawn towards what is known, and its degrees of freedom."""
        own = len(logs) - 1
        total = self.freedom + own
        return (self.freedom * self.variance + own * float(np.var(logs, ddof=1))) / total, total


def learnt(cells: Iterable[Sequence[float]]) -> Spread:
    """Learn from the variances of many cells, each of two log ratios or more.

    The empirical Bayes estimate of G. K. Smyth, "Linear models and empirical Bayes methods for assessing differential
    expression in microarray experiments", Statistical Applications in Genetics and Molecular Biology 3 (2004), section
    6.2: log variances scatter by chance as much as their degrees of freedom say, and what they scatter beyond that is
    how unlike cells really are. It also raises a variance that is small by luck, which is what a rule that stops
    sampling at a narrow interval picks.
    """
    # In sorted order, so that the sums come out the same whichever run is the earlier one.
    found = sorted((float(np.var(logs, ddof=1)), len(logs) - 1) for logs in cells)
    found = [(variance, freedom) for variance, freedom in found if variance > 0]
    if len(found) < ENOUGH:
        return Spread()
    from scipy.special import digamma, polygamma  # noqa: PLC0415 - a quarter of a second that only a comparison pays

    variances, freedoms = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    halves = freedoms / 2
    scattered = np.log(variances) - digamma(halves) + np.log(halves)
    excess = float(np.var(scattered, ddof=1) - np.mean(polygamma(1, halves)))
    # All cells together can't be worth more than their own degrees of freedom.
    most = float(freedoms.sum())
    freedom = min(most, 2 * _inverse_trigamma(excess)) if excess > 0 else most
    centre = float(np.mean(scattered)) + float(digamma(freedom / 2)) - math.log(freedom / 2)
    return Spread(variance=math.exp(centre), freedom=freedom)


def _inverse_trigamma(value: float) -> float:
    """Solve trigamma(x) = value by Newton's method on its reciprocal (Smyth 2004, appendix)."""
    from scipy.special import polygamma  # noqa: PLC0415 - see above

    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, x))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, x))
        x += step
        if abs(step) < 1e-8 * x:
            break
    return x
