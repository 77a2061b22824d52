"""Commands that are started, timed from outside, and made to say what they load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ingest_bench.system.loaded_modules import REPORTS
from ingest_bench.system.whole_process import launching, run_process


def test_a_command_is_measured_without_its_starter(tmp_path: Path) -> None:
    """Peak memory and CPU time are those of the command and its children, however large this process is."""
    ballast = bytearray(b"x") * (300 << 20)
    inner = "import time; sum(range(10**6)); print(time.process_time())"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{inner}']); exit(3)"
    command = launching(tmp_path / "said", [sys.executable, "-c", child])
    done = subprocess.run(command, capture_output=True, check=True)
    used = json.loads(done.stdout)
    assert used["exit_code"] == 3
    assert 5 < used["peak_rss_mib"] < 100 < len(ballast)
    assert used["cpu_user_s"] + used["cpu_system_s"] >= float((tmp_path / "said").read_text())


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    """An exit code other than 0 makes a run invalid, with the last line that the command said."""
    used = run_process([sys.executable, "-c", "raise SystemExit('line 1\\nno such source')"], tmp_path, {})
    assert used["invalid"] == "the command ended with exit code 1: no such source"
    assert used["wall_s"] > 0


def test_a_command_that_is_not_there_is_told_from_one_that_fails(tmp_path: Path) -> None:
    """What can't be started has no time, and the reason is the system's."""
    used = run_process([str(tmp_path / "gone")], tmp_path, {})
    assert used.keys() == {"invalid"}
    assert used["invalid"].startswith("the command can't be started: FileNotFoundError")


def test_a_rehearsal_reports_what_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python command, and a process that it forks, report their modules of ours, and only when they are asked to."""
    reports = tmp_path / "reports"
    reports.mkdir()
    monkeypatch.setenv(REPORTS, str(reports))
    inner = "import stac_ingest.core.text"
    forks = f"multiprocessing.get_context('fork').Process(target=exec, args=('{inner}',))"
    code = f"import multiprocessing, stac_ingest.errors as e; p = {forks}; p.start(); p.join()"
    for asked in (False, True):
        folder = tmp_path / str(asked)
        folder.mkdir()
        assert "invalid" not in run_process([sys.executable, "-c", code], folder, {"A": "b"}, reports=asked)
        assert bool(list(reports.iterdir())) == asked
    names = {name for path in reports.iterdir() for name in path.read_text().split()}
    assert {"stac_ingest.errors", "stac_ingest.core.text"} <= names


def test_variables_reach_the_command(tmp_path: Path) -> None:
    """What is set for a command is set in its process, beside what is set here."""
    code = "import os; print(os.environ['THREADS'], bool(os.environ['PATH']))"
    run_process([sys.executable, "-c", code], tmp_path, {"THREADS": "1"})
    assert (tmp_path / "said").read_text() == "1 True\n"
