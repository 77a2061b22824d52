"""What to use in a scenario, and in a mode: JSON files, GeoParquet, an API."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ingest_bench.analysis.candidates import SIMPLEST_FIRST, Key, Option, Refused, cheapest_first, options_of
from ingest_bench.analysis.deciding import CHOICE, Offer, deciding
from ingest_bench.analysis.race import CONFIDENCE, TOLERANCE, Parts
from ingest_bench.analysis.recommend import Verdict, decide, draws_of
from ingest_bench.analysis.speedup import Estimate
from ingest_bench.arms.layouts import SECTIONS, Section
from ingest_bench.config.models import Scenario, Settings
from ingest_bench.results.models import Cell, Results, Speedup

Mode = str
"""A section of a settings file: one of `SECTIONS`."""


@dataclass(frozen=True, slots=True)
class ScenarioRecommendation:
    """What to use in a scenario, and why."""

    name: str
    scenario: Scenario
    mode: Mode
    options: dict[Key, Option]
    """All that could be chosen, cheapest first."""
    waiting: dict[Key, Option]
    """Those that have too few pairs yet, cheapest first."""
    refused: list[Refused]
    verdict: Verdict[Key]

    @property
    def use(self) -> Option | None:
        """The choice, decided or provisional."""
        return None if self.verdict.use is None else self.options[self.verdict.use]

    @property
    def settable(self) -> bool:
        """Whether an option is a way of the package's own, which can be set."""
        return any(option.own for option in self.entered.values())

    @property
    def entered(self) -> dict[Key, Option]:
        """All options, whether or not they have the pairs to be chosen."""
        return {**self.options, **self.waiting}

    @property
    def by_page_size(self) -> bool:
        """Whether its options differ in page size."""
        return len({option.page_size for option in self.entered.values()}) > 1

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
    name: str, scenario: Scenario, section: Section, cells: Iterable[Cell], tolerance: float = TOLERANCE
) -> ScenarioRecommendation:
    """Choose for one scenario; `section` is that of its corpus, `tolerance` the loss that matters."""
    options, refused = options_of(cells, scenario, api=section.mode == "api")
    verdict = _decided(tuple((option.key, option.estimate) for option in options), tolerance)
    measured = {option.key: option for option in options if option.measured}
    waiting = {option.key: option for option in options if not option.measured}
    return ScenarioRecommendation(name, scenario, section.name, measured, waiting, refused, verdict)


def recommend_scenarios(results: Results) -> list[ScenarioRecommendation]:
    """Choose for every scenario that was measured, in the order of the configuration."""
    settings = Settings.model_validate(results.config)
    recommendations = []
    for name, scenario in settings.scenarios.items():
        cells = [cell for cell in results.cells if cell.scenario == name]
        if cells and scenario.choosable:
            section = settings.corpora[scenario.corpus].layout.section
            recommendations.append(recommend_scenario(name, scenario, section, cells, settings.tolerance))
    return recommendations


@lru_cache(maxsize=256)
def _decided(options: tuple[tuple[Key, Estimate], ...], tolerance: float) -> Verdict[Key]:
    """Decide among options, cheapest first; a report asks for the same scenario many times."""
    return decide({key: (estimate,) for key, estimate in options}, tolerance=tolerance)


METHOD = "drawn from the pairs of both"


