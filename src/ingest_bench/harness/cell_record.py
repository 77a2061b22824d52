"""Puts together what was measured of a cell."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ingest_bench.analysis.speedup import outliers, speed_up
from ingest_bench.config.matrix import CellSpec, Role, arm_of, sampling_of
from ingest_bench.config.models import Settings
from ingest_bench.config.paths import built_at
from ingest_bench.harness.sides import Side
from ingest_bench.harness.validity import digest_difference, failures_difference, parity
from ingest_bench.results.models import Cell, Dependencies, Load, Parity, Sample, Trace
from ingest_bench.results.pairs import pair_ratios
from ingest_bench.system.environment import environment, load
from ingest_bench.workflow.identity import cell_identity, fingerprint


def build_cell(
    settings: Settings,
    spec: CellSpec,
    sides: Mapping[Role, Side],
    *,
    samples: list[Sample],
    stop_reason: Literal["target_ci_reached", "time_limit", "max_pairs", "no_valid_pair"],
    trace: Trace,
    depends_on: Dependencies,
    load_before: Load,
    attempt: int,
    started_at: float,
) -> Cell:
    """Judge the samples and describe the cell, the machine and the code that they belong to."""
    ratios = pair_ratios(samples)
    flag_outliers(samples, ratios)
    return Cell(
        identity=fingerprint(cell_identity(settings, spec)),
        depends_on=depends_on,
        corpora={name: built_at(settings, name) for name in spec.corpora if settings.corpora[name].url is None},
        scenario=spec.scenario,
        group=spec.group,
        arm=spec.arm,
        label=spec.label,
        concurrency=spec.concurrency,
        is_null_cell=spec.is_null_cell,
        known_defect=spec.known_defect,
        cache=spec.cache,
        corpus=spec.corpus,
        settings=_described(settings, spec, "candidate"),
        baseline=_described(settings, spec, "baseline"),
        samples=samples,
        speedup=speed_up(
            list(ratios.values()),
            sampling_of(settings, spec).confidence,
            sequential=stop_reason == "target_ci_reached",
        ),
        stop_reason=stop_reason,
        parity=_parity(sides["candidate"], samples, sides["baseline"] if spec.corpus == spec.baseline_corpus else None),
        baseline_parity=_parity(sides["baseline"], samples),
        trace=trace,
        environment=environment(Path(settings.results)),
        load_before=load_before,
        load_after=load(),
        attempt=attempt,
        started_at=started_at,
        ended_at=time.time(),
    )


def flag_outliers(samples: list[Sample], ratios: Mapping[int, float]) -> None:
    """Add a note to both samples of a pair whose ratio lies far from the others'. It is used all the same."""
    pairs = list(ratios)
    far = {pairs[place] for place in outliers(list(ratios.values()))}
    for sample in samples:
        if sample.pair in far:
            sample.notes.append(f"outlier: the ratio of this pair is {ratios[sample.pair]:.3g}")


def _described(settings: Settings, spec: CellSpec, role: Role) -> dict[str, Any]:
    arm = arm_of(settings, spec, role)
    baseline = role == "baseline"
    return {
        "arm": spec.baseline_arm if baseline else spec.arm,
        "fetcher": arm.fetcher,
        "concurrency": spec.baseline_concurrency if baseline else spec.concurrency,
        "corpus": spec.baseline_corpus if baseline else spec.corpus,
        "settings": arm.settings,
    }


def _parity(side: Side, samples: list[Sample], measure: Side | None = None) -> Parity:
    """Compare every sample of a side with the reference; where there is none, with its pair's sample of `measure`."""
    if not side.delivers:
        return parity([], side.known_defect)
    others = {sample.pair: sample.digest for sample in samples if measure and sample.role == measure.role}
    differences = []
    for sample in samples:
        if sample.role == side.role:
            expected = side.expected or others.get(sample.pair)
            difference = digest_difference(sample.digest, expected, count_only=side.count_only)
            differences.append((sample.pair, difference or failures_difference(sample, side.broken)))
    return parity(differences, side.known_defect)
