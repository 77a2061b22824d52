"""The log of a method's speed relative to a common baseline, with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ingest_bench.analysis.speedup import pair_ratios
from ingest_bench.results.models import Cell

Draws = NDArray[np.float64]
MIN_PAIRS = 2
"""Fewer pairs have no variance."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Mean and standard deviation of the log ratios of one cell.

    With n pairs of mean m and standard deviation s, the true mean is m + t s / sqrt(n), t being Student's with n - 1
    degrees of freedom: the posterior under the usual non-informative prior (A. Gelman et al., "Bayesian Data Analysis",
    3rd edition, section 3.2). Its quantiles are the bounds of `statistics.speed_up`. A bootstrap of three pairs would
    give ten different means, and too small a variance.
    """

    mean: float
    sd: float
    """Of the log ratios; 0 where the value is known, as that of the baseline against itself."""
    pairs: int

    @classmethod
    def from_logs(cls, logs: Sequence[float]) -> Estimate | None:
        """Estimate from log ratios; None with fewer than `MIN_PAIRS`."""
        if len(logs) < MIN_PAIRS:
            return None
        values = np.asarray(logs, dtype=float)
        return cls(float(values.mean()), float(values.std(ddof=1)), len(logs))

    def draws(self, rng: np.random.Generator, size: int, more_pairs: int = 0) -> Draws:
        """Draw the mean from its posterior, shape (size,), as if `more_pairs` further pairs were like those taken."""
        if self.sd == 0:
            return np.full(size, self.mean)
        pairs = self.pairs + more_pairs
        return self.mean + rng.standard_t(pairs - 1, size) * (self.sd / math.sqrt(pairs))


def usable(cell: Cell) -> bool:
    """Return whether a cell delivered the right items and has a speed-up."""
    return cell.parity.ok and cell.speedup is not None


def log_ratios(cell: Cell) -> list[float]:
    """Return the logs of a cell's paired speed-ups; those of the baseline against itself are 0 by definition."""
    return [0.0 if cell.is_null_cell else math.log(ratio) for ratio in pair_ratios(cell.samples).values()]


def estimate_of(cell: Cell) -> Estimate | None:
    """Return the estimate of a cell; None where it isn't usable or has too few pairs."""
    return Estimate.from_logs(log_ratios(cell)) if usable(cell) else None


def generator(seed: int, name: object) -> np.random.Generator:
    """Give the random generator of one option, which doesn't depend on the other options."""
    return np.random.default_rng([seed, crc32(repr(name).encode())])
