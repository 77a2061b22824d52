"""Runs both lanes of the calibration, one after the other, into `calibration.json`."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

from ingest_bench.calibration.models import Calibration
from ingest_bench.calibration.virtual import RUNS, run_virtual
from ingest_bench.calibration.wallclock import run_wall
from ingest_bench.system.dependencies import recording
from stac_ingest.core.atomic import write_atomically

LOG = logging.getLogger(__name__)
SEED = 20260210


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
        virtual = run_virtual(seed, runs, workers=len(os.sched_getaffinity(0)))
        LOG.info("%d runs in virtual time took %.0f s", runs, virtual.seconds)
        # Only now, since nothing may run beside a measurement.
        walled = run_wall(seed) if wall else None
    # The settings of its cells are its own code, and the defaults of all others stand in the models: both count here.
    depends_on = code.dependencies(without=())
    record = Calibration(seed=seed, created_at=time.time(), virtual=virtual, wall=walled, depends_on=depends_on)
    write_atomically(Path(output), record.model_dump_json(indent=1).encode() + b"\n")
    return record
