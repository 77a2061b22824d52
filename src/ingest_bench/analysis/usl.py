"""The Universal Scalability Law, fitted to throughput against concurrency, arm by arm."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ingest_bench.analysis.candidates import settings_at
from ingest_bench.analysis.speedup import TAILS, Bounds, Estimate, generator, log_ratios, usable
from ingest_bench.config.models import Settings
from ingest_bench.results.models import Results

Array = NDArray[np.float64]
MIN_LEVELS = 4
"""The law has three coefficients: with three levels nothing is left that could contradict it."""
DRAWS = 1_000
UNLIKELY = 0.05
"""A law that would show such deviations less often than this doesn't describe the levels."""


@dataclass(frozen=True, slots=True)
class Usl:
    """X(N) = scale N / (1 + contention (N - 1) + coherency N (N - 1)), between the lowest and the highest level."""

    scale: Bounds
    """Throughput of one worker, relative to the baseline."""
    contention: Bounds
    coherency: Bounds
    peak: Bounds
    """Concurrency of the highest throughput, never outside the levels measured; see `peak_at`."""
    peak_at: Literal["inside", "lowest level", "highest level"]
    """Whether the curve has its maximum within the levels, or falls or rises through all of them."""
    levels: tuple[int, ...]
    describes: bool
    """Whether the levels lie on such a curve, as far as their pairs can tell."""
    replicas: Array
    """Coefficients of every draw, a row each, for `band`."""

    def curve(self, levels: Sequence[float]) -> Array:
        """Give throughput relative to the baseline at some levels, none of them outside those measured.

        Raises:
            ValueError: a level is outside, where nothing is known.

        """
        coefficients = np.array([[self.scale.value, self.contention.value, self.coherency.value]])
        return np.asarray(_throughput(self._inside(levels), coefficients)[0])

    def band(self, levels: Sequence[float]) -> tuple[Array, Array]:
        """Give the bounds of the curve at some levels, none of them outside those measured.

        Raises:
            ValueError: a level is outside, where nothing is known.

        """
        curves = _throughput(self._inside(levels), self.replicas)
        low, high = np.quantile(curves, TAILS, axis=0)
        return low, high

    def _inside(self, levels: Sequence[float]) -> Array:
        requested = np.asarray(levels, dtype=float)
        if len(requested) and (requested.min() < self.levels[0] or requested.max() > self.levels[-1]):
            raise ValueError(
                f"levels from {self.levels[0]} to {self.levels[-1]} were measured; no curve goes past them"
            )
        return requested


@dataclass(frozen=True, slots=True)
class TooFew:
    """Why nothing was fitted."""

    levels: tuple[int, ...]
    needed: int = MIN_LEVELS


def fit_usl(ratios: Mapping[int, Sequence[float]], *, seed: int = 0, draws: int = DRAWS) -> Usl | TooFew:
    """Fit the law to paired log ratios of throughput by level.

    N. J. Gunther, "Guerrilla Capacity Planning", Springer 2007, chapters 4 and 5. Divided by N and inverted the law is
    linear in 1 / scale, contention / scale and coherency / scale, which are found by least squares with bounds at 0
    (`scipy.optimize.nnls`), so each fit has one solution and needs no start. Deviations count relative to the
    throughput, since the errors are those of ratios. The intervals are a parametric bootstrap over the pairs: the fit
    is repeated on means drawn from what the pairs of each level leave possible (`ingest_bench.analysis.speedup`).

    Args:
        ratios: by concurrency, the logs of throughput over the baseline's, one a pair. Levels with fewer than two pairs
            are ignored.
        seed: of the bootstrap.
        draws: of the bootstrap.

    """
    known = {level: estimate for level, logs in sorted(ratios.items()) if (estimate := Estimate.from_logs(logs))}
    levels = tuple(known)
    if len(levels) < MIN_LEVELS:
        return TooFew(levels)
    at = np.array(levels, dtype=float)
    fitted = _solve(at, np.exp([known[level].mean for level in levels]))
    if fitted is None:
        return TooFew(levels)
    drawn = np.column_stack([known[level].draws(generator(seed, level), draws) for level in levels])
    replicas = np.array([row for means in np.exp(drawn) if (row := _solve(at, means)) is not None])
    peaks = np.array([_peak(row, levels) for row in replicas])
    peak = _peak(fitted, levels)
    scale, contention, coherency = (Bounds.of(fitted[index], replicas[:, index]) for index in range(3))
    return Usl(
        scale=scale,
        contention=contention,
        coherency=coherency,
        peak=Bounds.of(peak, peaks),
        peak_at="lowest level" if peak <= levels[0] else "highest level" if peak >= levels[-1] else "inside",
        levels=levels,
        describes=_describes(at, known, fitted),
        replicas=replicas,
    )


