"""Races whose best option is known, on machines that are as noisy as real ones: what the rounds of a run decide."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ingest_bench.analysis.race import TOLERANCE, moderated, standing, totals

MOST_PAIRS = 48
MIN_RIGHT, MIN_DECIDED = 0.99, 0.90
"""Shares of races that have to be right or undecided, and of those with a clear best that have to be decided."""
CLEAR_LEAD = 0.15
"""Share by which the best option leads, at least, where a race should be decided."""
CLEAR_EVERY = 2
"""One race in so many has such a lead; in the others it may be anything."""
SCENARIOS = (1, 3)
"""Scenarios that decide together."""
OPTIONS = (2, 7)
"""Fewest and most."""

Clock = Callable[[bool], float]
"""Gives the log of what the next sample takes over what it should; told whether it is the baseline's."""


@dataclass(frozen=True, slots=True)
class Race:
    """How a race ended."""

    machine: str
    clear: bool
    """Whether its best option leads by `CLEAR_LEAD`."""
    decided: bool
    right: bool
    """Whether the choice loses no more than the tolerance, in truth."""
    pairs: int
    """Of all its options together."""


def stolen_time(rng: np.random.Generator) -> Clock:
    """Return a machine whose host takes a part of its time, for some samples in a row: a seventh of it all in all."""
    share, left = 0.0, 0

    def late(_is_baseline: bool) -> float:
        nonlocal share, left
        if left == 0:
            share = float(rng.uniform(0.1, 0.5)) if rng.random() < 0.45 else 0.0  # noqa: PLR2004 - of episodes
            left = int(rng.geometric(0.25))
        left -= 1
        return -math.log1p(-share)

    return late


def drifting_clock(rng: np.random.Generator) -> Clock:
    """Return a machine whose speed walks at random, a twentieth from one sample to the next."""
    speed = 0.0

    def late(_is_baseline: bool) -> float:
        nonlocal speed
        speed += float(rng.normal(0, 0.05))
        return speed

    return late


def bimodal_baseline(rng: np.random.Generator) -> Clock:
    """Return a machine on which the baseline takes 35% longer in one sample of three."""

    def late(is_baseline: bool) -> float:
        return math.log(1.35) if is_baseline and rng.random() < 1 / 3 else 0.0

    return late


MACHINES = {"stolen time": stolen_time, "drifting clock": drifting_clock, "bimodal baseline": bimodal_baseline}
NOISE_SDS = (0.02, 0.04, 0.07)
"""Of single samples, on top of what the machine does."""
OUTLIER_SHARE = 0.02


def run_race(seed: int) -> Race:
    """Race options of known speed, with noise, until it is decided or all have `MOST_PAIRS`."""
    rng = np.random.default_rng([seed, len(MACHINES)])
    machine = list(MACHINES)[seed % len(MACHINES)]
    clear = seed // len(MACHINES) % CLEAR_EVERY == 0
    truth = _speeds(rng, clear=clear)
    logs: list[list[list[float]]] = [[[] for _ in scenario] for scenario in truth]
    racing, use, decided = tuple(range(len(truth[0]))), 0, False
    for total in (1, *totals(MOST_PAIRS)):
        for scenario, speeds in enumerate(truth):
            for option in racing:
                mine = logs[scenario][option]
                mine += _pairs(rng, MACHINES[machine](rng), float(speeds[option]), total - len(mine))
        estimates = [moderated(dict(enumerate(scenario))) for scenario in logs]
        found = standing({option: [each[option] for each in estimates] for option in range(len(truth[0]))})
        use, racing, decided = found.use, found.racing, not found.rivals
        if decided:
            break
    means = np.mean(truth, axis=0)
    pairs = sum(len(option) for scenario in logs for option in scenario)
    return Race(machine, clear, decided, bool(means[use] >= means.max() + math.log1p(-TOLERANCE)), pairs)


def _speeds(rng: np.random.Generator, *, clear: bool) -> list[np.ndarray]:
    """Draw the log speeds of options over the baseline, the cheapest first, in each of the scenarios that decide."""
    options = int(rng.integers(OPTIONS[0], OPTIONS[1] + 1))
    behind = rng.exponential(0.1, options)
    # The best is any of them. Where it isn't clear, others may be as fast, or nearly so.
    best = int(rng.integers(options))
    behind = behind + math.log1p(CLEAR_LEAD) if clear else np.where(rng.random(options) < 0.5, behind / 10, behind)  # noqa: PLR2004
    behind[best] = 0.0
    scenarios = int(rng.choice(SCENARIOS))
    spread = rng.normal(0, 0.1, (scenarios, options))
    # Options do better in one scenario than in another, and all in all as drawn.
    return list(rng.uniform(0, 2) - behind + spread - spread.mean(axis=0))


def _pairs(rng: np.random.Generator, late: Clock, speed: float, count: int) -> list[float]:
    sd = float(rng.choice(NOISE_SDS))

    def sample(is_baseline: bool) -> float:
        delay = float(rng.uniform(0.1, 0.7)) if rng.random() < OUTLIER_SHARE else 0.0
        return late(is_baseline) + float(rng.normal(0, sd)) + delay

    found = []
    for _ in range(count):
        first = bool(rng.random() < 0.5)  # noqa: PLR2004 - a coin: whether the baseline goes first
        one, other = sample(first), sample(not first)
        baseline, candidate = (one, other) if first else (other, one)
        found.append(speed + baseline - candidate)
    return found
