"""The verdict on cells whose times can be compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ingest_bench.comparison.change import Difference, factor, holm
from ingest_bench.comparison.records import Change, Verdict

CONFIDENCE = 0.95
"""Of the interval of each change."""
ALARM = 0.01
"""Probability of a false alarm among all cells together: a gate that is passed daily may cry wolf twice a year."""
LEAST = 1.05
"""A smaller change is no reason to stop anybody: the same 5% within which a recommendation calls two ways equal."""
METHOD = (
    "Welch's t on the logarithms of paired speed-ups; variances moderated by those of all cells (Smyth), plus what all "
    "cells moved between the runs (Paule and Mandel, by medians); p corrected for the number of cells (Holm); a change "
    "has to exceed the noise of the scenario's null cells, and 5%"
)


@dataclass(frozen=True, slots=True)
class Contrast:
    """A cell that was measured in both runs."""

    difference: Difference
    noise: float
    """What the scenario's null cells showed, as a factor above 1."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of a cell."""

    verdict: Verdict
    reason: str
    change: Change


def judge(contrasts: Sequence[Contrast]) -> list[Judgement]:
    """Judge a family of cells.

    A change counts when its corrected p value is below `ALARM`, and it is larger than the noise and `LEAST`.
    """
    chances = holm([contrast.difference.p for contrast in contrasts])
    return [_judgement(contrast, p, len(contrasts)) for contrast, p in zip(contrasts, chances, strict=True)]


def _judgement(contrast: Contrast, p: float, family: int) -> Judgement:
    bar = max(contrast.noise, LEAST)
    change = _change(contrast.difference, p, bar, family)
    if p >= ALARM:
        return Judgement("no difference", "within chance", change)
    if abs(contrast.difference.mean) <= math.log(bar):
        reason = f"within noise ({bar - 1:.0%})" if bar > LEAST else f"under {LEAST - 1:.0%}"
        return Judgement("no difference", reason, change)
    reason = f"beyond chance and beyond {bar - 1:.0%}"
    return Judgement("better" if contrast.difference.mean > 0 else "worse", reason, change)


def _change(difference: Difference, p: float, bar: float, family: int) -> Change:
    mean, reach = difference.mean, difference.reach(CONFIDENCE)
    # The first of Holm's steps is Bonferroni's: the bar that the most striking of all cells has to take.
    first = difference.reach(1 - ALARM / family)
    return Change(
        factor=factor(mean),
        low=factor(mean - reach),
        high=factor(mean + reach),
        p=p,
        least=max(bar, factor(first)),
    )
