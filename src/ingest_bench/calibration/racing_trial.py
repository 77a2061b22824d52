"""Rules by which a race is decided: how often each is wrong, and how many pairs it takes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ingest_bench.analysis.race import CONFIDENCE, TOLERANCE, Standing
from ingest_bench.analysis.recommend import draws_of
from ingest_bench.analysis.speedup import INTERVAL_PAIRS, Estimate, speed_up
from ingest_bench.calibration.anytime import anytime_quantile
from ingest_bench.calibration.races import LOOKS, MACHINES, Judge, Logs, Race, judged, run_race

DRAWS = 4_000


def by_probability(logs: Logs) -> Standing[int]:
    """Judge by drawn probabilities: the cheapest is chosen that is within the tolerance of the best at 95%.

    So choices were made before there were races: from one look, and each by its own noise.
    """
    estimates = [[Estimate.from_logs(each) or Estimate(0.0, math.inf, 1) for each in scenario] for scenario in logs]
    options = {option: [scenario[option] for scenario in estimates] for option in range(len(logs[0]))}
    drawn = draws_of(options, seed=0, size=DRAWS)
    enough = np.max(list(drawn.values()), axis=0) + math.log1p(-TOLERANCE)
    chances = {option: float(np.mean(draws >= enough)) for option, draws in drawn.items()}
    good = next((option for option, chance in chances.items() if chance >= CONFIDENCE), None)
    use = max(chances, key=lambda option: chances[option]) if good is None else good
    rivals = tuple(option for option in options if option != use) if good is None else ()
    return Standing(use, rivals, tuple(options) if rivals else (), 1.0 if rivals else 0.0)


def _each_look(dof: float) -> float:
    from scipy.special import stdtrit  # noqa: PLC0415 - as everywhere

    return float(stdtrit(dof, CONFIDENCE))


def _anytime(dof: float) -> float:
    # A lead is one-sided: either side of a symmetric mixture errs half as often as both together.
    return anytime_quantile(dof, 2 * (1 - CONFIDENCE))


USED = "t, five looks at 99% (used)"
RULES: Mapping[str, tuple[Judge, Sequence[int]]] = {
    "one look at three pairs, by probability (before)": (by_probability, (INTERVAL_PAIRS,)),
    "t, each look at 95%": (partial(judged, quantile=_each_look), LOOKS),
    USED: (judged, LOOKS),
    "mixture of t": (partial(judged, quantile=_anytime), LOOKS),
}


@dataclass(frozen=True, slots=True)
class RaceFigures:
    """What a rule decides."""

    rule: str
    right: float
    """Share of races that are right or undecided."""
    decided: Mapping[str, float]
    """By machine: share of those that are decided, where the best leads by 15%."""
    wrong_at_edge: float
    """Share of races that are decided wrongly, where the cheaper of two options loses just more than the tolerance."""
    pairs: float
    """Of a race, mean."""
    covered: float
    """Share of the intervals that cells end with that hold the truth."""


def race_figures(rule: str, seeds: Sequence[int]) -> RaceFigures:
    """Try a rule on races with these seeds."""
    judge, looks = RULES[rule]
    races = [run_race(seed, judge, looks) for seed in seeds]
    edges = [run_race(seed, judge, looks, edge=True) for seed in seeds]
    return RaceFigures(
        rule,
        right=float(np.mean([race.right or not race.decided for race in races])),
        decided={
            machine: float(np.mean([race.decided for race in races if race.clear and race.machine == machine]))
            for machine in MACHINES
        },
        wrong_at_edge=float(np.mean([race.decided and not race.right for race in edges])),
        pairs=float(np.mean([race.pairs for race in races])),
        covered=float(np.mean([held for race in races for held in covered(race)])),
    )


def covered(race: Race) -> list[bool]:
    """Give for each cell with enough pairs whether the interval that the report would show holds its true mean."""
    found = []
    for logs, true in race.cells:
        interval = speed_up([math.exp(log) for log in logs], CONFIDENCE, sequential=True)
        found.append(interval is not None and interval.low <= math.exp(true) <= interval.high)
    return found
