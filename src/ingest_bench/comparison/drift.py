"""How fast the baselines themselves were: what no ratio against them can show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ingest_bench.comparison.likeness import other_question
from ingest_bench.comparison.records import Drift, Noise
from ingest_bench.comparison.runs import Measured

STRIKING = 1.5
"""Machines drift by less than this more often than not, beyond the noise."""


def drifts(earlier: Measured, current: Measured) -> Iterator[Drift]:
    """Give the throughput of each baseline that was asked the same in both runs."""
    for name, scenario in current.scenarios.items():
        arm = scenario.baseline.arm
        if name not in earlier.scenarios or other_question(earlier, current, name, arm):
            continue
        then, now = earlier.baseline_rate(name), current.baseline_rate(name)
        if then is not None and now is not None:
            own = scenario.arms[arm].record.own
            yield Drift(scenario=name, baseline=arm, own=own, earlier=then, current=now)


def drift_warnings(found: Iterable[Drift], noise: Mapping[str, Noise]) -> list[str]:
    """Warn of baselines that are the package's own code and have slowed strikingly, beyond their scenario's noise."""
    slower = [
        f"{drift.scenario} at {drift.current / drift.earlier:.2f}x"
        for drift in found
        if drift.own and drift.earlier > STRIKING * noise[drift.scenario].factor * drift.current
    ]
    told = (
        f"baselines that are the package's own code got slower ({', '.join(slower)} the items per second): either the "
        "machine did, or that code, and no ratio against it can tell"
    )
    return [told] if slower else []
