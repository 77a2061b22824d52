"""Killed at any point, the next run goes on: nothing half counts, nothing whole is made again, nothing is left over."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from ingest_bench.results.checksum import checksum_of
from long_lane import LONG

Checkout = Any
"""The class of that name in `conftest.py`."""
CELL = "api: sequential at 1"
MADE_FROM_CELLS = {"aggregate", "report", "advice", "receipt"}
PATIENCE_S = 240
HARD, SOFT = [signal.SIGKILL], [signal.SIGINT, signal.SIGTERM]
ALL = [*HARD, *(pytest.param(number, marks=LONG) for number in SOFT)]
"""Signals; the soft ones of these in `make test-long` alone."""


@pytest.fixture(scope="module")
def survivor(measured: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout that lives through all of these tests, with a cell that takes long enough to be killed in."""
    folder = tmp_path_factory.mktemp("survivor") / "checkout"
    shutil.copytree(measured.folder, folder)
    made = replace(measured, folder=folder)
    made.set("scenarios.api.server", {"think_ms": 100})
    return made


def processes(checkout: Checkout) -> list[psutil.Process]:
    """List the processes that belong to a checkout, by its sources in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("PYTHONPATH") == str(checkout.folder / "src"):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def until(condition: Callable[[], Any], process: subprocess.Popen[str] | None = None) -> Any:
    """Wait for something and return it; fail when it doesn't come, or the run ends before it."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert process is None or process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return found


def running(checkout: Checkout, *words: str) -> psutil.Process | None:
    """Find a process of a checkout by words of its command line."""
    for process in processes(checkout):
        try:
            if all(word in " ".join(process.cmdline()) for word in words):
                return process
        except psutil.NoSuchProcess:
            continue
    return None


def end(checkout: Checkout, run: subprocess.Popen[str]) -> str:
    """Wait until the run and all that it started are gone, and return what it said."""
    said, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode != 0
    until(lambda: not processes(checkout))
    return said


def kill(checkout: Checkout, run: subprocess.Popen[str], victim: str, number: signal.Signals) -> None:
    """Send a signal to Snakemake, or to a process of its; as Ctrl-C does, which a terminal sends to all of them."""
    if victim == "snakemake" and number == signal.SIGINT:
        os.killpg(run.pid, number)
        return
    process = running(checkout, victim) if victim != "snakemake" else psutil.Process(run.pid)
    assert process
    process.send_signal(number)


def whole(checkout: Checkout) -> dict[str, int]:
    """Return the cell files with their times, having seen that each is whole and no other file is taken for one."""
    files = list((checkout.results / "cells").rglob("*.json"))
    assert all(checksum_of(path.read_bytes()) for path in files)
    return {path.stem: path.stat().st_mtime_ns for path in files if path.parent.name == "files"}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_snakemake_killed_while_a_cell_measures(survivor: Checkout, number: signal.Signals) -> None:
    """The sample, the server and the measuring process end with Snakemake; the next plan is what was missing."""
    before = whole(survivor)
    (survivor.results / "cells/api/sequential-1.json").unlink(missing_ok=True)
    run = survivor.start("--cores", "2")
    until(lambda: running(survivor, "ingest_bench.harness.worker"), run)
    kill(survivor, run, "snakemake", number)
    if number == signal.SIGTERM:
        run.communicate(timeout=PATIENCE_S)
        until(lambda: not processes(survivor))
        assert survivor.plan() <= {CELL, *MADE_FROM_CELLS}
    else:
        end(survivor, run)
        assert survivor.plan() == {CELL, *MADE_FROM_CELLS}
    assert whole(survivor) == before


@pytest.mark.slow
@pytest.mark.parametrize("number", ALL)
@pytest.mark.parametrize("victim", ["measure_cell.py", "ingest_bench.simulator", "ingest_bench.harness.worker"])
def test_a_part_of_a_cell_killed(survivor: Checkout, victim: str, number: signal.Signals) -> None:
    """When the measuring process, the simulator or a sample is killed, the cell fails; the next run measures it."""
    before = whole(survivor)
    (survivor.results / "cells/api/sequential-1.json").unlink(missing_ok=True)
    run = survivor.start("--cores", "2")
    until(lambda: running(survivor, "ingest_bench.harness.worker"), run)
    process = running(survivor, victim)
    assert process
    process.send_signal(number)
    said = end(survivor, run)
    assert "Error in rule measure" in said
    assert survivor.plan() == {CELL, *MADE_FROM_CELLS}
    assert whole(survivor) == before


