"""A loaded run: its cells by name, with their settings and corpora."""

import math
import statistics
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from pydantic import ValidationError

from ingest_bench.analysis.cpu_time import Figure, cpu_speed_up, time_ratios
from ingest_bench.analysis.speedup import CONFIDENCE
from ingest_bench.config.models import Scenario, Settings
from ingest_bench.errors import ComparisonError
from ingest_bench.results.models import Cell, Results, Speedup
from stac_ingest.core.messages import one_line

Key = tuple[str, str, int]
"""Scenario, arm, concurrency."""


@dataclass(frozen=True)
class LoadedRun:
    """Results, validated and indexed by name."""

    file: str
    results: Results
    settings: Settings

    @classmethod
    def from_results(cls, file: str, results: Results) -> Self:
        """Validate and index results.

        Raises:
            ComparisonError: they don't fit their own configuration, or hold impossible times.

        """
        try:
            settings = Settings.model_validate(results.config)
        except ValidationError as error:
            raise ComparisonError(f"{file}: {one_line(error, Settings, 'config')}") from None
        for cell in results.cells:
            _check(file, cell, settings)
        return cls(file, results, settings)

    @cached_property
    def cells(self) -> dict[Key, Cell]:
        """The cells that a verdict can be on, by name: null cells show noise instead."""
        return {
            (cell.scenario, cell.arm, cell.concurrency): cell for cell in self.results.cells if not cell.is_null_cell
        }

    @cached_property
    def nulls(self) -> dict[str, Speedup]:
        """The speed-up of the baseline against itself, by scenario."""
        return {cell.scenario: cell.speedup for cell in self.results.cells if cell.is_null_cell and cell.speedup}

    @cached_property
    def cpu_nulls(self) -> dict[str, Speedup]:
        """The same by CPU time."""
        nulls = [cell for cell in self.results.cells if cell.is_null_cell]
        found = {cell.scenario: cpu_speed_up(cell.samples, CONFIDENCE, cell.stop_reason) for cell in nulls}
        return {scenario: ratio for scenario, ratio in found.items() if ratio}

    @cached_property
    def scenarios(self) -> dict[str, Scenario]:
        """The scenarios that cells were measured of, in the order of the configuration."""
        measured = {cell.scenario for cell in self.results.cells}
        return {name: scenario for name, scenario in self.settings.scenarios.items() if name in measured}

    def manifest(self, corpus: str) -> dict[str, Any] | None:
        """Give the manifest of a corpus; None where the results have none."""
        return self.results.corpora.get(corpus)

    def baseline_rate(self, scenario: str) -> float | None:
        """Give the median items per second of a scenario's baseline, over the samples of all its cells."""
        rates = [
            sample.items / sample.wall_s
            for cell in self.results.cells
            if cell.scenario == scenario
            for sample in cell.valid_samples("baseline")
        ]
        return statistics.median(rates) if rates else None


def log_ratios(cell: Cell, figure: Figure = "wall") -> list[float]:
    """Give the natural logarithms of a cell's paired speed-ups, by wall time or by CPU time."""
    return [math.log(ratio) for ratio in time_ratios(cell.samples, figure).values()]


def _check(file: str, cell: Cell, settings: Settings) -> None:
    name = f"{file}: {cell.name}"
    scenario = settings.scenarios.get(cell.scenario)
    if scenario is None or not {cell.arm, scenario.baseline.arm} <= scenario.arms.keys():
        raise ComparisonError(f"{name}: not in the configuration that these results carry; the file is damaged")
    if not {scenario.corpus, scenario.baseline.corpus or scenario.corpus} <= settings.corpora.keys():
        raise ComparisonError(f"{name}: reads a corpus that the configuration doesn't have; the file is damaged")
    if cell.speedup and not 0 < cell.speedup.low <= cell.speedup.high:
        raise ComparisonError(f"{name}: its speed-up has no interval that can be; the file is damaged")
    if any(sample.invalid is None and not (sample.wall_s > 0 and sample.items > 0) for sample in cell.samples):
        raise ComparisonError(f"{name}: a sample without time or items that isn't invalid; the file is damaged")
