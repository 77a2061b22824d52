"""How sure a speed-up is, from pairs of samples."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from ingest_bench.results import Ratio

METHOD = "Student's t on log ratios"
SEQUENTIAL_METHOD = f"{METHOD}, widened for having been looked at"
LOOKING = 1.0
"""How much an interval is widened that decided itself when to stop: its square by the factor 1 + LOOKING / pairs."""
WORTH = 0.05
"""A difference smaller than this share is not worth a change of settings."""
FAR = 3.5
"""A modified z-score beyond this flags an outlier."""
FEWEST = 5
"""Values among which one can be an outlier."""


Verdict = Literal["better", "worse", "no difference", "undecided"]


def speed_up(ratios: Sequence[float], confidence: float, *, sequential: bool = False) -> Ratio | None:
    """Give the median of paired ratios, and an interval for the typical ratio.

    A ratio and its inverse say the same thing, so logarithms are averaged, and so is their error: the interval is
    Student's t on the log ratios (any statistics text; for benchmarks A. Georges et al., "Statistically Rigorous Java
    Performance Evaluation", OOPSLA 2007, section 3.2). It keeps its promise from two pairs on where the logs are about
    normal. A percentile bootstrap of the median doesn't with so few: of seven pairs it takes the second smallest to the
    second largest, which covers 87%, not 95%. An outlier widens the interval and so asks for more pairs; it is never
    dropped.

    Pairs that are taken until the interval is narrow tend to end where their spread happens to look small, so that the
    interval then covers less than it claims (here 91% to 94% instead of 95%). The cure is the usual one for fixed-width
    sequential intervals: a quantile whose square is larger by 1 + l / n (F. J. Anscombe, "Sequential Estimation", J. R.
    Stat. Soc. B 15, 1953; M. Woodroofe, "Nonlinear Renewal Theory in Sequential Analysis", SIAM 1982, chapter 10), and
    a few further pairs once it is narrow (G. Simons, Ann. Math. Stat. 39, 1968; `StopRule`). With l = 1 and two
    further pairs, simulated intervals cover 93.7% to 96.2% whatever the noise (`docs/calibration.md`).

    Args:
        ratios: candidate over baseline, one a pair, each above 0.
        confidence: of the interval, 0 to 1.
        sequential: whether the interval itself decided how many pairs there are: it was taken to be narrow enough.

    Returns:
        None with fewer than two pairs, which say nothing about their spread.

    """
    if len(ratios) < 2:  # noqa: PLR2004 - a spread takes two
        return None
    logs = np.log(np.asarray(ratios, dtype=float))
    widened = math.sqrt(1 + LOOKING / len(logs)) if sequential else 1.0
    reach = widened * _student_t(len(logs) - 1, confidence) * float(logs.std(ddof=1)) / math.sqrt(len(logs))
    centre, median = float(logs.mean()), float(np.median(logs))
    # Of strongly skewed pairs the median can lie outside an interval around the mean: it is then stretched, never
    # narrowed.
    low, high = min(centre - reach, median), max(centre + reach, median)
    return Ratio(
        median=math.exp(median),
        low=math.exp(low),
        high=math.exp(high),
        confidence=confidence,
        method=SEQUENTIAL_METHOD if sequential else METHOD,
        pairs=len(logs),
    )


def middle(values: Iterable[float | None]) -> float | None:
    """Give the median of what is known, or None."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def relative_width(ratio: Ratio) -> float:
    """Give the width of the interval relative to the speed-up itself."""
    return (ratio.high - ratio.low) / ratio.median


def outliers(values: Sequence[float]) -> list[int]:
    """Give the positions of values far from the others.

    By the modified z-score on logarithms (B. Iglewicz and D. C. Hoaglin, "How to Detect and Handle Outliers", 1993):
    0.6745 times the distance from the median, over the median of those distances. Of fewer than five values none can be
    said to be far from the others.
    """
    if len(values) < FEWEST:
        return []
    logs = np.log(np.asarray(values, dtype=float))
    distances = np.abs(logs - np.median(logs))
    typical = float(np.median(distances))
    return [] if typical == 0 else [int(place) for place in np.flatnonzero(0.6745 * distances / typical > FAR)]


def noise_of(null: Ratio | None) -> float:
    """Give the noise that a null cell shows, as a logarithm: how far from 1 its interval reaches; 0 without one."""
    return 0.0 if null is None else max(abs(math.log(null.low)), abs(math.log(null.high)))


def verdict(ratio: Ratio, null: Ratio | None = None, *, worth: float = WORTH) -> Verdict:
    """Say what a speed-up amounts to.

    The noise is a band around 1: what the baseline against itself (the null cell) has shown, either way. It is an error
    of its own, independent of the cell's, so the two reaches are squared and added (R. G. Newcombe, Statistics in
    Medicine 17, 1998): a difference is what remains beyond both. Without a null cell this is whether the interval
    leaves out 1. How well it is known that there is none is told by two one-sided tests (D. J. Schuirmann, J.
    Pharmacokinet. Biopharm. 15, 1987), which come to whether the interval stays within what is worth having.

    Args:
        ratio: the speed-up.
        null: of the scenario's null cell, where it has one.
        worth: the smallest difference that would matter, as a share.

    Returns:
        better or worse: beyond the noise. no difference: it isn't, and the interval holds nothing that would matter.
        undecided: it isn't, but more pairs might yet show a difference that matters.

    """
    noise = noise_of(null)
    low, middle, high = (math.log(value) for value in (ratio.low, ratio.median, ratio.high))
    if middle > math.hypot(middle - low, noise):
        return "better"
    if -middle > math.hypot(high - middle, noise):
        return "worse"
    margin = max(noise, math.log1p(worth))
    return "no difference" if -margin <= low and high <= margin else "undecided"


def no_difference(ratio: Ratio, null: Ratio | None = None) -> bool:
    """Say whether a speed-up can't be told from none: it is not beyond its error and the noise together."""
    return verdict(ratio, null) in ("no difference", "undecided")


def _student_t(freedom: int, confidence: float) -> float:
    from scipy.special import stdtrit  # noqa: PLC0415 - a quarter of a second that only a driver with pairs pays

    return float(stdtrit(freedom, (1 + confidence) / 2))
