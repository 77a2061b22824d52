"""All that the design document tells of, gathered once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tabulate import tabulate

from ingest_bench.advice import ModeAdvice, ScenarioAdvice, advise_modes, advise_scenarios
from ingest_bench.advice.options import SIMPLEST_FIRST, Option
from ingest_bench.advice.scenarios import Mode
from ingest_bench.design.facts import Facts
from ingest_bench.reporting.view import Study, View
from ingest_bench.reporting.wording import paragraph, point
from ingest_bench.results import Results
from ingest_bench.scaling import Series, WayGrown, scenario_series, ways_grown
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

    study: Study
    scenarios: list[ScenarioAdvice]
    modes: dict[Mode, ModeAdvice]
    series: list[Series]
    grown: list[WayGrown]
    figures: str
    """Folder of the report's figures, seen from the document."""
    curves: str
    """Folder of the figures of the scaling law, seen from the document."""
    facts: Facts = field(default_factory=Facts)

    @classmethod
    def of(cls, results: Results, figures: str = "figures", curves: str = "scaling") -> Story:
        """Gather.

        Raises:
            AggregationError: a cell's scenario or arm is not in the configuration.

        """
        scenarios = advise_scenarios(results)
        return cls(
            study=Study.of(results),
            scenarios=scenarios,
            modes=advise_modes(results, scenarios),
            series=scenario_series(results),
            grown=ways_grown(results),
            figures=figures,
            curves=curves,
        )

    @property
    def concurrent(self) -> dict[Mode, ModeAdvice]:
        """The modes in which something above a concurrency of 1 is advised."""
        return {mode: advice for mode, advice in self.modes.items() if advice.use and advice.use.concurrency > 1}

    @property
    def strategies(self) -> list[str]:
        """The worker strategies that the modes need, simplest first."""
        needed = {advice.use_strategy for advice in self.concurrent.values()}
        return [name for name in OPTION_NAMES if name in needed]

    @property
    def undecided(self) -> dict[Mode, ModeAdvice]:
        """The modes that more pairs have to decide."""
        return {mode: advice for mode, advice in self.modes.items() if advice.verdict.status == "undecided"}

    def view(self, name: str) -> View:
        """Give the scenario of this name as the report shows it."""
        return next(view for view in self.study.views if view.name == name)

    def alone(self, advice: ModeAdvice) -> Option | None:
        """Give the sequential way of a mode, as its first deciding scenario measured it."""
        return next((each[0] for each in advice.options.values() if each[0].strategy == ALONE), None)


def section(title: str, parts: Iterator[str] | Sequence[str]) -> str:
    """Put a heading over its parts."""
    return "\n\n".join([f"## {title}", *(part for part in parts if part)])


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """Write a Markdown table; all columns but the first `words` hold figures, and are aligned to the right."""
    align = ["left" if place < words else "right" for place in range(len(titles))]
    return tabulate(rows, headers=titles, tablefmt="pipe", colalign=align, disable_numparse=True) if rows else ""


def points(texts: Sequence[str]) -> str:
    """Write a list."""
    return "\n".join(map(point, texts))


def prose(*sentences: str) -> str:
    """Write a paragraph."""
    return paragraph(" ".join(text for text in sentences if text))
