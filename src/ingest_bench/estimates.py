"""What is known of a way to ingest: the log of its speed relative to a common baseline, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Draws = NDArray[np.float64]
FEWEST = 2
"""Pairs that say something about their spread."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The pairs of one cell, summed up.

    With n pairs of mean m and standard deviation s, the true mean is m + t s / sqrt(n), t being Student's with n - 1
    degrees of freedom: the posterior under the usual non-informative prior (A. Gelman et al., "Bayesian Data Analysis",
    3rd edition, section 3.2). Its quantiles are the bounds of `statistics.speed_up`. To resample three pairs with
    replacement instead would give ten different means, and too narrow a spread.
    """

    mean: float
    spread: float
    """Standard deviation of the log ratios; 0 where the value is known, as that of the baseline against itself."""
    pairs: int

    @classmethod
    def of(cls, logs: Sequence[float]) -> Estimate | None:
        """Sum up log ratios; None where they are too few to judge."""
        if len(logs) < FEWEST:
            return None
        values = np.asarray(logs, dtype=float)
        return cls(float(values.mean()), float(values.std(ddof=1)), len(logs))

    def draws(self, rng: np.random.Generator, size: int, more: int = 0) -> Draws:
        """Draw what the true mean may be; with `more`, as if so many pairs more had been taken and looked the same."""
        if self.spread == 0:
            return np.full(size, self.mean)
        pairs = self.pairs + more
        return self.mean + rng.standard_t(pairs - 1, size) * (self.spread / math.sqrt(pairs))


def generator(seed: int, name: object) -> np.random.Generator:
    """Give the random numbers of one option: they don't change when other options come or go."""
    return np.random.default_rng([seed, crc32(repr(name).encode())])
