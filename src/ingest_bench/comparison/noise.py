"""The noise of each scenario: the difference that its null cells show although nothing changed."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ingest_bench.analysis.speedup import noise_of
from ingest_bench.comparison.loaded_run import LoadedRun
from ingest_bench.comparison.models import Noise
from ingest_bench.comparison.welch import factor
from ingest_bench.config.models import Scenario


def noises(earlier: LoadedRun, current: LoadedRun) -> dict[str, Noise]:
    """Give the noise of every scenario that both runs have.

    It is the largest change between two null cells within their intervals: the far ends of both, in quadrature as
    logarithms. A scenario whose baseline reads another corpus has no null cell and borrows the noise of the noisiest
    scenario that reads that corpus, or of the noisiest of all, because a gate suffers more from false alarms than from
    missed changes.
    """
    shared = [name for name in current.scenarios if name in earlier.scenarios]
    nulls = {name: [run.nulls[name] for run in (earlier, current) if name in run.nulls] for name in shared}
    factors = {name: factor(math.hypot(*map(noise_of, ratios))) for name, ratios in nulls.items() if ratios}
    return {
        name: Noise(
            scenario=name,
            earlier=earlier.nulls.get(name),
            current=current.nulls.get(name),
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
