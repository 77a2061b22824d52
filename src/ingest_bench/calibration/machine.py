"""An artificial machine: what a run takes on it, and cells that are measured on it as the harness does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ingest_bench.cell import flag_outliers
from ingest_bench.results import Digest, Ratio, Sample
from ingest_bench.sampling import StopReason, StopRule
from ingest_bench.settings import Sampling
from ingest_bench.statistics import speed_up
from ingest_bench.validity import pair_ratios

ITEMS = 10_000
WALK = 0.02
"""Standard deviation of the step by which the machine's speed wanders from one sample to the next, as a logarithm."""
HOURS = 0.3
"""That of its speed from one cell to another, which may be measured hours later."""
OUTLIERS = 0.02
"""Share of samples that something holds up."""
_NOTHING = Digest(count=ITEMS, ids="", content="")


@dataclass(frozen=True)
class Measured:
    """A cell: its pairs, and what the harness makes of them."""

    samples: list[Sample]
    logs: list[float]
    """Of the ratios of the valid pairs."""
    ratio: Ratio
    stop_reason: StopReason


class Machine:
    """Runs things with log-normal noise, a speed that drifts, and now and then something that holds a sample up."""

    def __init__(self, rng: np.random.Generator, spread: float) -> None:
        """Draw from a generator; `spread` is the standard deviation of a sample's noise, as a logarithm."""
        self._rng = rng
        self._spread = spread

    def measure(self, baseline_s: float, candidate_s: float, sampling: Sampling) -> Measured:
        """Take pairs of two things that last so long without noise, until the harness's stop rule ends the cell."""
        run = self._runs()
        stop, samples, seconds, taken = StopRule(sampling), list[Sample](), 0.0, 0
        while True:
            sides: list[tuple[Literal["baseline", "candidate"], float]]
            sides = [("baseline", baseline_s), ("candidate", candidate_s)]
            if self._rng.random() < 0.5:  # noqa: PLR2004 - a coin
                sides.reverse()
            samples += [_sample(role, taken, run(lasting)) for role, lasting in sides]
            seconds += samples[-1].wall_s + samples[-2].wall_s
            taken += 1
            ratios = pair_ratios(samples)
            reason = stop(list(ratios.values()), taken, seconds)
            if reason:
                break
        flag_outliers(samples, ratios)
        values = list(ratios.values())
        ratio = speed_up(values, sampling.confidence, sequential=reason == "narrow enough")
        assert ratio  # a stop rule that ends before two pairs would be wrong
        return Measured(samples, [float(value) for value in np.log(values)], ratio, reason)

    def _runs(self) -> Callable[[float], float]:
        speed = self._rng.normal(0, HOURS)

        def run(lasting: float) -> float:
            nonlocal speed
            speed += self._rng.normal(0, WALK)
            held_up = self._rng.uniform(0.1, 0.7) if self._rng.random() < OUTLIERS else 0.0
            return float(lasting * np.exp(speed + self._rng.normal(0, self._spread) + held_up))

        return run


def _sample(role: Literal["baseline", "candidate"], pair: int, seconds: float) -> Sample:
    return Sample(
        role=role,
        pair=pair,
        started_at=0,
        wall_s=seconds,
        cpu_user_s=0,
        cpu_system_s=0,
        peak_rss_mb=0,
        start_rss_mb=0,
        first_item_s=None,
        items=ITEMS,
        failures=0,
        digest=_NOTHING,
    )
