"""The lane in virtual time: hundreds of seeded runs, and their scores."""

from __future__ import annotations

import math
import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from ingest_bench.calibration.models import Score, Virtual
from ingest_bench.calibration.trial import Findings, run_trial

RUNS = 400
COVERAGE = (0.93, 0.97)
CHUNK = 10


def run_virtual(seed: int, runs: int = RUNS, workers: int = 1) -> Virtual:
    """Give the scores of many runs.

    Args:
        seed: of the first run; each has one of its own, so that the number of workers changes nothing.
        runs: how many.
        workers: processes that share them.

    """
    began = time.perf_counter()
    findings = Findings()
    for done, one in enumerate(_findings(range(seed, seed + runs), workers), start=1):
        findings.add(one)
        _progress(done, runs)
    return Virtual(runs=runs, seconds=time.perf_counter() - began, scores=scores(findings))


def scores(findings: Findings) -> list[Score]:
    """Give the figures over all runs, with their limits."""
    low, high = COVERAGE
    everything = [entry for entries in findings.covered.values() for entry in entries]
    return [
        _share("95% intervals that hold the true speed-up", everything, at_least=low, at_most=high),
        *(
            _share(f"of them, {kind}", entries, at_least=low, at_most=high)
            for kind, entries in findings.covered.items()
        ),
        *(
            _share(f"of them, with the stop reason {reason}", entries)
            for reason, entries in sorted(findings.stops.items())
        ),
        _mean("bias of the speed-up", findings.bias, at_least=-0.01, at_most=0.01),
        _share("A/A cells that claim a difference", findings.claims, at_most=0.05),
        _share("recommended levels within 5% of the best", findings.recommended, at_least=0.95),
        _share("provisional choices where undecided, within 5% of the best", findings.provisional),
        *(
            _share(f"bottleneck named, {kind}", entries, at_least=1.0 if kind.startswith("slow") else 0.9)
            for kind, entries in findings.named.items()
        ),
        _mean("bias of the peak of USL curves", findings.peaks),
        _median_error("error of the peak of USL curves, median", findings.peaks),
        _share("95% intervals that hold the true peak", findings.peaks_covered),
    ]


def _findings(seeds: Sequence[int], workers: int) -> Iterator[Findings]:
    if workers == 1:
        yield from map(run_trial, seeds)
        return
    # Not `spawn`: it imports the main script anew, and a Snakemake script does its work when imported.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        yield from pool.map(run_trial, seeds, chunksize=CHUNK)


def _share(name: str, entries: Sequence[bool], at_least: float | None = None, at_most: float | None = None) -> Score:
    value = sum(entries) / len(entries) if entries else None
    return Score(name=name, value=value, trials=len(entries), at_least=at_least, at_most=at_most)


def _mean(name: str, logs: Sequence[float], at_least: float | None = None, at_most: float | None = None) -> Score:
    value = math.expm1(float(np.mean(logs))) if logs else None
    return Score(name=name, value=value, trials=len(logs), at_least=at_least, at_most=at_most)


def _median_error(name: str, logs: Iterable[float]) -> Score:
    errors = np.abs(np.expm1(list(logs)))
    value = float(np.median(errors)) if len(errors) else None
    return Score(name=name, value=value, trials=len(errors))


def _progress(done: int, runs: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\rcalibrating in virtual time: {done} of {runs} runs" + ("\n" if done == runs else ""))
        sys.stderr.flush()
