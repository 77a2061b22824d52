"""What to use in one scenario."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ingest_bench.analysis.candidates import Key, Option, Refused, options_of
from ingest_bench.analysis.estimates import Estimate
from ingest_bench.analysis.recommend import Verdict, decide
from ingest_bench.arms.layouts import Section
from ingest_bench.config.models import Scenario, Settings
from ingest_bench.results.models import Cell, Results

Mode = str
"""A section of a settings file: one of `SECTIONS`."""


@dataclass(frozen=True, slots=True)
class ScenarioRecommendation:
    """What to use in a scenario, and why."""

    name: str
    scenario: Scenario
    mode: Mode
    options: dict[Key, Option]
    """All that could be chosen, simplest first."""
    refused: list[Refused]
    verdict: Verdict[Key]

    @property
    def use(self) -> Option | None:
        """The choice, decided or provisional."""
        return None if self.verdict.use is None else self.options[self.verdict.use]

    @property
    def settable(self) -> bool:
        """Whether an option is a way of the package's own, which can be set."""
        return any(option.own for option in self.options.values())

    @property
    def by_page_size(self) -> bool:
        """Whether its options differ in page size."""
        return len({option.page_size for option in self.options.values()}) > 1

    def p_within_tolerance(self, key: Key) -> float:
        """Give the probability that an option is within the tolerance of the best; of a hopeless one, 0."""
        chance = self.verdict.chances.get(key)
        return chance.p_within_tolerance if chance else 0.0

    def expected_loss(self, key: Key) -> float:
        """Give the share of the best throughput that an option is expected to lack; of one left out, by its mean."""
        chance = self.verdict.chances.get(key)
        if chance:
            return chance.expected_loss
        best = max(option.estimate.mean for option in self.options.values())
        return -math.expm1(self.options[key].estimate.mean - best)


def recommend_scenario(
    name: str, scenario: Scenario, section: Section, cells: Iterable[Cell]
) -> ScenarioRecommendation:
    """Choose for one scenario; `section` is that of its corpus."""
    options, refused = options_of(cells, scenario, api=section.mode == "api")
    verdict = _decided(tuple((option.key, option.estimate) for option in options))
    return ScenarioRecommendation(
        name, scenario, section.name, {option.key: option for option in options}, refused, verdict
    )


def recommend_scenarios(results: Results) -> list[ScenarioRecommendation]:
    """Choose for every scenario that was measured, in the order of the configuration."""
    settings = Settings.model_validate(results.config)
    recommendations = []
    for name, scenario in settings.scenarios.items():
        cells = [cell for cell in results.cells if cell.scenario == name]
        if cells and not scenario.of_stages:
            section = settings.corpora[scenario.corpus].layout.section
            recommendations.append(recommend_scenario(name, scenario, section, cells))
    return recommendations


@lru_cache(maxsize=256)
def _decided(options: tuple[tuple[Key, Estimate], ...]) -> Verdict[Key]:
    """Decide among options, simplest first; a report asks for the same scenario many times."""
    return decide({key: (estimate,) for key, estimate in options})
