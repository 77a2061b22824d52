"""What a kind of scenario is: all that the report has to know of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest_bench.report.blocks import Drawing
from ingest_bench.report.model.columns import Column
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData


@dataclass(frozen=True, slots=True)
class ScenarioKind:
    """Something that scenarios ask, and what is reported of it beside time, throughput and memory."""

    fits: Callable[[ScenarioView], bool]
    """Whether a scenario asks it: seen from its settings, so that one of the user's own is reported as fully."""
    subject: str | None = None
    """What a pipeline reads, as advice calls it; None where nothing is advised by what it reads."""
    answers: frozenset[str] = frozenset()
    """The questions of the report that it has something to say to, by the words that `text.questions` has for them."""
    columns: Callable[[ReportData, ScenarioView], list[Column]] = lambda _study, _view: []
    """Further columns of its table."""
    finding: Callable[[ReportData, ScenarioView], str | None] = lambda _study, _view: None
    """What it has shown, in a sentence or two; None where the data don't say."""
    drawings: Callable[[ScenarioView], Sequence[Drawing]] = lambda _view: ()
    """The first plots of its figure; without any it has those of levels, or of ways."""
    shows: str | None = None
    """What these plots show, for who can't see them."""


def ingests(view: ScenarioView, corpus: str) -> bool:
    """Say whether a scenario only ingests, all of it from the same corpus, which is of this kind."""
    scenario = view.scenario
    return view.corpus.kind == corpus and not (scenario.growing or scenario.pipeline or scenario.of_stages)
