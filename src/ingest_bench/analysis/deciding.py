"""Which scenarios decide what is recommended in a mode: known from the settings, before anything was measured."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ingest_bench.config.models import Scenario, Settings

CHOICE = 2
"""A choice is between so many ways at least."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a scenario has to choose from."""

    scenario: Scenario
    ways: int
    by_page_size: bool
    """Whether its ways differ in page size."""


def deciding(offers: Mapping[str, Offer]) -> list[str]:
    """Pick the scenarios that weigh strategies and levels, and nothing else, of the ingest alone.

    Where there are none, growing collections decide, then mixed workloads, then page sizes; a scenario without a choice
    comes last.

    Args:
        offers: of the scenarios of one mode, by their names.

    Returns:
        Their names, in the same order; none where there are no offers.

    """
    plain = [name for name, offer in offers.items() if offer.scenario.pipeline is None and not offer.by_page_size]
    ranks = (
        [name for name in plain if not offers[name].scenario.growing],
        plain,
        [name for name, offer in offers.items() if not offer.by_page_size],
        list(offers),
    )
    for candidates in ranks:
        if choices := [name for name in candidates if offers[name].ways >= CHOICE]:
            return choices
    return list(offers)[:1]


def deciding_scenarios(settings: Settings) -> Collection[str]:
    """Name all scenarios that recommendations rest on, unless what they measure can't be used."""
    modes: dict[str, dict[str, Offer]] = {}
    for name, scenario in settings.scenarios.items():
        own = [arm for arm, options in scenario.arms.items() if options.record.own]
        if not (scenario.choosable and own):
            continue
        section = settings.corpora[scenario.corpus].layout.section
        ways = sum(len(scenario.arms[arm].concurrency) for arm in own)
        sizes = {scenario.page_size(arm) for arm in own} if section.mode == "api" else set[int]()
        modes.setdefault(section.name, {})[name] = Offer(scenario, ways, len(sizes) > 1)
    return {name for offers in modes.values() for name in deciding(offers)}
