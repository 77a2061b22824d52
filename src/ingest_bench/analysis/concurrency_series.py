"""Throughput against concurrency, arm by arm, as a scenario's cells hold it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest_bench.analysis.candidates import settings_at
from ingest_bench.analysis.estimates import log_ratios, usable
from ingest_bench.analysis.usl import TooFew, Usl, fit_usl
from ingest_bench.config.models import Arm, Settings
from ingest_bench.results.models import Cell, Results


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
        if not scenario.of_stages:
            cells = [cell for cell in results.cells if cell.scenario == name and usable(cell)]
            series += _series_of(name, cells, scenario.arms, results.seed)
    return series


def _series_of(name: str, cells: Sequence[Cell], arms: dict[str, Arm], seed: int) -> Iterator[Series]:
    for arm in dict.fromkeys(cell.arm for cell in cells if cell.concurrency > 1):
        mine = {cell.concurrency: cell for cell in cells if cell.arm == arm}
        alone = next((cell for cell in cells if cell.concurrency == 1 and _same_units(arms[cell.arm], arms[arm])), None)
        if alone is not None:
            mine.setdefault(1, alone)
        fit = fit_usl({level: log_ratios(cell) for level, cell in mine.items()}, seed=seed)
        yield Series(name, arm, mine[max(mine)].label, fit)


def _same_units(alone: Arm, other: Arm) -> bool:
    return alone.fetcher == other.fetcher and settings_at(alone, 1) == settings_at(other, 1)
