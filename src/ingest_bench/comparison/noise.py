"""What moves without a change of code: the noise of each scenario's null cells, and the throughput of the baselines."""

import math
from collections.abc import Iterable, Iterator, Mapping

from ingest_bench.analysis.cpu_time import Figure
from ingest_bench.analysis.speedup import noise_of
from ingest_bench.comparison.comparability import question_difference
from ingest_bench.comparison.loaded_run import LoadedRun
from ingest_bench.comparison.models import Drift, Noise
from ingest_bench.comparison.verdicts import factor
from ingest_bench.config.models import Scenario


def noises(earlier: LoadedRun, current: LoadedRun, figure: Figure = "wall") -> dict[str, Noise]:
    """Give the noise of every scenario that both runs have, by wall time or by CPU time.

    It is the largest change between two null cells within their intervals: the far ends of both, in quadrature as
    logarithms. A scenario whose baseline reads another corpus has no null cell and borrows the noise of the noisiest
    scenario that reads that corpus, or of the noisiest of all, because a gate suffers more from false alarms than from
    missed changes.
    """
    shared = [name for name in current.scenarios if name in earlier.scenarios]
    then, now = ((run.cpu_nulls if figure == "cpu" else run.nulls) for run in (earlier, current))
    nulls = {name: [run[name] for run in (then, now) if name in run] for name in shared}
    factors = {name: factor(math.hypot(*map(noise_of, ratios))) for name, ratios in nulls.items() if ratios}
    return {
        name: Noise(
            scenario=name,
            earlier=then.get(name),
            current=now.get(name),
            factor=factors.get(name) or _borrowed(current.scenarios, name, factors),
            noise_borrowed=name not in factors,
        )
        for name in shared
    }


def _borrowed(scenarios: Mapping[str, Scenario], name: str, factors: Mapping[str, float]) -> float:
    wanted = scenarios[name]
    alike = [
        value
        for other, value in factors.items()
        if (scenarios[other].corpus, scenarios[other].pipeline) == (wanted.baseline.corpus, wanted.pipeline)
    ]
    return max(alike or factors.values(), default=1.0)


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