@dataclass(frozen=True, slots=True)
class ModeRecommendation:
    """What to use in a mode, and why."""

    mode: Mode
    deciding: list[ScenarioRecommendation]
    """Scenarios whose options were weighed together."""
    others: list[ScenarioRecommendation]
    """The other scenarios of the mode."""
    options: dict[Key, Sequence[Option]]
    """What has the pairs to be chosen in all deciding scenarios, cheapest first; an option for each of them."""
    waiting: dict[Key, Sequence[Option]]
    """What has too few pairs yet in one of them, cheapest first."""
    verdict: Verdict[Key]

    @property
    def use(self) -> Option | None:
        """The choice, decided or provisional, as the first deciding scenario measured it."""
        return None if self.verdict.use is None else self.options[self.verdict.use][0]

    @property
    def chosen(self) -> Sequence[Option]:
        """The choice in each deciding scenario."""
        return [] if self.verdict.use is None else self.options[self.verdict.use]

    @property
    def measured(self) -> list[tuple[ScenarioRecommendation, Option]]:
        """The deciding scenarios, each with the choice as it was measured there; none without a choice."""
        return list(zip(self.deciding, self.chosen, strict=True)) if self.chosen else []

    @property
    def options_named(self) -> dict[Key, Option]:
        """What could be chosen, as the first deciding scenario measured it."""
        return {key: each[0] for key, each in self.options.items()}

    @property
    def better_elsewhere(self) -> list[ScenarioRecommendation]:
        """Scenarios of the mode in which the choice is known not to be good enough."""
        use = self.verdict.use
        weighed = [advice for advice in [*self.deciding, *self.others] if use in advice.options]
        return [advice for advice in weighed if use is not None and advice.p_within_tolerance(use) < 1 - CONFIDENCE]

    @property
    def chosen_elsewhere(self) -> list[ScenarioRecommendation]:
        """Scenarios of the mode that offered other options only, and more than one."""
        use = self.verdict.use
        return [advice for advice in self.others if use not in advice.options and len(advice.options) >= CHOICE]

    def strategies(self) -> dict[str, Key]:
        """Give the best option of each worker strategy, by the mean of its pairs; simplest strategy first."""
        best: dict[str, Key] = {}
        for name in SIMPLEST_FIRST:
            mine = [key for key, options in self.options.items() if options[0].strategy == name]
            if mine:
                best[name] = max(mine, key=lambda key: float(np.mean([o.estimate.mean for o in self.options[key]])))
        return best

    def by_strategy(self) -> Verdict[Key]:
        """Choose among the best options of the strategies."""
        picked = self.strategies().values()
        among = {key: options for key, options in self.options.items() if key in picked}
        return decide(_parts(among), tolerance=self.verdict.tolerance)

    def versus(self, key: Key, other: Key) -> Speedup:
        """Give how many times as fast one option is as another, over the deciding scenarios."""
        both = {name: self.options[name] for name in (key, other)}
        draws = draws_of(_parts(both), seed=0)
        gap = draws[key] - draws[other]
        pairs = min(option.estimate.pairs for options in both.values() for option in options)
        low, median, high = np.exp(np.quantile(gap, [(1 - CONFIDENCE) / 2, 0.5, (1 + CONFIDENCE) / 2]))
        return Speedup(
            median=float(median), low=float(low), high=float(high), confidence=CONFIDENCE, method=METHOD, pairs=pairs
        )


def recommend_modes(
    scenarios: Sequence[ScenarioRecommendation], tolerance: float = TOLERANCE
) -> dict[Mode, ModeRecommendation]:
    """Choose for every mode in which a way that can be set was measured; `tolerance` is the loss that matters."""
    by_mode = {mode: [each for each in scenarios if each.settable and each.mode == mode] for mode in SECTIONS}
    return {mode: _recommend(mode, mine, tolerance) for mode, mine in by_mode.items() if mine}


def _recommend(mode: Mode, scenarios: Sequence[ScenarioRecommendation], tolerance: float) -> ModeRecommendation:
    names = deciding({a.name: Offer(a.scenario, len(a.entered), a.by_page_size) for a in scenarios})
    weighed = [advice for advice in scenarios if advice.name in names]
    common = [key for key in weighed[0].entered if all(key in advice.entered for advice in weighed)]
    if len(common) < CHOICE and len(weighed) > 1:
        weighed = [max(weighed, key=lambda advice: len(advice.entered))]
        common = list(weighed[0].entered)
    options = cheapest_first({key: [advice.entered[key] for advice in weighed] for key in common})
    verdict = decide(_parts(options), tolerance=tolerance)
    measured = {key: each for key, each in options.items() if all(option.measured for option in each)}
    waiting = {key: each for key, each in options.items() if key not in measured}
    others = [advice for advice in scenarios if advice not in weighed]
    return ModeRecommendation(mode, weighed, others, measured, waiting, verdict)


def _parts(options: Mapping[Key, Sequence[Option]]) -> dict[Key, Parts]:
    return {key: [option.estimate for option in each] for key, each in options.items()}
