"""When a cell has been measured enough."""

from __future__ import annotations

from typing import Literal

from ingest_bench.analysis.speedup import relative_width, speed_up
from ingest_bench.config.models import Sampling

StopReason = Literal["target_ci_reached", "time_limit", "max_pairs", "no_valid_pair"]


FURTHER_PAIRS = 2
"""Taken once the interval is narrow. It may be so by chance, and an interval from there covers less than it claims: G.
Simons, "On the Cost of Not Knowing the Variance when Making a Fixed-Width Confidence Interval for the Mean", Ann. Math.
Stat. 39, 1968."""


class StoppingRule:
    """Says after each pair whether a cell has been measured enough, and why.

    A sequential fixed-width interval (Y. S. Chow and H. Robbins, Ann. Math. Stat. 36, 1965): pairs are taken until it
    is as narrow as wanted, then a fixed number more, and again until it is narrow.
    """

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._narrow_at: int | None = None
        """Valid pairs when the interval was first narrow."""

    def __call__(self, ratios: list[float], taken: int, seconds: float) -> StopReason | None:
        """Decide.

        Args:
            ratios: of the valid pairs so far.
            taken: pairs so far, invalid ones included.
            seconds: spent on them.

        """
        wanted = self._sampling.pairs
        ratio = speed_up(ratios, self._sampling.confidence, sequential=True) if len(ratios) >= wanted.min else None
        if ratio and relative_width(ratio) <= self._sampling.target_ci_width:
            if self._narrow_at is None:
                self._narrow_at = len(ratios)
            if len(ratios) >= self._narrow_at + FURTHER_PAIRS:
                return "target_ci_reached"
        if len(ratios) >= wanted.max:
            return "max_pairs"
        if len(ratios) >= wanted.min and seconds >= self._sampling.budget_seconds:
            return "time_limit"
        # Invalid pairs are replaced, but a cell that only yields such ends.
        if taken - len(ratios) >= 2 * wanted.min:
            return "max_pairs" if ratios else "no_valid_pair"
        return None
