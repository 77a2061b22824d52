"""Runs both lanes of the calibration into `calibration.json`. In virtual time it is hundreds of seeded runs, scored."""

import logging
import math
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ingest_bench.calibration.models import Calibration, Score, Virtual
from ingest_bench.calibration.parallel import each
from ingest_bench.calibration.races import MIN_DECIDED, MIN_RIGHT
from ingest_bench.calibration.trial import Findings, run_trial
from ingest_bench.calibration.wallclock import run_wall
from ingest_bench.system.dependencies import recording
from stac_ingest.core.atomic import write_atomically
from stac_ingest.core.text import counted

RUNS = 400
SEED = 20260210
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
    for done, one in enumerate(each(run_trial, range(seed, seed + runs), workers, CHUNK), start=1):
        findings.add(one)
        _progress(done, runs)
    return Virtual(runs=runs, seconds=time.perf_counter() - began, scores=scores(findings))


def scores(findings: Findings) -> list[Score]:
    """Give the figures over all runs, with their limits."""
    coverage = partial(Score.of, at_least=0.93, at_most=0.97)
    everything = [entry for entries in findings.covered.values() for entry in entries]
    return [
        coverage("95% intervals that hold the true speed-up", everything),
        *(coverage(f"of them, {kind}", entries) for kind, entries in findings.covered.items()),
        *(
            Score.of(f"of them, with the stop reason {reason}", entries)
            for reason, entries in sorted(findings.stops.items())
        ),
        Score.of("bias of the speed-up", findings.bias, _bias, at_least=-0.01, at_most=0.01),
        Score.of("A/A cells that claim a difference", findings.claims, at_most=0.05),
        Score.of("recommended levels within 5% of the best", findings.recommended, at_least=0.95),
        Score.of("provisional choices where undecided, within 5% of the best", findings.provisional),
        *(
            Score.of(f"bottleneck named, {kind}", entries, at_least=1.0 if kind.startswith("slow") else 0.9)
            for kind, entries in findings.named.items()
        ),
        *races(findings),
        Score.of("bias of the peak of USL curves", findings.peaks, _bias),
        Score.of("error of the peak of USL curves, median", findings.peaks, _median_error),
        Score.of("95% intervals that hold the true peak", findings.peaks_covered),
    ]


def races(findings: Findings) -> list[Score]:
    """Give what the rounds of a run decide: on each machine by itself, and on all."""
    advice = [entry for entries in findings.advice.values() for entry in entries]
    return [
        Score.of("races that are right or undecided", advice, at_least=MIN_RIGHT),
        *(Score.of(f"of them, {machine}", entries) for machine, entries in sorted(findings.advice.items())),
        *(
            Score.of(f"races decided where the best leads by 15%, {machine}", entries, at_least=MIN_DECIDED)
            for machine, entries in sorted(findings.settled.items())
        ),
    ]


def _bias(logs: Sequence[float]) -> float:
    return math.expm1(float(np.mean(logs)))


def _median_error(logs: Sequence[float]) -> float:
    return float(np.median(np.abs(np.expm1(logs))))


def _progress(done: int, runs: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(
            f"\rcalibrating in virtual time: {done} of {counted(runs, 'run')}" + ("\n" if done == runs else "")
        )
        sys.stderr.flush()


LOG = logging.getLogger(__name__)


def workers() -> int:
    """Count the processes that share what is computed: one a core that this one may use."""
    return len(os.sched_getaffinity(0))


def calibrate(output: Path | str, *, seed: int = SEED, runs: int = RUNS, wall: bool = True) -> Calibration:
    """Give the calibration, written to a file whether or not its limits are kept.

    Args:
        output: the file.
        seed: of everything drawn.
        runs: in virtual time.
        wall: whether to measure on the wall clock as well.

    Raises:
        MeasurementError: a real sample or server failed.

    """
    LOG.info("calibrating: %d runs in virtual time", runs)
    with recording() as code:
        virtual = run_virtual(seed, runs, workers())
        LOG.info("%d runs in virtual time took %.0f s", runs, virtual.seconds)
        # Only now, since nothing may run beside a measurement.
        walled = run_wall(seed) if wall else None
    # The settings of its cells are its own code, and the defaults of all others stand in the models: both count here.
    depends_on = code.dependencies(without=())
    record = Calibration(seed=seed, created_at=time.time(), virtual=virtual, wall=walled, depends_on=depends_on)
    write_atomically(Path(output), record.model_dump_json(indent=1).encode() + b"\n")
    return record
