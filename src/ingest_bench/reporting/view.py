"""What follows from the cells of a scenario, ready to be shown and compared."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Any

from ingest_bench.errors import AggregationError
from ingest_bench.reporting.rows import Row, page_size
from ingest_bench.results import Ratio, Results, Sample
from ingest_bench.scaling import Usl, WayGrown, scenario_series, ways_grown
from ingest_bench.settings import Corpus, Scenario, Settings


class Kind(Enum):
    """What a scenario asks, which decides what is reported of it beside time, throughput and memory."""

    STAGES = auto()
    FILES = auto()
    DIRECTORY = auto()
    GEOPARQUET = auto()
    LATENCY = auto()
    REQUESTS = auto()
    PAGES = auto()
    RATE = auto()
    GROWTH = auto()
    MIXED = auto()


@dataclass(frozen=True)
class View:
    """A scenario: its settings and its rows."""

    name: str
    scenario: Scenario
    corpus: Corpus
    manifest: dict[str, Any]
    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        """What the report calls it."""
        return self.scenario.title

    @property
    def api(self) -> bool:
        """Whether it reads an API."""
        return self.corpus.layout.network

    @property
    def growing(self) -> bool:
        """Whether its baseline reads another corpus."""
        return self.scenario.baseline.corpus not in (None, self.scenario.corpus)

    @cached_property
    def null(self) -> Row | None:
        """The baseline against itself."""
        return next((row for row in self.rows if row.cell.null), None)

    @property
    def noise(self) -> Ratio | None:
        """What the baseline against itself has shown."""
        return self.null.cell.ratio if self.null else None

    @property
    def baseline(self) -> str:
        """What the text calls the baseline."""
        settings = self.scenario.baseline
        label = self.scenario.arms[settings.arm].label or settings.arm.replace("_", " ")
        return f"{label} on {settings.corpus}" if self.growing else label

    @cached_property
    def baseline_samples(self) -> list[Sample]:
        """The usable samples of the baseline, of all cells."""
        return [sample for row in self.rows for sample in row.baseline_samples]

    @cached_property
    def expected(self) -> int | None:
        """Items that every arm has to deliver; None where nobody knows."""
        picked = self.scenario.file
        if picked is not None:
            count = self.manifest.get("file_references", {}).get(picked, {}).get("count")
        else:
            count = self.manifest.get("items")
        return None if count is None else int(count)

    @cached_property
    def kind(self) -> Kind:
        """What it asks: seen from its settings, so that a scenario of the user's own is reported as fully."""
        if self.scenario.of_stages:
            return Kind.STAGES
        if self.scenario.pipeline:
            return Kind.MIXED
        if self.growing:
            return Kind.GROWTH
        if not self.api:
            kinds = {"geoparquet": Kind.GEOPARQUET, "items_directory": Kind.DIRECTORY}
            return kinds.get(self.corpus.kind, Kind.FILES)
        return self._kind_of_api

    @property
    def _kind_of_api(self) -> Kind:
        if self.scenario.server and self.scenario.server.rate:
            return Kind.RATE
        arms, max_page = self.scenario.arms.values(), self.scenario.server.max_page if self.scenario.server else None
        if len({page_size(arm, max_page) for arm in arms}) > 1:
            return Kind.PAGES
        return Kind.LATENCY if all(arm.concurrency == [1] for arm in arms) else Kind.REQUESTS


@dataclass(frozen=True)
class Study:
    """All results, scenario by scenario in the order of the configuration."""

    results: Results
    settings: Settings
    views: tuple[View, ...]

    @classmethod
    def of(cls, results: Results) -> Study:
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
    def _laws(self) -> dict[str, dict[str, Usl]]:
        found: dict[str, dict[str, Usl]] = {}
        for series in scenario_series(self.results):
            if isinstance(series.fit, Usl):
                found.setdefault(series.scenario, {})[series.label] = series.fit
        return found

    def laws(self, view: View) -> dict[str, Usl]:
        """Give the scaling laws of a scenario that could be fitted, by the label of the way."""
        return self._laws.get(view.name, {})

    def of_kind(self, *kinds: Kind) -> list[View]:
        """Pick the scenarios that ask something."""
        return [view for view in self.views if view.kind in kinds]


def _view(name: str, settings: Settings, results: Results) -> View:
    scenario = settings.scenarios[name]
    max_page = scenario.server.max_page if scenario.server else None
    return View(
        name=name,
        scenario=scenario,
        corpus=settings.corpora[scenario.corpus],
        manifest=results.corpora.get(scenario.corpus, {}),
        rows=tuple(Row(cell, scenario.arms[cell.arm], max_page) for cell in results.cells if cell.scenario == name),
    )
