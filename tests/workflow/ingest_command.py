"""`snakemake ingest` as a process, in a folder without a matrix."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil

from snakemake_forks import run_snakemake

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 300


COMMAND = ("ingest", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2")
"""Two jobs run at once."""


def start(folder: Path, *config: str) -> subprocess.Popen[str]:
    """Start the command, in a process to kill."""
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", *COMMAND, *_given(config)],
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / ".cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ingest(folder: Path, *config: str, code: int = 0) -> str:
    """Run the command to its end and return what it says."""
    done = run_snakemake(folder, *COMMAND, *_given(config), merged=True)
    assert done.returncode == code, done.stdout[-4000:]
    return done.stdout


def _given(config: tuple[str, ...]) -> tuple[str, ...]:
    return ("--config", *config) if config and not config[0].startswith("--") else config


def jobs(said: str) -> Counter[str]:
    """Count the jobs that ran, by their messages."""
    return Counter(re.findall(r"^Job \d+: (.*)$", said, re.MULTILINE))


def writer_of(log: Path, run: subprocess.Popen[str]) -> psutil.Process:
    """Wait for the job of a run that writes to a log."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert run.poll() is None, run.communicate()[0]
        for process in psutil.Process(run.pid).children(recursive=True):
            try:
                if str(log) in {file.path for file in process.open_files()}:
                    return process
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.005)
    raise AssertionError(f"nobody writes to {log}")
