"""What an answer looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ingest_bench.report.blocks import Question
from ingest_bench.report.formatting import safe, sentence
from ingest_bench.report.model.scenario import ScenarioView

UNMEASURED = "Not measured: these results hold no scenario that could say it."


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: in a few words, then point by point. Without either, the data don't say."""

    gist: str = ""
    points: list[str] = field(default_factory=list)

    def to(self, question: str) -> Question:
        """Put it below its question."""
        return Question(question, self.gist or ("" if self.points else UNMEASURED), self.points)


def by_scenario(views: Iterable[ScenarioView], tell: Callable[[ScenarioView], str | None], gist: str = "") -> Reply:
    """Answer scenario by scenario, where there is something to tell."""
    points = [f"*{safe(view.title)}*: {text}" for view in views if (text := tell(view))]
    return Reply(f"{sentence(gist)}." if gist and points else "", points)
