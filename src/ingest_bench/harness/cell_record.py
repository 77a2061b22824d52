"""Puts together what was measured of a cell."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ingest_bench.analysis.speedup import outliers, pair_ratios, speed_up
from ingest_bench.config.matrix import CellSide, PlannedCell, Role
from ingest_bench.config.models import Settings
from ingest_bench.config.paths import built_at
from ingest_bench.harness.sides import PairSide
from ingest_bench.harness.stopping import StopReason
from ingest_bench.harness.validity import digest_difference, failures_difference, parity
from ingest_bench.results.models import Cell, Dependencies, Load, Parity, Sample, Trace
from ingest_bench.system.environment import environment, load


def build_cell(
    settings: Settings,
    cell: PlannedCell,
    sides: Mapping[Role, PairSide],
    *,
    identity: str,
    samples: list[Sample],
    stop_reason: StopReason,
    trace: Trace,
    depends_on: Dependencies,
    load_before: Load,
    attempt: int,
    started_at: float,
) -> Cell:
    """Return the record of a cell: its samples, judged, and the machine and the code that they belong to."""
    ratios, sequential = pair_ratios(samples), stop_reason == "target_ci_reached"
    flag_outliers(samples, ratios)
    return Cell(
        identity=identity,
        depends_on=depends_on,
        corpora={name: built_at(settings, name) for name, corpus in cell.corpora.items() if corpus.url is None},
        scenario=cell.scenario,
        group=cell.group,
        arm=cell.arm,
        label=cell.label,
        concurrency=cell.concurrency,
        is_null_cell=cell.is_null_cell,
        known_defect=cell.candidate.options.known_defect,
        cache=cell.cache,
        corpus=cell.corpus,
        settings=_described(cell.candidate),
        baseline=_described(cell.baseline),
        samples=samples,
        speedup=speed_up(list(ratios.values()), cell.sampling.confidence, sequential=sequential),
        stop_reason=stop_reason,
        parity=_parity(sides["candidate"], samples, sides["baseline"] if cell.corpus == cell.baseline.corpus else None),
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
    far = {pairs[index] for index in outliers(list(ratios.values()))}
    for sample in samples:
        if sample.pair in far:
            sample.notes.append(f"outlier: the ratio of this pair is {ratios[sample.pair]:.3g}")


def _described(side: CellSide) -> dict[str, Any]:
    return {
        "arm": side.arm,
        "fetcher": side.options.fetcher,
        "concurrency": side.concurrency,
        "corpus": side.corpus,
        "settings": side.options.settings,
    }


def _parity(side: PairSide, samples: list[Sample], measure: PairSide | None = None) -> Parity:
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
