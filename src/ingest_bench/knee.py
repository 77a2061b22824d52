"""Where throughput stops growing with concurrency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

STEPS = 2000
FEWEST_LEVELS = 3
"""Fewer show no bend."""


@dataclass(frozen=True, slots=True)
class Knee:
    """The concurrency above which throughput doesn't grow."""

    at: float
    beyond: bool
    """Whether it grows up to the highest level measured: the knee is there or further on."""


def fit_knee(ratios: Mapping[int, Sequence[float]]) -> Knee | None:
    """Fit X(N) / X(1) = min(N, knee) to log ratios of throughput over that of one worker.

    The two asymptotes of a closed loop (P. J. Denning and J. P. Buzen, "The Operational Analysis of Queueing Network
    Models", ACM Computing Surveys 10, 1978). Least squares on logarithms, each level weighted by its pairs;
    the only unknown is searched on a fine grid between 1 and the highest level.

    Args:
        ratios: by concurrency, the logs of throughput over that of concurrency 1, one a pair.

    Returns:
        None with fewer than three levels of two pairs or more.

    """
    known = {level: np.asarray(logs, dtype=float) for level, logs in sorted(ratios.items()) if len(logs) > 1}
    if len(known) < FEWEST_LEVELS:
        return None
    levels = np.log(np.array(list(known), dtype=float))
    means = np.array([logs.mean() for logs in known.values()])
    weights = np.array([len(logs) for logs in known.values()])
    knees = np.linspace(0, levels[-1], STEPS)
    misfits = (weights * (means - np.minimum(levels, knees[:, None])) ** 2).sum(axis=1)
    best = int(misfits.argmin())
    return Knee(float(np.exp(knees[best])), beyond=best == STEPS - 1)
