"""Throughput against concurrency, strategy by strategy, as a scenario's cells hold it."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest_bench.analysis.usl import TooFew, Usl, fit_usl
from ingest_bench.config.models import Arm, Settings
from ingest_bench.results.models import Cell, Results
from ingest_bench.results.pairs import pair_ratios

SPLIT = "time_chunks"
"""The one strategy whose way of listing work is another one even at a concurrency of 1."""


@dataclass(frozen=True, slots=True)
class Series:
    """One strategy of a scenario at all its levels."""

    scenario: str
    strategy: str
    label: str
    ratios: Mapping[int, Sequence[float]]
    """Paired log ratios to the scenario's baseline, by concurrency."""
    baseline_rate: float
    """Items per second of the baseline, the median of all its samples."""
    fit: Usl | TooFew


def log_ratios(cell: Cell) -> list[float]:
    """Give the logs of a cell's paired speed-ups; those of the baseline against itself are 0 by definition."""
    ratios = pair_ratios(cell.samples)
    return [0.0 if cell.is_null_cell else math.log(ratio) for ratio in ratios.values()]


def usable(cell: Cell) -> bool:
    """Give whether a cell delivered the right items and has a speed-up."""
    return cell.parity.ok and cell.speedup is not None


def scenario_series(results: Results) -> list[Series]:
    """Fit every strategy of every scenario that was measured above a concurrency of 1, in the matrix's order.

    A concurrency of 1 means the same for all strategies that read the same units, so the cell of the sequential way is
    the first level of each.
    """
    settings = Settings.model_validate(results.config)
    series: list[Series] = []
    for name in [name for name, scenario in settings.scenarios.items() if not scenario.of_stages]:
        cells = [cell for cell in results.cells if cell.scenario == name and usable(cell)]
        rates = [s.items / s.wall_s for c in cells for s in c.samples if s.role == "baseline" and s.invalid is None]
        if rates:
            rate = statistics.median(rates)
            series += _series_of(name, cells, settings, rate, results.seed)
    return series


def _series_of(name: str, cells: Sequence[Cell], settings: Settings, rate: float, seed: int) -> Iterator[Series]:
    arms = settings.scenarios[name].arms
    for arm in dict.fromkeys(cell.arm for cell in cells if cell.concurrency > 1):
        mine = {cell.concurrency: cell for cell in cells if cell.arm == arm}
        alone = next((cell for cell in cells if cell.concurrency == 1 and _same_units(arms[cell.arm], arms[arm])), None)
        if alone is not None:
            mine.setdefault(1, alone)
        ratios = {level: log_ratios(mine[level]) for level in sorted(mine)}
        strategy = _strategy(arms[arm]) if arms[arm].record.own else arm
        yield Series(name, strategy, mine[max(mine)].label, ratios, rate, fit_usl(ratios, seed=seed))


def _same_units(alone: Arm, other: Arm) -> bool:
    return alone.fetcher == other.fetcher and _driven_alike(alone) == _driven_alike(other)


def _driven_alike(arm: Arm) -> str:
    """Give what of an arm's settings counts at a concurrency of 1."""
    kept = {name: value for name, value in arm.settings.items() if name != "worker_strategy"}
    return json.dumps([kept, _strategy(arm) == SPLIT], sort_keys=True)


def _strategy(arm: Arm) -> str:
    return str(arm.settings.get("worker_strategy", "semaphore"))
