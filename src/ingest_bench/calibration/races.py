"""Races whose best option is known, on machines that are as noisy as real ones: what the rounds of a run decide."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ingest_bench.analysis.race import TOLERANCE, Quantile, Standing, moderated, of_a_look, standing, totals
from ingest_bench.analysis.speedup import INTERVAL_PAIRS

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
EDGE = -math.log1p(-TOLERANCE) + 1e-6
"""The lead, as a log, of an option against which another loses just more than the tolerance."""

LOOKS = (1, *totals(MOST_PAIRS))
"""Pairs of an option at each look."""

Clock = Callable[[bool], float]
"""Gives the log of what the next sample takes over what it should; told whether it is the baseline's."""
Logs = Sequence[Sequence[Sequence[float]]]
"""Log ratios: by scenario, then by option, one a pair."""
Judge = Callable[[Logs], Standing[int]]
"""Says after each look how a race stands."""


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
    logs: Logs
    """What was measured."""
    true: tuple[tuple[float, ...], ...]
    """The means of the log ratios in truth: by scenario, then by option."""

    @property
    def cells(self) -> list[tuple[Sequence[float], float]]:
        """The log ratios of each option in each scenario with enough pairs for an interval, and their true mean."""
        measured = [each for scenario in self.logs for each in scenario]
        true = [each for scenario in self.true for each in scenario]
        return [(logs, mean) for logs, mean in zip(measured, true, strict=True) if len(logs) >= INTERVAL_PAIRS]


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
        return SLOW if is_baseline and rng.random() < SLOW_SHARE else 0.0

    return late


SLOW, SLOW_SHARE = math.log(1.35), 1 / 3
MACHINES = {"stolen time": stolen_time, "drifting clock": drifting_clock, "bimodal baseline": bimodal_baseline}
MEAN_LEAD = {"bimodal baseline": SLOW * SLOW_SHARE}
"""What a machine adds to the mean of all log ratios."""
NOISE_SDS = (0.02, 0.04, 0.07)
"""Of single samples, on top of what the machine does."""
OUTLIER_SHARE = 0.02


def judged(logs: Logs, quantile: Quantile = of_a_look) -> Standing[int]:
    """Judge a race as the rounds of a run do; `quantile` is of a lead."""
    estimates = [moderated(dict(enumerate(scenario))) for scenario in logs]
    return standing({option: [each[option] for each in estimates] for option in estimates[0]}, quantile=quantile)


def run_race(seed: int, judge: Judge = judged, looks: Sequence[int] = LOOKS, *, edge: bool = False) -> Race:
    """Race options of known speed, with noise, until it is decided or all have the pairs of the last look.

    Args:
        seed: of everything drawn.
        judge: says how it stands.
        looks: pairs of an option at each look.
        edge: whether there are but two options, the cheaper of which loses just more than the tolerance: the hardest
            race, in which to choose the cheaper one is wrong.

    """
    rng = np.random.default_rng([seed, len(MACHINES)])
    machine = list(MACHINES)[seed % len(MACHINES)]
    clear = seed // len(MACHINES) % CLEAR_EVERY == 0 and not edge
    truth = [np.array([0.0, EDGE])] if edge else _speeds(rng, clear=clear)
    logs: list[list[list[float]]] = [[[] for _ in scenario] for scenario in truth]
    racing, use, decided = tuple(range(len(truth[0]))), 0, False
    for total in looks:
        for scenario, speeds in enumerate(truth):
            for option in racing:
                mine = logs[scenario][option]
                mine += log_ratios(rng, MACHINES[machine](rng), float(speeds[option]), total - len(mine))
        found = judge(logs)
        use, racing, decided = found.use, found.racing, not found.rivals
        if decided:
            break
    means = np.mean(truth, axis=0)
    return Race(
        machine,
        clear,
        decided,
        right=bool(means[use] >= means.max() + math.log1p(-TOLERANCE)),
        pairs=sum(len(option) for scenario in logs for option in scenario),
        logs=logs,
        true=tuple(tuple(float(each) + MEAN_LEAD.get(machine, 0.0) for each in speeds) for speeds in truth),
    )


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


def log_ratios(rng: np.random.Generator, late: Clock, speed: float, count: int) -> list[float]:
    """Give the log ratios of so many pairs on a machine, in which the candidate has a log speed over the baseline."""
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
