"""Verdicts on cells whose times can be compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ingest_bench.comparison.models import Change, Verdict
from ingest_bench.comparison.welch import Difference, factor, holm

CONFIDENCE = 0.95
"""Of the interval of each change."""
ALPHA = 0.01
"""Family-wise error rate, over all cells together: of a gate that runs daily about two regressions a year are false."""
MIN_CHANGE = 1.05
"""A smaller change never fails a gate: the same 5% within which a recommendation calls two ways equal."""
METHOD = (
    "Welch's t on the logarithms of paired speed-ups; variances moderated by those of all cells (Smyth), plus the "
    "between-run variance of all cells (Paule and Mandel, by medians); p corrected for the number of cells (Holm); a "
    "change has to exceed the noise of the scenario's null cells, and 5%"
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a cell."""

    verdict: Verdict
    reason: str
    change: Change


def judge(differences: Sequence[Difference], noises: Sequence[float]) -> list[Judgement]:
    """Judge a family of cells: a change counts with a corrected p below `ALPHA`, beyond the noise and `MIN_CHANGE`.

    Args:
        differences: of each cell between the runs.
        noises: what the null cells of each cell's scenario showed, as factors above 1.

    """
    p_values = holm([difference.p for difference in differences])
    family = len(differences)
    return [_judgement(*each, family) for each in zip(differences, noises, p_values, strict=True)]


def _judgement(difference: Difference, noise: float, p: float, family: int) -> Judgement:
    threshold = max(noise, MIN_CHANGE)
    change = _change(difference, p, threshold, family)
    if p >= ALPHA:
        return Judgement("no difference", "within chance", change)
    if abs(difference.mean) <= math.log(threshold):
        reason = f"within noise ({threshold - 1:.0%})" if threshold > MIN_CHANGE else f"under {MIN_CHANGE - 1:.0%}"
        return Judgement("no difference", reason, change)
    reason = f"beyond chance and beyond {threshold - 1:.0%}"
    return Judgement("better" if difference.mean > 0 else "worse", reason, change)


def _change(difference: Difference, p: float, threshold: float, family: int) -> Change:
    mean, half_width = difference.mean, difference.half_width(CONFIDENCE)
    # Holm's first step is Bonferroni's: the threshold for the cell with the smallest p value.
    bonferroni = difference.half_width(1 - ALPHA / family)
    return Change(
        factor=factor(mean),
        low=factor(mean - half_width),
        high=factor(mean + half_width),
        p=p,
        minimum_detectable_change=max(threshold, factor(bonferroni)),
    )
