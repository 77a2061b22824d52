"""Runs of the whole workflow, one after another, each in a folder of its own. A second call goes on where one ended."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest_bench.agreement.judge import judge
from ingest_bench.agreement.page import page
from ingest_bench.agreement.records import Agreement, Done
from ingest_bench.comparison.files import read_run
from ingest_bench.errors import MeasurementError
from ingest_bench.results.models import Results
from ingest_bench.system.steps import Steps
from stac_ingest.core.atomic import write_atomically

LOG = logging.getLogger(__name__)
_RESULTS = "benchmark_results.json"


@dataclass(frozen=True)
class Repeats:
    """What is run, how often, and where."""

    folder: Path
    runs: int
    loaded: int
    """How many of the runs have a program beside them that takes a core half of the time; the last ones."""
    configfile: Path | None = None
    cores: int = 2

    def name(self, number: int) -> str:
        """Return what a run is called, by its number from 1."""
        return f"run-{number}"


def run_repeatedly(repeats: Repeats) -> Agreement:
    """Run the workflow as often as asked, or go on with that; write `agreement.json` and `agreement.md`.

    Raises:
        MeasurementError: a run failed, or a file of an earlier call can't be read.
        ComparisonError: the results of a run can't be read.

    """
    steps = Steps(repeats.folder / "steps")
    found: dict[str, tuple[Results, Done | None]] = {}
    for number in range(1, repeats.runs + 1):
        name = repeats.name(number)
        loaded = number > repeats.runs - repeats.loaded
        done = steps.do(name, Done, lambda starts, name=name, loaded=loaded: _run(repeats, name, loaded, starts))  # type: ignore[misc]
        found[name] = read_results(repeats.folder / name), done
        write_agreement(repeats.folder, judge(found))
    return judge(found)


def read_results(folder: Path) -> Results:
    """Read what a run has measured.

    Args:
        folder: of its results, or the file itself.

    Raises:
        ComparisonError: it isn't there, isn't the results of a run, or has settings that this version doesn't know.

    """
    return read_run(folder / _RESULTS if folder.is_dir() else folder).results


def write_agreement(folder: Path, agreement: Agreement) -> None:
    """Write `agreement.json` and `agreement.md`."""
    write_atomically(folder / "agreement.json", agreement.model_dump_json(indent=2).encode() + b"\n")
    write_atomically(folder / "agreement.md", page(agreement).encode())


def _run(repeats: Repeats, name: str, loaded: bool, starts: int) -> Done:
    began = time.monotonic()
    with _beside(loaded):
        code = subprocess.run(_command(repeats, name), check=False).returncode
    if code:
        raise MeasurementError(
            f"{name} ended with exit code {code}; see above, and call this again: it goes on with that run"
        )
    return Done(beside_load=loaded, seconds=time.monotonic() - began, starts=starts)


def _command(repeats: Repeats, name: str) -> Sequence[str]:
    file = [] if repeats.configfile is None else ["--configfile", str(repeats.configfile)]
    own = ["--config", f"results={repeats.folder / name}"]
    return [sys.executable, "-m", "snakemake", "--logger", "bench-progress", "--cores", str(repeats.cores), *file, *own]


@contextmanager
def _beside(loaded: bool) -> Iterator[None]:
    """Have a core busy half of the time for the length of a block."""
    if not loaded:
        yield
        return
    command = [sys.executable, "-m", "ingest_bench.agreement.half_load", str(os.getpid())]
    with subprocess.Popen(command) as process:
        try:
            yield
        finally:
            process.terminate()
