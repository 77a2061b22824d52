"""Throughput of the baselines themselves, which no ratio against them can show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ingest_bench.comparison.comparability import question_difference
from ingest_bench.comparison.loaded_run import LoadedRun
from ingest_bench.comparison.models import Drift, Noise

SLOWDOWN_FACTOR = 1.5
"""A baseline that slowed by more than this, beyond the noise, is a warning; machines mostly drift by less."""


def drifts(earlier: LoadedRun, current: LoadedRun) -> Iterator[Drift]:
    """Give the throughput of each baseline whose settings and items are the same in both runs."""
    for name, scenario in current.scenarios.items():
        arm = scenario.baseline.arm
        if name not in earlier.scenarios or question_difference(earlier, current, name, arm):
            continue
        then, now = earlier.baseline_rate(name), current.baseline_rate(name)
        if then is not None and now is not None:
            own = scenario.arms[arm].record.own
            yield Drift(scenario=name, baseline=arm, own=own, earlier=then, current=now)


def drift_warnings(drifts: Iterable[Drift], noise: Mapping[str, Noise]) -> list[str]:
    """Give a warning if baselines that are the package's own code slowed by a lot, beyond their scenario's noise."""
    slower = [
        f"{drift.scenario} at {drift.current / drift.earlier:.2f}x"
        for drift in drifts
        if drift.own and drift.earlier > SLOWDOWN_FACTOR * noise[drift.scenario].factor * drift.current
    ]
    text = (
        f"baselines that are the package's own code got slower ({', '.join(slower)} the items per second): either the "
        "machine or that code did, which no ratio against it can show"
    )
    return [text] if slower else []