@pytest.mark.slow
@pytest.mark.parametrize("number", ALL)
@pytest.mark.parametrize("victim", ["snakemake", pytest.param("build_corpus.py", marks=LONG)])
def test_killed_while_a_corpus_is_built(empty: Callable[[], Checkout], victim: str, number: signal.Signals) -> None:
    """A corpus that was not finished is no corpus; its builders end, and the next run makes it."""
    checkout = empty()
    checkout.set("corpora.files.items", 20_000)
    run = checkout.start("--cores", "2", "results/corpora/files.manifest.json")
    until((checkout.results / "corpora/.files.partial").exists, run)
    kill(checkout, run, victim, number)
    end(checkout, run)
    # Asked to end, Snakemake lets its jobs finish.
    if (victim, number) != ("snakemake", signal.SIGTERM):
        assert not (checkout.results / "corpora/files").exists()
    checkout.set("corpora.files.items", 30)
    checkout.snakemake("--cores", "2", "results/corpora/files.manifest.json")
    assert checkout.plan("results/corpora/files.manifest.json") == set()


@pytest.mark.slow
@pytest.mark.parametrize("number", ALL)
@pytest.mark.parametrize("victim", [pytest.param("aggregate.py", marks=LONG), "snakemake"])
def test_killed_while_cells_are_brought_together(survivor: Checkout, victim: str, number: signal.Signals) -> None:
    """After all this, one plain run goes on where the last one was killed, and leaves nothing to do."""
    until(lambda: not processes(survivor))
    before = whole(survivor)
    (survivor.results / "benchmark_results.json").unlink(missing_ok=True)
    run = survivor.start("--cores", "2")
    until(lambda: running(survivor, "aggregate.py"), run)
    cell = survivor.results / "cells/api/sequential-1.json"
    measured_at = cell.stat().st_mtime_ns
    kill(survivor, run, victim, number)
    end(survivor, run)
    said = survivor.snakemake("--cores", "2")
    assert "Measuring" not in said
    assert cell.stat().st_mtime_ns == measured_at
    assert whole(survivor) == before
    assert survivor.plan() == set()
    assert not list(survivor.results.rglob("*.part"))


@pytest.fixture
def small_disk(empty: Callable[[], Checkout]) -> Iterator[tuple[Checkout, Callable[[int], None]]]:
    """Put the results on a disk of its own, and give a function that says how much room is left on it."""
    checkout = empty()
    checkout.results.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(checkout.results)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can be mounted by root alone")

    def leave(room: int) -> None:
        filler = checkout.results / "filler"
        filler.unlink(missing_ok=True)
        filler.write_bytes(bytes(max(0, shutil.disk_usage(checkout.results).free - room)))

    try:
        yield checkout, leave
    finally:
        subprocess.run(["umount", "-l", str(checkout.results)], check=True)


@pytest.mark.slow
def test_the_disk_is_full(small_disk: tuple[Checkout, Callable[[int], None]]) -> None:
    """Wherever the disk fills up, the run says so, leaves no half file, and goes on once there is room."""
    checkout, leave = small_disk
    config = checkout.config
    del config["scenarios"]["api"], config["corpora"]["api"]
    config["scenarios"]["files"]["arms"].pop("queue")
    checkout.configure(config)
    targets = {
        "corpora/files.manifest.json": 60_000,
        "cells/files/sequential-1.json": 8_192,
        "benchmark_results.json": 12_288,
    }
    for target, room in targets.items():
        leave(room)
        run = checkout.start("--cores", "2", f"results/{target}")
        said = end(checkout, run)
        assert "No space left on device" in said
        assert not (checkout.results / target).exists()
        assert not list(checkout.results.rglob("*.part"))
        leave(30_000_000)
        said = checkout.snakemake("--cores", "2", f"results/{target}")
        assert said.count("Job ") - said.count("Job stats") == 1, said
    assert Path(checkout.results / "benchmark_results.parquet").exists()
