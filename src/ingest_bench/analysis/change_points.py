"""Change points: between which runs a series of measurements has moved, and by how much.

Candidates are found by E-divisive means (D. S. Matteson and N. A. James, "A Nonparametric Approach for Multiple Change
Point Analysis of Multivariate Data", J. Am. Stat. Assoc. 109, 2014; for benchmarks D. Daly et al., "The Use of Change
Point Detection to Identify Software Performance Regressions in a Continuous Integration System", ICPE 2020) and tested
by Student's t, which needs no permutations and gives the same answer each time, as Hunter does, which has become Apache
Otava (M. Fleming et al., "Hunter: Using Change Point Detection to Hunt for Performance Regressions", ICPE 2023).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.001
"""Of a candidate, corrected for the places that it was looked for at: about one false alarm in so many series."""
MIN_SEGMENT = 3
"""Runs on either side of a change: one or two that are off are outliers."""
MIN_FACTOR = 1.05
"""A smaller change isn't told: the same 5% that a comparison of two runs lets pass."""

BOUND = 3.0
"""Standard deviations from the median of its neighbours, beyond which a value is an outlier."""
_NEIGHBOURS = MIN_SEGMENT
"""On either side: with as many as a segment has, the median follows a step, and not an outlier."""
_MAD_TO_SD = 1.482602218505602
"""Standard deviation over the median absolute deviation, of a normal variable."""

_Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A place where a series has moved."""

    index: int
    """Of the first value after it."""
    start: int
    """Of the first value of the segment before it."""
    end: int
    """Behind the last value of the segment after it."""
    before: float
    """Mean of the segment before it; of logarithms, outliers bounded."""
    after: float
    """Mean of the segment after it; likewise."""
    p: float
    """That the two segments have one mean: Student's t, corrected for the places (Bonferroni)."""

    @property
    def shift(self) -> float:
        """By how much the level moved; of logarithms, so a log ratio."""
        return self.after - self.before

    @property
    def factor(self) -> float:
        """The shift as a factor."""
        return math.exp(self.shift)


def change_points(logs: Sequence[float]) -> list[ChangePoint]:
    """Find where a series has moved.

    1. Outliers are bounded, or one of them would hide a step by the variance that it brings: what is farther from the
       median of its neighbours than `BOUND` standard deviations is put there (F. R. Hampel's filter; the standard
       deviation is that of the median absolute deviation).
    2. Split. Of all ways to cut a piece out of a segment that begins where the segment does, and to cut that in two,
       the one whose two parts are farthest apart by the energy distance is a candidate; so a short visit to another
       level is found as well. It counts where Student's t between the parts, corrected for the number of ways, is below
       `ALPHA`; both sides are then split further.
    3. Merge. What was found first may hold no longer between the segments that are left: the weakest change point is
       dropped until each holds against both its neighbours, and is a change of `MIN_FACTOR` or more.

    Args:
        logs: natural logarithms of values, in the order in which they were measured.

    Returns:
        In their order; none of a series shorter than two segments of `MIN_SEGMENT`.

    """
    values = _bounded(np.asarray(logs, dtype=float))
    return _merged(values, sorted(_splits(values, 0, len(values))))


def segments(length: int, found: Sequence[ChangePoint]) -> list[tuple[int, int]]:
    """Give the first index of each piece between change points, and the index behind its last."""
    bounds = [0, *(each.index for each in found), length]
    return list(pairwise(bounds))


def _bounded(values: _Numbers) -> _Numbers:
    if len(values) < 2 * MIN_SEGMENT:
        return values
    padded = np.pad(values, _NEIGHBOURS, constant_values=np.nan)
    middle = np.nanmedian(np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS + 1), axis=1)
    distances = values - middle
    bound = BOUND * _MAD_TO_SD * float(np.median(np.abs(distances)))
    return middle + np.clip(distances, -bound, bound)


def _splits(values: _Numbers, start: int, end: int) -> list[int]:
    if end - start < 2 * MIN_SEGMENT:
        return []
    middle, stop, ways = _candidate(values[start:end])
    middle, stop = start + middle, start + stop
    if _p(values[start:middle], values[middle:stop], ways) >= ALPHA:
        return []
    return [*_splits(values, start, middle), middle, *_splits(values, middle, end)]


def _candidate(values: _Numbers) -> tuple[int, int, int]:
    """Return where the two parts that are farthest apart begin and end, and among how many such they were found."""
    count = len(values)
    sums = np.zeros((count + 1, count + 1))
    sums[1:, 1:] = np.abs(values[:, None] - values[None, :]).cumsum(axis=0).cumsum(axis=1)
    middles, ends = (each.ravel() for each in np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij"))
    possible = (middles >= MIN_SEGMENT) & (ends - middles >= MIN_SEGMENT)
    middles, ends = middles[possible], ends[possible]
    before, after = middles, ends - middles
    left = sums[middles, middles]
    between = sums[middles, ends] - left
    right = sums[ends, ends] - 2 * sums[middles, ends] + left
    energy = 2 * between / (before * after) - left / (before * (before - 1)) - right / (after * (after - 1))
    best = int(np.argmax(energy * before * after / (before + after)))
    return int(middles[best]), int(ends[best]), len(middles)


def _merged(values: _Numbers, places: list[int]) -> list[ChangePoint]:
    while places:
        bounds = [0, *places, len(values)]
        found = [_tested(values, *each) for each in zip(bounds, bounds[1:], bounds[2:], strict=False)]
        weakest = max(found, key=lambda point: (point.p >= ALPHA, _small(point), point.p))
        if weakest.p < ALPHA and not _small(weakest):
            return found
        places = [place for place in places if place != weakest.index]
    return []


def _small(point: ChangePoint) -> bool:
    return abs(point.shift) < math.log(MIN_FACTOR)


def _tested(values: _Numbers, start: int, middle: int, end: int) -> ChangePoint:
    before, after = values[start:middle], values[middle:end]
    ways = end - start - 2 * MIN_SEGMENT + 1
    return ChangePoint(middle, start, end, float(before.mean()), float(after.mean()), _p(before, after, ways))


def _p(before: _Numbers, after: _Numbers, ways: int) -> float:
    """Return the p value of Student's t with a pooled variance, times the number of ways to cut, at most 1."""
    dof = len(before) + len(after) - 2
    squares = float(((before - before.mean()) ** 2).sum() + ((after - after.mean()) ** 2).sum())
    error = math.sqrt(squares / dof * (1 / len(before) + 1 / len(after)))
    shift = abs(float(after.mean() - before.mean()))
    if error <= _ROUNDING or shift <= _ROUNDING:
        return float(shift <= _ROUNDING)
    from scipy.special import stdtr  # noqa: PLC0415 - a quarter of a second that only a history pays

    return min(1.0, ways * 2 * float(stdtr(dof, -shift / error)))


_ROUNDING = 1e-12
"""Logarithms that differ by less are those of one value."""
