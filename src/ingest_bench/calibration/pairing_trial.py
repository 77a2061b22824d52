"""Ways to take a pair: the hash seeds of its two processes, and the two one after another or at once (a duet).

The model of a hash seed: with each seed an arm is faster or slower by a share of its own, always the same. The order of
sets and the collisions of dictionaries depend on it, and on the code. The model of a duet: what slows the machine slows
both sides alike, and each takes longer by a share while the other one runs.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest_bench.analysis.race import CONFIDENCE
from ingest_bench.calibration.races import MACHINES, NOISE_SDS, Clock

PAIRS = 12
SAMPLE_SD = 0.02
"""Noise of a sample, where nothing but hash seeds is looked at."""
SEED_SDS = (0.005, 0.01, 0.03)
"""Standard deviations of what a seed does to an arm."""
SEEDS = ("0 for all", "one a pair (used)", "one a sample")
CONTENTIONS = (0.0, 0.1)
"""Share by which a side takes longer while the other one runs."""
RATIOS = (1.0, 2.0)
ONE_BY_ONE = "one after another (used)"

Ratios = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tried:
    """What many cells have shown."""

    spread: float
    """Standard deviation of the log ratios of a cell's pairs, mean."""
    bias: float
    """Relative deviation of the ratio from the true one, mean."""
    covered: float
    """Share of 95% intervals that hold the true ratio."""

    @classmethod
    def of(cls, logs: Ratios, truth: float) -> "Tried":
        """Take it from log ratios of shape (cells, pairs), and the true one."""
        from scipy.special import stdtrit  # noqa: PLC0415 - as everywhere

        pairs = logs.shape[1]
        means, sds = logs.mean(axis=1), logs.std(axis=1, ddof=1)
        half_widths = float(stdtrit(pairs - 1, (1 + CONFIDENCE) / 2)) * sds / math.sqrt(pairs)
        covered = np.abs(means - truth) <= half_widths
        return cls(float(sds.mean()), math.expm1(float(means.mean()) - truth), float(covered.mean()))


def with_seeds(way: str, seed_sd: float, cells: int, seed: int, *, itself: bool = False) -> Tried:
    """Give what cells show whose processes have hash seeds drawn in a way.

    Args:
        way: one of `SEEDS`.
        seed_sd: of what a seed does to an arm.
        cells: how many; each has arms of its own.
        seed: of everything drawn.
        itself: whether both sides are the same arm, and so take the same from the same seed.

    """
    rng = np.random.default_rng([seed, SEEDS.index(way)])
    seeds = 1 if way == SEEDS[0] else PAIRS
    sides = [rng.normal(0, seed_sd, (cells, seeds)) for _ in range(2)]
    if itself and way != SEEDS[2]:
        sides[1] = sides[0]
    noise = rng.normal(0, SAMPLE_SD * math.sqrt(2), (cells, PAIRS))
    return Tried.of(noise + sides[0] - sides[1], 0.0)


def paired(machine: str, contention: float | None, ratio: float, cells: int, seed: int) -> Tried:
    """Give what cells show on a noisy machine, of a candidate that is `ratio` times as fast.

    Args:
        machine: one of `MACHINES`.
        contention: of a duet; None: one side after the other.
        ratio: in truth.
        cells: how many.
        seed: of everything drawn.

    """
    rng = np.random.default_rng([seed, list(MACHINES).index(machine)])
    logs = [_cell(rng, MACHINES[machine](rng), machine, contention, ratio) for _ in range(cells)]
    return Tried.of(np.array(logs), math.log(ratio))


def _cell(rng: np.random.Generator, late: Clock, machine: str, contention: float | None, ratio: float) -> list[float]:
    sd = float(rng.choice(NOISE_SDS))
    # What is a process's own doesn't slow the other side as well. Both are of one kind, so that the truth is the ratio.
    own = machine == "bimodal baseline"
    found = []
    for _ in range(PAIRS):
        one = late(True)
        other = late(True) if own or contention is None else one
        base, candidate = (
            math.exp(slow + float(rng.normal(0, sd))) / speed for slow, speed in ((one, 1.0), (other, ratio))
        )
        if contention is not None:
            base, candidate = at_once(base, candidate, contention)
        found.append(math.log(base / candidate))
    return found


def at_once(one: float, other: float, contention: float) -> tuple[float, float]:
    """Give the seconds of two processes that run at once, from those that each would take alone.

    The shorter one has the other beside it throughout, so it takes (1 + contention) times as long. In that time the
    longer one gets done as much as the shorter one takes alone; it does the rest by itself.
    """
    shared = min(one, other)
    return one + contention * shared, other + contention * shared


MODELS: Mapping[str, float | None] = {
    ONE_BY_ONE: None,
    **{f"at once, each {share:.0%} slower" if share else "at once": share for share in CONTENTIONS},
}
