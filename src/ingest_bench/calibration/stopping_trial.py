"""Kinds of intervals, for cells that stop when one is narrow: their coverage, false claims, power and number of pairs.

The stopping rule is that of `harness.validity`, for all cells at once.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest_bench.analysis.speedup import CONFIDENCE, SEQUENTIAL_INFLATION
from ingest_bench.calibration.anytime import anytime_quantile, anytime_rank
from ingest_bench.calibration.races import MACHINES, Clock, log_ratios
from ingest_bench.calibration.trial import SAMPLING
from ingest_bench.harness.validity import FURTHER_PAIRS

SHOWN = math.log(1.10)
"""A difference that an interval should show, as a log."""
NORMAL = "normal, 2% to 10%"
NOISES = (NORMAL, *MACHINES)
Values = NDArray[np.float64]


class Bounds(NamedTuple):
    """Logs of speed-ups with their intervals, one a cell."""

    low: Values
    median: Values
    high: Values

    @property
    def narrow(self) -> NDArray[np.bool_]:
        """Whether each is as narrow as wanted."""
        return np.exp(self.high) - np.exp(self.low) <= SAMPLING.target_ci_width * np.exp(self.median)

    def claims(self, null: "Bounds") -> NDArray[np.bool_]:
        """Return for each whether a difference is claimed, given those of null cells: as `speedup.verdict` does."""
        noise = np.maximum(np.abs(null.low), np.abs(null.high))
        better = self.median > np.hypot(self.median - self.low, noise)
        return better | (-self.median > np.hypot(self.high - self.median, noise))


Interval = Callable[[Values], Bounds]
"""Gives the bounds of cells from their log ratios, shape (cells, pairs)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of interval."""

    while_looking: Interval
    """By which pairs are taken until it is narrow, and which is shown then."""
    with_all_pairs: Interval
    """Which is shown where it never was."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """How cells ended."""

    pairs: NDArray[np.int64]
    bounds: Bounds


def by_t(logs: Values) -> Bounds:
    """Give Student's t intervals."""
    return _around_mean(logs, _student(logs.shape[1]))


def by_widened_t(logs: Values) -> Bounds:
    """Give the intervals of `speed_up` for cells that end when narrow."""
    pairs = logs.shape[1]
    return _around_mean(logs, _student(pairs) * math.sqrt(1 + SEQUENTIAL_INFLATION / pairs))


def by_mixture_of_t(logs: Values) -> Bounds:
    """Give intervals that hold at all looks together, by `anytime_quantile`."""
    return _around_mean(logs, anytime_quantile(logs.shape[1] - 1, 1 - CONFIDENCE))


def by_mixture_of_signs(logs: Values) -> Bounds:
    """Give intervals of the median that hold at all looks together, by `anytime_rank`."""
    rank = anytime_rank(logs.shape[1], 1 - CONFIDENCE)
    median = np.median(logs, axis=1)
    if rank == 0:
        endless = np.full_like(median, np.inf)
        return Bounds(-endless, median, endless)
    ordered = np.sort(logs, axis=1)
    return Bounds(ordered[:, rank - 1], median, ordered[:, -rank])


USED = "t, widened (used)"
INTERVALS: Mapping[str, Kind] = {
    "t": Kind(by_t, by_t),
    USED: Kind(by_widened_t, by_t),
    "mixture of t": Kind(by_mixture_of_t, by_mixture_of_t),
    "mixture of signs": Kind(by_mixture_of_signs, by_mixture_of_signs),
}


def stopped(logs: Values, kind: Kind) -> Stopped:
    """Take the pairs of each cell by the stopping rule, from all that it may have: shape (cells, `SAMPLING.pairs.max`).

    Returns:
        The pairs that each took, and the interval that is shown of it.

    """
    cells, most = logs.shape
    pairs = np.full(cells, most)
    shown = kind.with_all_pairs(logs)
    narrow_at = np.full(cells, most + 1)
    running = np.full(cells, fill_value=True)
    for taken in range(SAMPLING.pairs.min, most + 1):
        bounds = kind.while_looking(logs[:, :taken])
        narrow = bounds.narrow
        narrow_at = np.where(narrow, np.minimum(narrow_at, taken), narrow_at)
        ends = running & narrow & (taken >= narrow_at + FURTHER_PAIRS)
        pairs[ends] = taken
        shown = Bounds(*(np.where(ends, new, old) for new, old in zip(bounds, shown, strict=True)))
        running &= ~ends
    return Stopped(pairs, shown)


def against_itself(noise: str, cells: int, seed: int) -> Values:
    """Give the log ratios of systems against themselves, as many as each may have: shape (cells, pairs); 0 is true."""
    most = SAMPLING.pairs.max
    rng = np.random.default_rng([seed, NOISES.index(noise)])
    if noise == NORMAL:
        return rng.normal(0, rng.uniform(0.02, 0.10, (cells, 1)), (cells, most))
    found = [log_ratios(rng, _of_the_baseline(MACHINES[noise](rng)), 0.0, most) for _ in range(cells)]
    return np.array(found)


@dataclass(frozen=True, slots=True)
class StoppedFigures:
    """What a kind of interval does on a kind of noise."""

    noise: str
    kind: str
    covered: float
    """Share of intervals that hold the truth."""
    claims: float
    """Share of cells that claim a difference from their null cell."""
    shown: float
    """Share of intervals around a difference of `SHOWN` that exclude none."""
    pairs: float
    """Mean."""


def stopped_figures(noise: str, cells: int, seed: int) -> list[StoppedFigures]:
    """Try all kinds of intervals on the same cells; every other one is the null cell of the next."""
    logs = against_itself(noise, cells, seed)
    found = []
    for name, kind in INTERVALS.items():
        ended = stopped(logs, kind)
        low, _, high = ended.bounds
        nulls, others = (Bounds(*(values[first::2] for values in ended.bounds)) for first in (0, 1))
        found.append(
            StoppedFigures(
                noise,
                name,
                covered=float(np.mean((low <= 0) & (high >= 0))),
                claims=float(np.mean(others.claims(nulls))),
                shown=float(np.mean(low + SHOWN > 0)),
                pairs=float(ended.pairs.mean()),
            )
        )
    return found


def _of_the_baseline(late: Clock) -> Clock:
    """Return a machine on which both sides are the baseline."""
    return lambda _is_baseline: late(True)


def _student(pairs: int) -> float:
    from scipy.special import stdtrit  # noqa: PLC0415 - as everywhere

    return float(stdtrit(pairs - 1, (1 + CONFIDENCE) / 2))


def _around_mean(logs: Values, t: float) -> Bounds:
    mean, median = logs.mean(axis=1), np.median(logs, axis=1)
    half_width = t * logs.std(axis=1, ddof=1) / math.sqrt(logs.shape[1])
    return Bounds(np.minimum(mean - half_width, median), median, np.maximum(mean + half_width, median))
