"""A small checkout of its own, measured once, for tests that change and kill."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from copies import copy_unmade

from factories import QUEUE, arm, matrix, scenario
from snakemake_forks import run_snakemake

ROOT = Path(__file__).resolve().parents[2]

SMALL = matrix(
    {"files": ("item_files", 30), "api": ("api", 30)},
    results="results",
    sampling={"budget_seconds": 0.001, "tracemalloc_items": 0},
    files=scenario(arms={"sequential": arm(), "queue": arm(2, settings=QUEUE)}),
    api=scenario(
        "api",
        {"sequential": arm(settings={"limit": 10})},
        title="API",
        server={"think_ms": 1, "jitter_ms": 2},
    ),
)
JOBS = {
    "Building corpus ": "corpus ",
    "Reading your corpus ": "corpus ",
    "Measuring ": "",
    "Planning round ": "round ",
    "Adding pairs to ": "more pairs of ",
    "Bringing the cells together": "aggregate",
    "Writing the report": "report",
    "Writing what follows from the results": "advice",
    "Writing the receipt": "receipt",
}


@dataclass(frozen=True)
class Checkout:
    """A copy of the project's workflow and sources, with a configuration and results of its own."""

    folder: Path

    @property
    def results(self) -> Path:
        """Return the folder of everything made."""
        return self.folder / "results"

    @property
    def config(self) -> dict[str, Any]:
        """Return the configuration, as it is now."""
        found: dict[str, Any] = yaml.safe_load((self.folder / "config.yaml").read_text())
        return found

    def configure(self, config: dict[str, Any]) -> None:
        """Put a configuration in place."""
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def set(self, path: str, value: Any) -> None:
        """Change one setting, given as a dotted path."""
        config = json.loads(json.dumps(self.config))
        *parents, last = path.split(".")
        place = config
        for key in parents:
            place = place[key]
        place[last] = value
        self.configure(config)

    def environment(self) -> dict[str, str]:
        """Return the environment of its commands: its own sources, and a host lock that nobody else waits for."""
        temporary = self.folder / ".tmp"
        temporary.mkdir(exist_ok=True)
        return {
            **os.environ,
            "PYTHONPATH": str(self.folder / "src"),
            "XDG_CACHE_HOME": str(self.folder / ".cache"),
            "TMPDIR": str(temporary),
        }

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[str]:
        """Start Snakemake as a shell in the foreground would: with the signal handlers that a program begins with."""
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--nocolor", *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # Tests may run where Ctrl-C is ignored, as in a shell's background job, and the program would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no threads here
            **more,
        )

    def snakemake(self, *arguments: str) -> str:
        """Run Snakemake to its good end and return what it says."""
        done = run_snakemake(self.folder, "--nocolor", *arguments, environment=self.environment(), merged=True)
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    def plan(self, *arguments: str) -> set[str]:
        """Return the jobs that are planned, by name: `corpus files`, `files: queue at 2`, `aggregate`, `report`."""
        said = self.snakemake("--cores", "8", "--dry-run", *arguments)
        told = [line.partition(": ")[2] for line in said.splitlines() if re.match(r"Job \d+: (?!All is there)", line)]
        names = {
            short + line.removeprefix(start) for line in told for start, short in JOBS.items() if line.startswith(start)
        }
        assert len(names) == len(told), said
        return names


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Copy the project and measure the small matrix once. Take a copy of this (`checkout`), and leave it as it is."""
    folder = tmp_path_factory.mktemp("measured") / "checkout"
    for name in ("workflow", "src", "envs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(ROOT / "Snakefile", folder)
    made = Checkout(folder)
    made.configure(SMALL)
    made.snakemake("--cores", "8")
    return made


@pytest.fixture
def checkout(measured: Checkout, tmp_path: Path) -> Checkout:
    """Return a copy of the measured checkout, its times and Snakemake's notes included."""
    shutil.copytree(measured.folder, tmp_path / "checkout")
    return replace(measured, folder=tmp_path / "checkout")


@pytest.fixture
def empty(measured: Checkout, tmp_path: Path) -> Callable[[], Checkout]:
    """Make copies of the checkout in which nothing has been made yet."""

    def make(name: str = "empty") -> Checkout:
        copy_unmade(measured.folder, tmp_path / name)
        return replace(measured, folder=tmp_path / name)

    return make
