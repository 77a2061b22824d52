"""How the cost grows with the number of items: time = a x items^exponent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ingest_bench.analysis.estimates import Estimate, generator
from ingest_bench.analysis.usl import Bounds

DRAWS = 4_000
Steps = Sequence[Estimate]
"""Estimates whose sum is the log of the speed, items per second, relative to a reference common to all sizes."""


@dataclass(frozen=True, slots=True)
class Growth:
    """The exponent, and the sizes that it was fitted to."""

    exponent: Bounds
    sizes: tuple[float, ...]
    times_time: float
    """How many times as long the largest takes as the smallest, by the fit."""

    @property
    def times_items(self) -> float:
        """How many times as many items the largest has as the smallest."""
        return self.sizes[-1] / self.sizes[0]

    @property
    def shape(self) -> Literal["linear", "slower than linear", "faster than linear"]:
        """What the interval says: linear when it holds 1."""
        if self.exponent.low <= 1 <= self.exponent.high:
            return "linear"
        return "faster than linear" if self.exponent.value > 1 else "slower than linear"


def fit_growth(speeds: Mapping[float, Steps], *, seed: int = 0) -> Growth | None:
    """Fit a power law by least squares on logarithms; the speed falls as items^(1 - exponent).

    The interval comes from repeating the fit on means drawn from what the pairs leave possible. A step that several
    sizes share is drawn once.

    Args:
        speeds: by number of items, the steps from the common reference to the speed at this size.
        seed: of the draws.

    Returns:
        None with fewer than two sizes.

    """
    sizes = tuple(sorted(speeds))
    if len(sizes) < 2:  # noqa: PLR2004 - a slope takes two points
        return None
    logs = np.log(sizes)
    lever = (logs - logs.mean()) / np.square(logs - logs.mean()).sum()
    means = np.array([sum(step.mean for step in speeds[size]) for size in sizes])
    shared = {id(step): step for steps in speeds.values() for step in steps}
    draws = {key: step.draws(generator(seed, index), DRAWS) for index, (key, step) in enumerate(shared.items())}
    drawn = np.array(
        [np.sum([draws[id(step)] for step in speeds[size]] or [np.zeros(DRAWS)], axis=0) for size in sizes]
    )
    exponents = 1 - lever @ drawn
    value = float(1 - lever @ means)
    return Growth(Bounds.of(value, exponents), sizes, float((sizes[-1] / sizes[0]) ** value))
