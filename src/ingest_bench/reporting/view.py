"""What follows from the cells of a scenario, ready to be shown and compared."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Any

from ingest_bench.errors import AggregationError
from ingest_bench.results import Cell, Ratio, Results, Sample, ServerRecord
from ingest_bench.settings import Arm, Corpus, Scenario, Settings

DEFAULT_LIMIT = 100
"""Items a page where an arm doesn't say."""


class Kind(Enum):
    """What a scenario asks, which decides what is reported of it beside time, throughput and memory."""

    FILES = auto()
    DIRECTORY = auto()
    GEOPARQUET = auto()
    LATENCY = auto()
    REQUESTS = auto()
    PAGES = auto()
    RATE = auto()
    GROWTH = auto()
    MIXED = auto()


def middle(values: Iterable[float | None]) -> float | None:
    """Give the median of what is known, or None."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


@dataclass(frozen=True)
class Row:
    """A cell, and the medians of its usable samples. Times in seconds, memory in MiB."""

    cell: Cell
    arm: Arm
    max_page: int | None

    @property
    def name(self) -> str:
        """What the text calls it."""
        return f"{self.cell.label} at {self.cell.concurrency}"

    @property
    def level(self) -> int:
        """The concurrency."""
        return self.cell.concurrency

    @property
    def own(self) -> bool:
        """Whether it is a way of the ingest package's own, which a user can set."""
        return self.arm.fetcher == "ingest"

    @property
    def strategy(self) -> str | None:
        """The worker strategy, `sequential` at a concurrency of 1; None for other fetchers."""
        if not self.own:
            return None
        return "sequential" if self.level == 1 else str(self.arm.settings.get("worker_strategy", "semaphore"))

    @property
    def usable(self) -> bool:
        """Whether it has a speed-up and delivered what it should have."""
        return self.cell.parity.ok and self.cell.ratio is not None and self.time_s is not None

    @property
    def standing(self) -> Ratio:
        """The speed-up of a usable row; the baseline's own is 1 by definition."""
        ratio = self.cell.ratio
        if ratio is None:
            raise ValueError(f"{self.name} has no speed-up")
        return ratio.model_copy(update={"median": 1.0, "low": 1.0, "high": 1.0}) if self.cell.null else ratio

    @property
    def page_size(self) -> int:
        """Items a page, as asked and as far as the server allows."""
        asked = int(self.arm.settings.get("limit", DEFAULT_LIMIT))
        return min(asked, self.max_page or asked)

    @cached_property
    def samples(self) -> list[Sample]:
        """The usable samples of the arm."""
        return [sample for sample in self.cell.samples if sample.role == "candidate" and sample.void is None]

    @cached_property
    def baseline_samples(self) -> list[Sample]:
        """The usable samples of the baseline that this cell was compared with."""
        return [sample for sample in self.cell.samples if sample.role == "baseline" and sample.void is None]

    @cached_property
    def time_s(self) -> float | None:
        """How long a run takes."""
        return self.median(lambda sample: sample.wall_s)

    @cached_property
    def rate(self) -> float | None:
        """Items per second."""
        return self.median(lambda sample: sample.items / sample.wall_s)

    @cached_property
    def items(self) -> float | None:
        """Items delivered."""
        return self.median(lambda sample: sample.items)

    @cached_property
    def peak_mb(self) -> float | None:
        """Memory at the peak."""
        return self.median(lambda sample: sample.peak_rss_mb)

    @cached_property
    def overhead_mb(self) -> float | None:
        """Memory at the peak over that of the interpreter and its imports."""
        return self.median(lambda sample: sample.peak_rss_mb - sample.start_rss_mb)

    @cached_property
    def cpu_share(self) -> float | None:
        """CPU time over wall time; above 1 where several processors work."""
        return self.median(lambda sample: (sample.cpu_user_s + sample.cpu_system_s) / sample.wall_s)

    @cached_property
    def requests(self) -> float | None:
        """Requests sent, as the server counts them where it is the workflow's own."""
        return self.median(lambda sample: sample.server.requests if sample.server else sample.requests)

    @cached_property
    def rate_limited(self) -> float | None:
        """Answers with status 429, as the server counts them where it is the workflow's own."""
        return self.median(lambda sample: sample.server.rate_limited if sample.server else sample.rate_limited)

    @cached_property
    def stage_shares(self) -> dict[str, float]:
        """The share of each pipeline stage in the time of all."""
        sums = {name: self.median(lambda sample, name=name: sample.stages.get(name)) or 0.0 for name in self.stages}  # type: ignore[misc]
        total = sum(sums.values())
        return {name: seconds / total for name, seconds in sums.items()} if total else {}

    @property
    def stages(self) -> list[str]:
        """The stages of the pipeline, in their order."""
        return list(dict.fromkeys(name for sample in self.samples for name in sample.stages))

    def median(self, value: Callable[[Sample], float | None]) -> float | None:
        """Give the median of something over the usable samples, where it is known."""
        return middle(value(sample) for sample in self.samples)

    def server_median(self, value: Callable[[ServerRecord], float]) -> float | None:
        """Give the median of something that the workflow's own server saw."""
        return middle(value(sample.server) for sample in self.samples if sample.server)


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
        return self.corpus.kind == "api"

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
        if self.scenario.pipeline:
            return Kind.MIXED
        if self.growing:
            return Kind.GROWTH
        if not self.api:
            kinds = {"geoparquet": Kind.GEOPARQUET, "items_directory": Kind.DIRECTORY}
            return kinds.get(self.corpus.kind, Kind.FILES)
        if self.scenario.server and self.scenario.server.rate:
            return Kind.RATE
        if len({row.page_size for row in self.rows}) > 1:
            return Kind.PAGES
        return Kind.LATENCY if all(row.level == 1 for row in self.rows) else Kind.REQUESTS


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
