"""How sure a speed-up is, from pairs of samples."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ingest_bench.results import Ratio

METHOD = "Student's t on log ratios"
FAR = 3.5
"""A modified z-score beyond this flags an outlier."""
FEWEST = 5
"""Values among which one can be an outlier."""


def speed_up(ratios: Sequence[float], confidence: float) -> Ratio | None:
    """Give the median of paired ratios, and an interval for the typical ratio.

    A ratio and its inverse say the same thing, so logarithms are averaged, and so is their error: the interval is
    Student's t on the log ratios (any statistics text; for benchmarks A. Georges et al., "Statistically Rigorous Java
    Performance Evaluation", OOPSLA 2007, section 3.2). It keeps its promise from two pairs on where the logs are about
    normal. A percentile bootstrap of the median doesn't with so few: of seven pairs it takes the second smallest to the
    second largest, which covers 87%, not 95%. An outlier widens the interval and so asks for more pairs; it is never
    dropped.

    Args:
        ratios: candidate over baseline, one a pair, each above 0.
        confidence: of the interval, 0 to 1.

    Returns:
        None with fewer than two pairs, which say nothing about their spread.

    """
    if len(ratios) < 2:  # noqa: PLR2004 - a spread takes two
        return None
    logs = np.log(np.asarray(ratios, dtype=float))
    reach = _student_t(len(logs) - 1, confidence) * float(logs.std(ddof=1)) / math.sqrt(len(logs))
    centre, median = float(logs.mean()), float(np.median(logs))
    # Of strongly skewed pairs the median can lie outside an interval around the mean: it is then stretched, never
    # narrowed.
    low, high = min(centre - reach, median), max(centre + reach, median)
    return Ratio(
        median=math.exp(median),
        low=math.exp(low),
        high=math.exp(high),
        confidence=confidence,
        method=METHOD,
        pairs=len(logs),
    )


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


def no_difference(ratio: Ratio, null: Ratio | None = None) -> bool:
    """Say whether a speed-up can't be told from none.

    That is when its interval holds 1, or when it lies within what the baseline against itself (the null cell) has
    shown.
    """
    if ratio.low <= 1 <= ratio.high:
        return True
    if null is None:
        return False
    noise = max(abs(math.log(null.low)), abs(math.log(null.high)))
    return abs(math.log(ratio.median)) <= noise


def _student_t(freedom: int, confidence: float) -> float:
    from scipy.special import stdtrit  # noqa: PLC0415 - a quarter of a second that only a driver with pairs pays

    return float(stdtrit(freedom, (1 + confidence) / 2))
