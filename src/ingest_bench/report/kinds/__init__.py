"""The kinds of scenarios: a kind is an object in a file of this folder, and its name in `KINDS`."""

from ingest_bench.report.kinds.apis import LATENCY, PAGES, RATE, REQUESTS
from ingest_bench.report.kinds.base import ScenarioKind
from ingest_bench.report.kinds.commands import COMMANDS
from ingest_bench.report.kinds.files import CATALOG, DIRECTORY, FILES, GEOPARQUET, GROWTH
from ingest_bench.report.kinds.pipelines import MIXED, STAGES
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData

__all__ = ["DIRECTORY", "KINDS", "RATE", "ScenarioKind", "answering", "kind_of", "of_kind"]

KINDS = (COMMANDS, FILES, CATALOG, DIRECTORY, GEOPARQUET, RATE, PAGES, LATENCY, REQUESTS, STAGES, MIXED, GROWTH)
"""A scenario is of the first that fits it."""


def kind_of(view: ScenarioView) -> ScenarioKind:
    """Give the kind of a scenario."""
    return next(kind for kind in KINDS if kind.fits(view))


def of_kind(data: ReportData, kind: ScenarioKind) -> list[ScenarioView]:
    """Pick the scenarios of a kind."""
    return [view for view in data.views if kind_of(view) is kind]


def answering(data: ReportData, question: str) -> list[ScenarioView]:
    """Pick the scenarios that have something to say to a question."""
    return [view for view in data.views if question in kind_of(view).answers]
