"""Speed-ups from pairs of samples: intervals, outliers and verdicts; and the log of a speed with its uncertainty."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ingest_bench.results.models import Cell, Sample, Speedup

METHOD = "Student's t on log ratios"
SEQUENTIAL_METHOD = f"{METHOD}, widened for sequential stopping"
SEQUENTIAL_INFLATION = 1.0
"""l of the factor 1 + l / pairs by which the squared quantile of a sequential interval is widened (`speed_up`)."""
INTERVAL_PAIRS = 3
"""Fewer give neither an interval nor a recommendation: two say next to nothing about their own spread."""
EQUIVALENCE_MARGIN = 0.05
"""Share below which a difference of throughput doesn't matter: two ways are equivalent within it."""
OUTLIER_Z = 3.5
"""Modified z-score above which a value is an outlier (Iglewicz and Hoaglin 1993)."""
MIN_VALUES_FOR_OUTLIERS = 5
"""With fewer none is flagged."""


Verdict = Literal["better", "worse", "no difference", "undecided"]


def speed_up(ratios: Sequence[float], confidence: float, *, sequential: bool = False) -> Speedup | None:
    """Give the median of paired ratios, and an interval for the typical ratio.

    A ratio and its inverse are equivalent, so the interval is Student's t on the log ratios ("Student", "The probable
    error of a mean", Biometrika 6, 1908; for benchmarks A. Georges et al., "Statistically Rigorous Java Performance
    Evaluation", OOPSLA 2007, section 3.2). It has its nominal coverage from two pairs on where the logs are about
    normal. A percentile bootstrap of the median hasn't with so few: of seven pairs it takes the second smallest to the
    second largest, which covers 87%, not 95%. An outlier widens the interval and so demands more pairs; it is never
    dropped.

    Sampling until the interval is narrow tends to stop where the variance happens to be small, so the interval covers
    less than nominal (here 91% to 94% instead of 95%). The usual correction of sequential fixed-width intervals (Y. S.
    Chow and H. Robbins, Ann. Math. Stat. 36, 1965) is a quantile whose square is larger by 1 + l / n (F. J. Anscombe,
    "Sequential Estimation", J. R. Stat. Soc. B 15, 1953; M. Woodroofe, "Nonlinear Renewal Theory in Sequential
    Analysis", SIAM 1982, chapter 10), and a few further pairs once it is narrow (G. Simons, Ann. Math. Stat. 39, 1968;
    `StoppingRule`). With l = 1 and two further pairs, simulated intervals cover 93.7% to 96.2% whatever the noise
    (`docs/calibration.md`).

    Args:
        ratios: candidate over baseline, one a pair, each above 0.
        confidence: of the interval, 0 to 1.
        sequential: whether sampling stopped because the interval had become narrow enough.

    Returns:
        None with fewer than `INTERVAL_PAIRS` pairs.

    """
    if len(ratios) < INTERVAL_PAIRS:
        return None
    from scipy.special import stdtrit  # noqa: PLC0415 - a quarter of a second that only a driver with pairs pays

    logs = np.log(np.asarray(ratios, dtype=float))
    student_t = float(stdtrit(len(logs) - 1, (1 + confidence) / 2))
    widened = math.sqrt(1 + SEQUENTIAL_INFLATION / len(logs)) if sequential else 1.0
    half_width = widened * student_t * float(logs.std(ddof=1)) / math.sqrt(len(logs))
    centre, median = float(logs.mean()), float(np.median(logs))
    # Of strongly skewed pairs the median can lie outside an interval around the mean: it is then stretched, never
    # narrowed.
    low, high = min(centre - half_width, median), max(centre + half_width, median)
    return Speedup(
        median=math.exp(median),
        low=math.exp(low),
        high=math.exp(high),
        confidence=confidence,
        method=SEQUENTIAL_METHOD if sequential else METHOD,
        pairs=len(logs),
    )