def _solve(levels: Array, throughput: Array) -> Array | None:
    """Give scale, contention and coherency; None where the scale is unbounded."""
    from scipy.optimize import nnls  # noqa: PLC0415 - only who fits pays for scipy

    terms = np.column_stack([np.ones_like(levels), levels - 1, levels * (levels - 1)])
    weights = throughput / levels
    for _ in range(2):
        solution, _ = nnls(terms * weights[:, None], weights * levels / throughput)
        if solution[0] <= 0:
            return None
        # Again with the weights of the curve itself: those of noisy points favour the points that err upwards.
        weights = 1 / (terms @ solution)
    return np.array([1 / solution[0], solution[1] / solution[0], solution[2] / solution[0]])


def _throughput(levels: Array, coefficients: Array) -> Array:
    scale, contention, coherency = (column[:, None] for column in coefficients.T)
    return np.asarray(scale * levels / (1 + contention * (levels - 1) + coherency * levels * (levels - 1)))


def _peak(coefficients: Array, levels: Sequence[int]) -> float:
    """Give the maximum of the curve, N = sqrt((1 - contention) / coherency), kept within the levels."""
    _, contention, coherency = coefficients
    if contention >= 1:
        return float(levels[0])
    where = math.sqrt((1 - contention) / coherency) if coherency > 0 else math.inf
    return float(min(max(where, levels[0]), levels[-1]))


def _describes(levels: Array, known: Mapping[int, Estimate], fitted: Array) -> bool:
    """Compare the deviations of the levels with the spread of their pairs: the F test for lack of fit.

    N. R. Draper and H. Smith, "Applied Regression Analysis", 3rd edition, section 2.1.
    """
    from scipy.special import fdtrc  # noqa: PLC0415 - only who fits pays for scipy

    estimates = list(known.values())
    off = np.array([estimate.mean for estimate in estimates]) - np.log(_throughput(levels, fitted[None, :])[0])
    pairs = np.array([estimate.pairs for estimate in estimates])
    within = float(np.sum([(e.pairs - 1) * e.sd**2 for e in estimates])) / float((pairs - 1).sum())
    free = len(levels) - 3
    lack = float((pairs * off**2).sum()) / free
    return within == 0 or float(fdtrc(free, int((pairs - 1).sum()), lack / within)) >= UNLIKELY


@dataclass(frozen=True, slots=True)
class Series:
    """One arm of a scenario at all its levels."""

    scenario: str
    arm: str
    label: str
    fit: Usl | TooFew


def scenario_series(results: Results) -> list[Series]:
    """Fit every arm of every scenario that was measured above a concurrency of 1, in the matrix's order.

    A concurrency of 1 means the same for all strategies that read the same units, so the cell of the sequential way is
    the first level of each.
    """
    settings = Settings.model_validate(results.config)
    series: list[Series] = []
    for name, scenario in settings.scenarios.items():
        cells = [cell for cell in results.cells if cell.scenario == name and usable(cell) and scenario.choosable]
        units = {arm: (way.fetcher, settings_at(way, 1)) for arm, way in scenario.arms.items()}
        for arm in dict.fromkeys(cell.arm for cell in cells if cell.concurrency > 1):
            alone = [cell for cell in cells if cell.concurrency == 1 and units[cell.arm] == units[arm]][:1]
            mine = {cell.concurrency: cell for cell in [*alone, *(cell for cell in cells if cell.arm == arm)]}
            fit = fit_usl({level: log_ratios(cell) for level, cell in mine.items()}, seed=results.seed)
            series.append(Series(name, arm, mine[max(mine)].label, fit))
    return series
