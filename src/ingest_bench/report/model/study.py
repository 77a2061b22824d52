"""All that a report is made from, gathered once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ingest_bench.analysis.recommendations import (
    Mode,
    ModeRecommendation,
    ScenarioRecommendation,
    recommend_modes,
    recommend_scenarios,
)
from ingest_bench.analysis.size_scaling import WayGrown, ways_grown
from ingest_bench.analysis.usl import Series, Usl, scenario_series
from ingest_bench.config.models import Settings
from ingest_bench.errors import AggregationError
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.warnings import DataWarning, of_machines, of_scenario
from ingest_bench.results.models import Results


@dataclass(frozen=True)
class ReportData:
    """All results, scenario by scenario in the order of the configuration."""

    results: Results
    settings: Settings
    views: tuple[ScenarioView, ...]

    @classmethod
    def from_results(cls, results: Results) -> ReportData:
        """Arrange results.

        Raises:
            AggregationError: a cell's scenario or arm is not in the configuration.

        """
        settings = Settings.model_validate(results.config)
        for cell in results.cells:
            if cell.scenario not in settings.scenarios or cell.arm not in settings.scenarios[cell.scenario].arms:
                raise AggregationError(f"{cell.scenario}/{cell.arm}: not in the configuration of these results")
        views = (_view(name, settings, results) for name in settings.scenarios)
        return cls(results, settings, tuple(view for view in views if view.rows))

    @cached_property
    def grown(self) -> list[WayGrown]:
        """How the cost of each way grows with the number of items."""
        return ways_grown(self.results)

    @cached_property
    def series(self) -> list[Series]:
        """How the throughput of each strategy goes with concurrency, with the scaling law fitted to it."""
        return scenario_series(self.results)

    def laws(self, view: ScenarioView) -> dict[str, Usl]:
        """Give the scaling laws of a scenario that could be fitted, by the label of the way."""
        mine = [series for series in self.series if series.scenario == view.name]
        return {series.label: series.fit for series in mine if isinstance(series.fit, Usl)}

    @cached_property
    def scenarios(self) -> list[ScenarioRecommendation]:
        """What to use in each scenario that has something to choose from."""
        return recommend_scenarios(self.results)

    @cached_property
    def modes(self) -> dict[Mode, ModeRecommendation]:
        """What to use in each mode that was measured."""
        return recommend_modes(self.scenarios, self.settings.tolerance)

    @cached_property
    def noises(self) -> list[tuple[float, ScenarioView]]:
        """By which factor each baseline that was measured against itself may differ from itself, the noisiest first."""
        factors = [(max(view.noise.high, 1 / view.noise.low), view) for view in self.views if view.noise]
        return sorted(factors, key=lambda each: -each[0])

    @cached_property
    def warnings(self) -> list[DataWarning]:
        """All doubts about the numbers: scenario by scenario, then those about the machines."""
        return [*(doubt for view in self.views for doubt in of_scenario(view)), *of_machines(self.results)]


def _view(name: str, settings: Settings, results: Results) -> ScenarioView:
    scenario = settings.scenarios[name]
    return ScenarioView(
        name=name,
        scenario=scenario,
        tolerance=settings.tolerance,
        corpus=settings.corpora[scenario.corpus],
        manifest=results.corpora.get(scenario.corpus, {}),
        rows=tuple(
            CellView(cell, scenario.arms[cell.arm], scenario.page_size(cell.arm))
            for cell in results.cells
            if cell.scenario == name
        ),
    )
