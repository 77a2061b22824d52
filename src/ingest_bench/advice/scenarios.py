"""What to use in one scenario."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ingest_bench.advice.options import Key, Option, Refused, options_of
from ingest_bench.advice.recommend import Verdict, decide
from ingest_bench.arms.layouts import Section
from ingest_bench.estimates import Estimate
from ingest_bench.results import Cell, Results
from ingest_bench.settings import Scenario, Settings

Mode = str
"""A section of a settings file: one of `SECTIONS`."""


@dataclass(frozen=True, slots=True)
class ScenarioAdvice:
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
        """The choice, or the bet."""
        return None if self.verdict.use is None else self.options[self.verdict.use]

    @property
    def rivals(self) -> list[Option]:
        """Other options that might be as good, simplest first."""
        return [self.options[key] for key in self.verdict.rivals]

    @property
    def settable(self) -> bool:
        """Whether there is a choice among ways of the package's own, which are those that can be set."""
        return any(option.own for option in self.options.values())

    @property
    def by_page_size(self) -> bool:
        """Whether it asks for the page size."""
        return len({option.page_size for option in self.options.values()}) > 1

    @property
    def growing(self) -> bool:
        """Whether its baseline reads another corpus."""
        return self.scenario.baseline.corpus not in (None, self.scenario.corpus)

    def good(self, key: Key) -> float:
        """Give the probability that an option is within the tolerance of the best; of a hopeless one, 0."""
        chance = self.verdict.chances.get(key)
        return chance.enough if chance else 0.0

    def loss(self, key: Key) -> float:
        """Give the share of the best throughput that an option is expected to lack; of a hopeless one, by its mean."""
        chance = self.verdict.chances.get(key)
        if chance:
            return chance.loss
        best = max(option.estimate.mean for option in self.options.values())
        return -math.expm1(self.options[key].estimate.mean - best)


def advise_scenario(name: str, scenario: Scenario, section: Section, cells: Iterable[Cell]) -> ScenarioAdvice:
    """Choose for one scenario; `section` is that of its corpus."""
    options, refused = options_of(cells, scenario, api=section.mode == "api")
    verdict = _decided(tuple((option.key, option.estimate) for option in options))
    return ScenarioAdvice(name, scenario, section.name, {option.key: option for option in options}, refused, verdict)


def advise_scenarios(results: Results) -> list[ScenarioAdvice]:
    """Choose for every scenario that was measured, in the order of the configuration."""
    settings = Settings.model_validate(results.config)
    found = []
    for name, scenario in settings.scenarios.items():
        cells = [cell for cell in results.cells if cell.scenario == name]
        if cells and not scenario.of_stages:
            found.append(advise_scenario(name, scenario, settings.corpora[scenario.corpus].layout.section, cells))
    return found


@lru_cache(maxsize=256)
def _decided(options: tuple[tuple[Key, Estimate], ...]) -> Verdict[Key]:
    """Decide among options, simplest first; a report asks for the same scenario many times."""
    places = {key: place for place, (key, _) in enumerate(options)}
    return decide({key: (estimate,) for key, estimate in options}, simplicity=lambda key: places[key])
