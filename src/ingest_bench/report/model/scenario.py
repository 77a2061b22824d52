"""What follows from the cells of a scenario, ready to be shown and compared."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ingest_bench.config.models import Corpus, Scenario
from ingest_bench.config.server import RateLimit
from ingest_bench.report.model.cell import CellView
from ingest_bench.results.models import Sample, Speedup


@dataclass(frozen=True)
class ScenarioView:
    """A scenario: its settings and its rows."""

    name: str
    scenario: Scenario
    tolerance: float
    """The loss that matters, as a share of throughput."""
    corpus: Corpus
    manifest: dict[str, Any]
    rows: tuple[CellView, ...]

    @property
    def title(self) -> str:
        """What the report calls it."""
        return self.scenario.title

    @property
    def api(self) -> bool:
        """Whether it reads an API."""
        return self.corpus.layout.network

    @property
    def rate(self) -> RateLimit | None:
        """The rate limit of its server."""
        return self.scenario.server.rate if self.scenario.server else None

    @cached_property
    def null(self) -> CellView | None:
        """The baseline against itself."""
        return next((row for row in self.rows if row.cell.is_null_cell), None)

    @property
    def noise(self) -> Speedup | None:
        """What the baseline against itself has shown."""
        return self.null.cell.speedup if self.null else None

    @property
    def baseline(self) -> str:
        """What the text calls the baseline."""
        return self.scenario.baseline_label

    @cached_property
    def baseline_samples(self) -> list[Sample]:
        """The usable samples of the baseline, of all cells."""
        return [sample for row in self.rows for sample in row.baseline_samples]

    @cached_property
    def expected(self) -> int | None:
        """Items that every arm has to deliver; None where nobody knows. Of a search, what the baseline has found."""
        if self.scenario.search is not None:
            return max((sample.items for sample in self.baseline_samples), default=None)
        picked = self.scenario.file
        if picked is not None:
            count = self.manifest.get("file_references", {}).get(picked, {}).get("count")
        else:
            count = self.manifest.get("items")
        return None if count is None else int(count)
