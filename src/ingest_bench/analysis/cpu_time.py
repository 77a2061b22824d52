"""CPU time as a check on wall time, and where it is the better one of the two.

Stolen time and other work on the machine lengthen wall time more than CPU time. CPU time leaves out all waiting, so it
says how fast an ingest is only where nothing is waited for: where one thread computes throughout.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from typing import Literal

from ingest_bench.analysis.speedup import EQUIVALENCE_MARGIN, MIN_PAIRS, is_sequential, speed_up, usable_pairs
from ingest_bench.results.models import Sample, Speedup

Figure = Literal["wall", "cpu"]
"""The time that a verdict rests on."""
LEAST_SHARE, MOST_SHARE = 0.95, 1.05
"""CPU time over wall time: of the quietest sample at least, where one thread computes throughout; of any at most."""


def cpu_s(sample: Sample) -> float:
    """Give the CPU time of a sample, user and system, children included."""
    return sample.cpu_user_s + sample.cpu_system_s


def time_ratios(samples: Sequence[Sample], figure: Figure) -> dict[int, float]:
    """Give items per second of the candidate over the baseline's, by pair; of CPU time where `figure` says so.

    Pairs with an invalid sample are left out, and of CPU time those with one whose time isn't known.
    """
    value = _SECONDS[figure]
    pairs = {number: pair for number, pair in usable_pairs(samples).items() if all(value(each) > 0 for each in pair)}
    return {
        number: (candidate.items / value(candidate)) / (base.items / value(base))
        for number, (base, candidate) in pairs.items()
    }


def cpu_speed_up(samples: Sequence[Sample], confidence: float, stop_reason: str) -> Speedup | None:
    """Return the speed-up by CPU time; None with fewer than three pairs.

    It is widened as that by wall time is (`cell_speed_up`): the two move together, so a number of pairs that hangs on
    one hangs on the other.
    """
    return speed_up(list(time_ratios(samples, "cpu").values()), confidence, sequential=is_sequential(stop_reason))


def one_thread_busy(samples: Sequence[Sample]) -> bool:
    """Tell whether one thread computes throughout in both arms, so that CPU time is the figure itself.

    Other work and stolen time only lengthen wall time, so the quietest sample of an arm tells what it does. Where arms
    differ in their share by more than the margin that makes no difference, the two times would say different things,
    and wall time is what a user waits for.
    """
    pairs = list(usable_pairs(samples).values())
    if len(pairs) < MIN_PAIRS:
        return False
    arms = [[cpu_s(sample) / sample.wall_s for sample in arm] for arm in zip(*pairs, strict=True)]
    busy = all(max(shares) >= LEAST_SHARE and max(shares) <= MOST_SHARE for shares in arms)
    base, candidate = (statistics.median(shares) for shares in arms)
    return busy and abs(math.log(candidate / base)) <= math.log1p(EQUIVALENCE_MARGIN)


def by_cpu_time(samples: Sequence[Sample], confidence: float, stop_reason: str) -> Speedup | None:
    """Give the speed-up by CPU time where it is the figure itself; None elsewhere, and with fewer than three pairs."""
    return cpu_speed_up(samples, confidence, stop_reason) if one_thread_busy(samples) else None


def times_apart(wall: Speedup | None, cpu: Speedup | None) -> bool:
    """Tell whether the intervals of the speed-up by wall time and by CPU time have nothing in common."""
    return wall is not None and cpu is not None and (wall.high < cpu.low or cpu.high < wall.low)


def figure_of(*cells: Sequence[Sample]) -> Figure:
    """Give the time that a verdict on cells, each given by its samples, rests on."""
    return "cpu" if cells and all(map(one_thread_busy, cells)) else "wall"


_SECONDS: dict[Figure, Callable[[Sample], float]] = {"wall": lambda sample: sample.wall_s, "cpu": cpu_s}
