"""What an answer looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ingest_bench.report.formatting import safe, sentence
from ingest_bench.report.model.scenario import ScenarioView

Answer = tuple[str, list[str]]
"""An answer in a few words, then point by point. Without either, the data don't say."""


def by_scenario(views: Iterable[ScenarioView], tell: Callable[[ScenarioView], str | None], gist: str = "") -> Answer:
    """Answer scenario by scenario, where there is something to tell."""
    points = [f"*{safe(view.title)}*: {text}" for view in views if (text := tell(view))]
    return (f"{sentence(gist)}." if gist and points else ""), points
