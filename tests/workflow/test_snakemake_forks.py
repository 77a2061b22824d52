"""Runs of Snakemake in forks that don't end as they should: it is told, and nothing of them is left."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

import pytest

from snakemake_forks import run_snakemake

PATIENCE_S = 60
TOO_LONG = """
import os, signal, subprocess
held = os.open("held", os.O_WRONLY)
subprocess.Popen(["sleep", "3600"], pass_fds=[held])
os.kill(os.getppid(), signal.SIGALRM)
signal.pause()
"""
"""Starts a process, and has the alarm go off that ends a run which takes too long."""
WITHOUT_PARENT = """
import os, signal
os.kill(os.getppid(), signal.SIGKILL)
os._exit(0)
"""
SOUND = """
rule all:
    shell: "true"
"""


def test_a_run_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    """Its exit code is that of a kill, its errors say why, and a process that it has started ends too."""
    (tmp_path / "Snakefile").write_text(TOO_LONG)
    os.mkfifo(tmp_path / "held")
    held = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)
    try:
        done = run_snakemake(tmp_path, "--cores", "1")
        assert done.returncode == -signal.SIGKILL
        assert "This run was killed: it took more than" in done.stderr
        # It can be read, and is at its end, once nobody has it open for writing.
        assert select.select([held], [], [], PATIENCE_S)[0]
        assert os.read(held, 1) == b""
    finally:
        os.close(held)


@pytest.mark.slow
def test_the_end_of_the_process_that_is_forked_is_told(tmp_path: Path) -> None:
    """The error has its exit code, and the next run begins with another process."""
    (tmp_path / "Snakefile").write_text(WITHOUT_PARENT)
    with pytest.raises(RuntimeError, match="forked from has ended with -9"):
        run_snakemake(tmp_path, "--cores", "1")
    (tmp_path / "Snakefile").write_text(SOUND)
    done = run_snakemake(tmp_path, "--cores", "1")
    assert done.returncode == 0, done.stderr
