"""All that the design document tells of, gathered once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest_bench.analysis.by_scenario import Mode
from ingest_bench.analysis.by_source_type import ModeRecommendation
from ingest_bench.analysis.candidates import SIMPLEST_FIRST, Option
from ingest_bench.analysis.usl import Bounds
from ingest_bench.report.formatting import paragraph, point
from ingest_bench.report.markdown import pipe_table
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from stac_ingest.strategies import STRATEGIES

OPTION_NAMES = {
    name: f"Option {STRATEGIES[name].simplicity}, {STRATEGIES[name].label}"
    for name in SIMPLEST_FIRST
    if STRATEGIES[name].workers
}
"""The designs that were proposed, simplest first, by worker strategy."""
ALONE = "sequential"


@dataclass(frozen=True)
class Story:
    """The results, what follows from them, and where to look."""

    study: ReportData
    figures: str = "figures"
    """Folder of the report's figures, seen from the document."""
    curves: str = "scaling"
    """Folder of the figures of the scaling law, seen from the document."""

    @property
    def modes(self) -> dict[Mode, ModeRecommendation]:
        """What to use in each mode that was measured."""
        return self.study.modes

    @property
    def concurrent(self) -> dict[Mode, ModeRecommendation]:
        """The modes in which something above a concurrency of 1 is advised."""
        return {mode: advice for mode, advice in self.modes.items() if advice.use and advice.use.concurrency > 1}

    @property
    def strategies(self) -> list[str]:
        """The worker strategies that the modes need, simplest first."""
        needed = {advice.use_strategy for advice in self.concurrent.values()}
        return [name for name in OPTION_NAMES if name in needed]

    @property
    def undecided(self) -> dict[Mode, ModeRecommendation]:
        """The modes that more pairs have to decide."""
        return {mode: advice for mode, advice in self.modes.items() if advice.verdict.status == "undecided"}

    def view(self, name: str) -> ScenarioView:
        """Give the scenario of this name as the report shows it."""
        return next(view for view in self.study.views if view.name == name)

    def alone(self, advice: ModeRecommendation) -> Option | None:
        """Give the sequential way of a mode, as its first deciding scenario measured it."""
        return next((each[0] for each in advice.options.values() if each[0].strategy == ALONE), None)


def section(title: str, parts: Iterator[str] | Sequence[str]) -> str:
    """Put a heading over its parts."""
    return "\n\n".join([f"## {title}", *(part for part in parts if part)])


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """Write a Markdown table; all columns but the first `words` hold figures, and are aligned to the right."""
    return pipe_table(titles, rows, range(words, len(titles))) if rows else ""


def points(texts: Sequence[str]) -> str:
    """Write a list."""
    return "\n".join(map(point, texts))


def prose(*sentences: str) -> str:
    """Write a paragraph."""
    return paragraph(" ".join(text for text in sentences if text))


def between(bounds: Bounds) -> str:
    """Write an estimate with its interval: two digits that count, however small, and no exponents."""
    value, low, high = (_rounded(number) for number in (bounds.value, bounds.low, bounds.high))
    return f"{value} ({low} to {high})"


def _rounded(value: float) -> str:
    size = abs(value)
    digits = 2 if size == 0 else max(0, 1 - math.floor(math.log10(size)))
    return f"{value:,.{min(digits, 6)}f}"