def median_of(values: Iterable[float | None]) -> float | None:
    """Give the median of what is known, or None."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def relative_width(ratio: Speedup) -> float:
    """Give the width of the interval relative to the speed-up itself."""
    return (ratio.high - ratio.low) / ratio.median


def outliers(values: Sequence[float]) -> list[int]:
    """Give the indices of outliers.

    By the modified z-score on logarithms (B. Iglewicz and D. C. Hoaglin, "How to Detect and Handle Outliers", 1993):
    0.6745 times the distance from the median, over the median of those distances.

    Args:
        values: each above 0; of fewer than five none is an outlier.

    """
    if len(values) < MIN_VALUES_FOR_OUTLIERS:
        return []
    logs = np.log(np.asarray(values, dtype=float))
    distances = np.abs(logs - np.median(logs))
    mad = float(np.median(distances))
    return [] if mad == 0 else [int(index) for index in np.flatnonzero(0.6745 * distances / mad > OUTLIER_Z)]


def noise_of(null: Speedup | None) -> float:
    """Give the noise that a null cell shows, as a logarithm: the far end of its interval from 1; 0 without one."""
    return 0.0 if null is None else max(abs(math.log(null.low)), abs(math.log(null.high)))


def verdict(ratio: Speedup, null: Speedup | None = None, *, margin: float = EQUIVALENCE_MARGIN) -> Verdict:
    """Give the verdict on a speed-up.

    The noise is a band around 1: what the baseline against itself (the null cell) has shown, either way. Its error is
    independent of the cell's, so the two half-widths are squared and added (R. G. Newcombe, Statistics in Medicine 17,
    1998): a difference is what remains beyond both. Without a null cell this is whether the interval excludes 1. That
    there is no difference is established by two one-sided tests of equivalence (D. J. Schuirmann, J. Pharmacokinet.
    Biopharm. 15, 1987), which come to whether the interval stays within the margin.

    Args:
        ratio: the speed-up.
        null: of the scenario's null cell, where it has one.
        margin: the smallest difference that would matter, as a share.

    Returns:
        better or worse: beyond the noise. no difference: not beyond it, and shown to lie within the margin. undecided:
        not beyond it, but more pairs, or less noise, might show a difference that matters.

    """
    noise = noise_of(null)
    low, median, high = (math.log(value) for value in (ratio.low, ratio.median, ratio.high))
    if median > math.hypot(median - low, noise):
        return "better"
    if -median > math.hypot(high - median, noise):
        return "worse"
    bound = math.log1p(margin)
    return "no difference" if -bound <= low and high <= bound else "undecided"


def within_noise(ratio: Speedup, null: Speedup | None = None) -> bool:
    """Give whether a speed-up is not beyond its error and the noise together: it may still be a difference."""
    return verdict(ratio, null) in ("no difference", "undecided")


def usable_pairs(samples: Sequence[Sample]) -> dict[int, tuple[Sample, Sample]]:
    """Give baseline and candidate by pair, in order; without pairs of which a sample is invalid or missing."""
    valid = {(sample.pair, sample.role): sample for sample in samples if sample.invalid is None}
    both = sorted(pair for pair, role in valid if role == "baseline" and (pair, "candidate") in valid)
    return {pair: (valid[pair, "baseline"], valid[pair, "candidate"]) for pair in both}


def pair_ratios(samples: Sequence[Sample]) -> dict[int, float]:
    """Give items per second of the candidate over the baseline's, by pair; without those of an invalid sample."""
    return {
        pair: (candidate.items / candidate.wall_s) / (base.items / base.wall_s)
        for pair, (base, candidate) in usable_pairs(samples).items()
    }


def cell_speed_up(samples: list[Sample], confidence: float, stop_reason: str) -> Speedup | None:
    """Give the speed-up of a cell from its samples, widened where what was seen had a say in how many there are."""
    return speed_up(list(pair_ratios(samples).values()), confidence, sequential=is_sequential(stop_reason))


def is_sequential(stop_reason: str) -> bool:
    """Tell whether what was seen of a cell had a say in how many pairs it has."""
    return stop_reason in ("target_ci_reached", "rounds_ended")


Draws = NDArray[np.float64]
CONFIDENCE = 0.95
TAILS = ((1 - CONFIDENCE) / 2, 1 - (1 - CONFIDENCE) / 2)
MIN_PAIRS = 2
"""Fewer pairs have no variance."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Mean and standard deviation of the log ratios of one cell.

    With n pairs of mean m and standard deviation s, the true mean is m + t s / sqrt(n), t being Student's with n - 1
    degrees of freedom: the posterior under the usual non-informative prior (A. Gelman et al., "Bayesian Data Analysis",
    3rd edition, section 3.2). Its quantiles are the bounds of `speed_up`. A bootstrap of three pairs would
    give ten different means, and too small a variance.
    """

    mean: float
    sd: float
    """Of the log ratios; 0 where the value is known, as that of the baseline against itself; infinite where nothing is
    known of it."""
    pairs: int
    moderated_dof: float | None = None
    """Degrees of freedom of `sd`, where other cells inform it; None: those of its own pairs."""

    @classmethod
    def from_logs(cls, logs: Sequence[float]) -> Self | None:
        """Estimate from log ratios; None with fewer than `MIN_PAIRS`."""
        if len(logs) < MIN_PAIRS:
            return None
        values = np.asarray(logs, dtype=float)
        return cls(float(values.mean()), float(values.std(ddof=1)), len(logs))

    @property
    def dof(self) -> float:
        """Degrees of freedom of the standard deviation."""
        return self.pairs - 1 if self.moderated_dof is None else self.moderated_dof

    @property
    def variance(self) -> float:
        """The variance of the mean."""
        return self.sd**2 / self.pairs

    def after(self, more_pairs: int) -> Self:
        """Give the estimate as if so many further pairs were like those taken."""
        return replace(self, pairs=self.pairs + more_pairs, moderated_dof=self.dof + more_pairs)

    def draws(self, rng: np.random.Generator, size: int) -> Draws:
        """Draw the mean from its posterior, shape (size,)."""
        if self.sd == 0:
            return np.full(size, self.mean)
        return self.mean + rng.standard_t(self.dof, size) * math.sqrt(self.variance)


def usable(cell: Cell) -> bool:
    """Return whether a cell delivered the right items and has a speed-up."""
    return cell.parity.ok and cell.speedup is not None


def log_ratios(cell: Cell, *, known: bool = True) -> list[float]:
    """Return the logs of a cell's paired speed-ups; `known`: the baseline's against itself are 0 by definition."""
    zero = known and cell.is_null_cell
    return [0.0 if zero else math.log(ratio) for ratio in pair_ratios(cell.samples).values()]


def estimate_of(cell: Cell) -> Estimate | None:
    """Return the estimate of a cell; None where it isn't usable or has too few pairs."""
    return Estimate.from_logs(log_ratios(cell)) if usable(cell) else None


def generator(seed: int, name: object) -> np.random.Generator:
    """Give the random generator of one option, which doesn't depend on the other options."""
    return np.random.default_rng([seed, crc32(repr(name).encode())])


@dataclass(frozen=True, slots=True)
class Bounds:
    """An estimate with the bounds of its interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, replicas: Draws) -> Self:
        """Take the interval from the quantiles of replicas of the estimate."""
        low, high = np.quantile(replicas, TAILS)
        return cls(float(value), min(float(low), float(value)), max(float(high), float(value)))
