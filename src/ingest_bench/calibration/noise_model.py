"""The noise model: samples of an artificial machine, and cells measured on it by the rules of the harness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ingest_bench.analysis.speedup import pair_ratios, speed_up
from ingest_bench.config.models import Sampling
from ingest_bench.harness.stopping import StoppingRule, StopReason
from ingest_bench.harness.validity import flag_outliers
from ingest_bench.results.models import Digest, Sample, Speedup

ITEMS = 10_000
DRIFT_SD = 0.02
"""Standard deviation of the step of the machine's log speed from one sample to the next: a random walk."""
BETWEEN_CELLS_SD = 0.3
"""That of its log speed from cell to cell, which may be measured hours apart."""
OUTLIER_SHARE = 0.02
"""Of samples that are delayed."""
_NOTHING = Digest(count=ITEMS, ids="", content="")


@dataclass(frozen=True)
class SimulatedCell:
    """A cell: its samples, and what the harness computes from them."""

    samples: list[Sample]
    logs: list[float]
    """Of the ratios of the valid pairs."""
    speedup: Speedup
    stop_reason: StopReason


class NoiseModel:
    """Log-normal noise of samples, a speed that drifts, and outliers."""

    def __init__(self, rng: np.random.Generator, sd: float) -> None:
        """Draw from a generator; `sd` is the standard deviation of a sample's log noise."""
        self._rng = rng
        self._sd = sd

    def measure(self, baseline_s: float, candidate_s: float, sampling: Sampling) -> SimulatedCell:
        """Give a cell of sides with these noise-free seconds, sampled until the harness's stopping rule ends it."""
        run = self._runs()
        stop, samples, seconds, pairs = StoppingRule(sampling), list[Sample](), 0.0, 0
        while True:
            sides: list[tuple[Literal["baseline", "candidate"], float]]
            sides = [("baseline", baseline_s), ("candidate", candidate_s)]
            if self._rng.random() < 0.5:  # noqa: PLR2004 - a coin
                sides.reverse()
            samples += [_sample(role, pairs, run(duration_s)) for role, duration_s in sides]
            seconds += samples[-1].wall_s + samples[-2].wall_s
            pairs += 1
            ratios = pair_ratios(samples)
            reason = stop(list(ratios.values()), pairs, seconds)
            if reason:
                break
        flag_outliers(samples, ratios)
        values = list(ratios.values())
        ratio = speed_up(values, sampling.confidence, sequential=reason == "target_ci_reached")
        assert ratio  # a stop rule that ends before two pairs would be wrong
        return SimulatedCell(samples, [float(value) for value in np.log(values)], ratio, reason)

    def _runs(self) -> Callable[[float], float]:
        speed = self._rng.normal(0, BETWEEN_CELLS_SD)

        def run(duration_s: float) -> float:
            nonlocal speed
            speed += self._rng.normal(0, DRIFT_SD)
            delay = self._rng.uniform(0.1, 0.7) if self._rng.random() < OUTLIER_SHARE else 0.0
            return float(duration_s * np.exp(speed + self._rng.normal(0, self._sd) + delay))

        return run


def _sample(role: Literal["baseline", "candidate"], pair: int, seconds: float) -> Sample:
    return Sample(
        role=role,
        pair=pair,
        started_at=0,
        wall_s=seconds,
        cpu_user_s=0,
        cpu_system_s=0,
        peak_rss_mib=0,
        start_rss_mib=0,
        first_item_s=None,
        items=ITEMS,
        failures=0,
        digest=_NOTHING,
    )
