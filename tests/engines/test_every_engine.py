"""The workflow on each engine, brought up on this machine: `make test-engines`."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from engine_kinds import Engine, GridEngine, TaskSpooler
from workflow_runs import (
    BRIEF,
    CELLS,
    CONFIG,
    PATIENCE_S,
    finish,
    ingest,
    measured_alone,
    measurements,
    start,
    until_gone,
    until_running,
)

from factories import arm, matrix, scenario
from ingest_bench.config.models import Corpus
from ingest_bench.corpora.builder import build

TWO_CORPORA = matrix(
    {"files": ("item_files", 30), "more": ("item_files", 20_000)},
    files=scenario(),
    more=scenario("more", {"nothing": arm(fetcher="read_only")}),
    sampling=BRIEF,
)
"""The cell of the small corpus is due long before the large one is built."""
ON_ONE_HOST = pytest.mark.parametrize("engine", [GridEngine, TaskSpooler], indirect=True, ids=lambda kind: kind.name)
"""What SLURM does on two nodes: `test_slurm.py`."""


@ON_ONE_HOST
def test_a_measuring_job_is_alone_on_its_host(engine: Engine, tmp_path: Path) -> None:
    """Corpora are built beside each other; a cell waits until the host of its job has nothing else to do."""
    cells = ["results/cells/files/sequential-1.json", "results/cells/more/nothing-1.json"]
    finish(start(engine, tmp_path, TWO_CORPORA, *cells))
    assert len(measurements(tmp_path)) == 2
    assert measured_alone(tmp_path)


@pytest.mark.slow
def test_a_cancelled_job_and_a_killed_one_are_tried_again_and_say_so(engine: Engine, due: Path) -> None:
    """Each costs a try, which the cell records; with one slot to measure, cells are measured one by one."""
    run = start(engine, due, CONFIG, *CELLS)
    cancelled, _ = until_running(engine, "measure_cell", run)
    engine.cancel(cancelled)
    killed, _ = until_running(engine, "measure_cell", run, but=[cancelled])
    engine.kill(killed)
    finish(run)
    found = measurements(due)
    assert sum(cell.attempt for cell in found) == len(found) + 2 == 4
    assert measured_alone(due)


@pytest.mark.slow
@ON_ONE_HOST
def test_a_lost_controller_is_waited_for(engine: Engine, due: Path) -> None:
    """A run goes on when the controller is back; what the controller has lost is tried again."""
    run = start(engine, due, CONFIG, *CELLS)
    until_running(engine, "measure_cell", run)
    engine.lose_controller()
    said = finish(run)
    found = measurements(due)
    assert len(found) == 2
    assert measured_alone(due)
    assert ("Trying to restart job" in said) == engine.forgets
    # A lost job that had only begun runs on, may measure after the one that replaces it, and writes the same file.
    assert max(cell.attempt for cell in found) <= (2 if engine.forgets else 1)


@pytest.mark.slow
def test_snakemake_interrupted_then_killed_then_started_again(engine: Engine, due: Path) -> None:
    """Ctrl-C cancels the jobs, a kill leaves them; after the `--unlock` that is then asked for, nothing is left out."""
    run = start(engine, due, CONFIG, *CELLS)
    until_running(engine, "measure_cell", run)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=PATIENCE_S)
    assert run.returncode != 0
    until_gone(engine, "measure_cell")
    run = start(engine, due, CONFIG, *CELLS)
    until_running(engine, "measure_cell", run)
    run.kill()
    run.communicate()
    again = start(engine, due, CONFIG, *CELLS)
    said, _ = again.communicate(timeout=PATIENCE_S)
    assert again.returncode != 0
    assert "--unlock" in said
    engine.cancel(*engine.running("measure_cell"))
    until_gone(engine, "measure_cell")
    finish(start(engine, due, CONFIG, "--unlock"))
    finish(start(engine, due, CONFIG, *CELLS))
    assert len(measurements(due)) == 2


@ON_ONE_HOST
def test_an_ingest_in_shards(engine: Engine, tmp_path: Path) -> None:
    """Each shard is a job of its own; together they bring each item once."""
    build("source", Corpus(kind="item_files", items=200), 7, tmp_path / "items", tmp_path / "made.json", 2)
    ingest(engine, tmp_path / "run", tmp_path / "items", 200)
