"""When a cell has been measured enough, whether a sample can be used, and whether it delivered what it should have."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from ingest_bench.analysis.speedup import outliers, relative_width, speed_up
from ingest_bench.config.models import Sampling
from ingest_bench.harness.sides import PairSide
from ingest_bench.results.models import Parity, Sample, ServerRecord, StopReason
from stac_ingest.core.text import counted

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


class FixedPairs:
    """Says after each pair whether as many as were asked for are there. Invalid ones are replaced, once each."""

    def __init__(self, pairs: int, reason: StopReason, most_s: float = math.inf) -> None:
        """Take pairs until there are so many, or until so many seconds are spent on at least one."""
        self._pairs = pairs
        self._reason = reason
        self._most_s = most_s

    def __call__(self, ratios: list[float], taken: int, seconds: float) -> StopReason | None:
        """Decide, as `StoppingRule` does."""
        if ratios and seconds >= self._most_s:
            return self._reason
        if len(ratios) < self._pairs and taken < 2 * self._pairs + 1:
            return None
        return self._reason if ratios else "no_valid_pair"


DELAY_SHARE, DELAY_MS = 0.20, 5.0
"""A think time that is off by more than both is not the one that was asked for."""
LITTLE = 0.05
SATURATED = 0.90
NAMED = 1000
"""Origins of failures that a sample keeps."""


def invalid_reason(sample: Sample, server: ServerRecord | None) -> str | None:
    """Say why a sample can't be used, or None when it can."""
    if sample.items == 0:
        return "no items were delivered"
    if server is None:
        return None
    if abs(server.little_ratio - 1) > LITTLE:
        return f"Little's law doesn't hold: requests in flight are {server.little_ratio:.3f} of rate x response time"
    if server.cpu_s > SATURATED * sample.wall_s:
        return f"the server was saturated: {server.cpu_s:.2f} s of CPU in {sample.wall_s:.2f} s"
    if sample.rate_limited is not None and sample.rate_limited < server.rate_limited:
        times = counted(server.rate_limited, "time")
        return f"the server answered 429 {times}; the client noticed {sample.rate_limited:,}"
    return None


def delay_remark(server: ServerRecord | None) -> str | None:
    """Say that the server's think time was not the one asked for; None when it was.

    The sample is used all the same: a server that is slow because many large pages are asked for at once is part of
    what those cost, and its saturation or a broken Little's law invalidate the sample by themselves.
    """
    if server is None:
        return None
    off = abs(server.think_ms_achieved - server.think_ms_asked)
    if off <= DELAY_MS or off <= DELAY_SHARE * server.think_ms_asked:
        return None
    return f"think time off: the server slept {server.think_ms_achieved:.1f} ms, not {server.think_ms_asked:.1f} ms"


def failures_difference(sample: Sample, broken: Sequence[str] | None) -> str | None:
    """Compare the files that a sample reports as failures with those that are broken; None when equal or unknown."""
    if broken is None:
        return None
    if sample.failures != len(broken):
        return f"{counted(sample.failures, 'failure')}, expected {len(broken):,}: one for each broken file"
    reported = sorted(Path(origin).name for origin in sample.failed)
    if len(broken) <= NAMED and reported != sorted(Path(name).name for name in broken):
        return "the files reported as failures are not the broken ones"
    return None


def side_parity(side: PairSide, samples: Sequence[Sample], measure: PairSide | None = None) -> Parity:
    """Compare every sample of a side with the reference; where there is none, with its pair's sample of `measure`."""
    if not side.delivers:
        return Parity(ok=True)
    others = {sample.pair: sample.digest for sample in samples if measure and sample.role == measure.role}
    mine = [sample for sample in samples if sample.role == side.role and sample.began]
    if not mine and any(sample.role == side.role for sample in samples):
        return Parity(ok=False, reason="no sample could be begun")
    differences = [
        (each.pair, side.difference(each.digest, others.get(each.pair)) or failures_difference(each, side.broken))
        for each in mine
    ]
    return parity(differences, side.planned.options.known_defect)


def parity(differences: Sequence[tuple[int, str | None]], known_defect: str | None) -> Parity:
    """Sum up the differences of all samples of an arm, each with the number of its pair."""
    differing = [(pair, difference) for pair, difference in differences if difference]
    if not differing:
        return Parity(ok=True)
    pair, difference = differing[0]
    reason = f"{difference} (in {len(differing)} of {counted(len(differences), 'sample')}, first in pair {pair})"
    return Parity(ok=False, reason=f"{known_defect}: {reason}" if known_defect else reason)


OUTLIER = "outlier:"
"""How the note of an outlier begins."""


def flag_outliers(samples: Sequence[Sample], ratios: Mapping[int, float]) -> None:
    """Add a note to both samples of a pair whose ratio lies far from the others'. It is used all the same."""
    pairs = list(ratios)
    far = {pairs[index] for index in outliers(list(ratios.values()))}
    for sample in samples:
        if sample.pair in far:
            sample.notes.append(f"{OUTLIER} the ratio of this pair is {ratios[sample.pair]:.3g}")
