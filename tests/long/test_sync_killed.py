"""Syncs that are killed at any moment, and run again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

import sync_in_two
from stac_ingest.cli.main import INTERRUPTED
from synced_files import Files, item
from synced_output import held

MONTHS, KILLS = 4, 2
SIGNALS = (signal.SIGKILL, signal.SIGINT)
LONG = "TEST_LONG" in os.environ
PROGRAMS = {"in one process": ["-m", "stac_ingest"], "in two": [sync_in_two.__file__]}
ENDS = (0, -signal.SIGKILL, INTERRUPTED, -signal.SIGINT)


def changed(files: Files, run: int, chance: random.Random) -> dict[str, dict]:
    """Change, add and remove files, and return all items by id."""
    for number in range(60):
        name = f"{number:03d}.json"
        what = chance.random()
        if run == 0 or what < 0.2:
            files.write(name, item(f"i{number}", day=1 + number % 28, month=1 + chance.randrange(MONTHS), run=run))
        elif what < 0.3 and (files.folder / name).exists():
            files.remove(name)
    return files.items()


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("seed", range(8 if LONG else 1))
def test_killed_again_and_again(tmp_path, seed, program):
    """However often a sync is killed, its readers see the run before, and when it ends the source, each item once."""
    chance, files, output = random.Random(seed), Files(tmp_path / "items"), tmp_path / "out"
    command = [sys.executable, *program, "sync", str(files.folder), "--output", str(output), "--grace", "0"]
    before: dict[str, dict] = {}
    for run in range(3):
        expected = changed(files, run, chance)
        started = time.monotonic()
        subprocess.run([*command, "--dry-run"], check=True, capture_output=True)
        start_up = time.monotonic() - started
        for _ in range(KILLS):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            try:
                process.wait(start_up * chance.uniform(0.5, 1.5))
            except subprocess.TimeoutExpired:
                process.send_signal(chance.choice(SIGNALS))
            assert process.wait() in ENDS, process.stderr.read()
            process.stderr.close()
            seen = held(output)
            assert seen in (before, expected)
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert held(output) == expected
        before = expected
        left = sorted(path.name for path in (output / ".sync").iterdir())
        assert left in (["index", "lock", "memories"], ["index", "lock", "memories", "work"])
