"""A command run as a job of its own: its memory watched, and ended by SIGKILL when it is time for that."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from ingest_bench.errors import MeasurementError
from ingest_bench.reference.records import Job
from ingest_bench.reference.server import ReferenceServer
from ingest_bench.system.process_lifetime import die_with_parent

_LOOK_S = 0.2
_MIB = 1 << 20


class KillMoment:
    """The moment to end a job: so many items of its work were sent, and then a share of the time until there passed."""

    def __init__(self, server: ReferenceServer, items: float, wait: float) -> None:
        """Wait for a moment.

        Args:
            server: that the job asks.
            items: that are sent before, whole ones.
            wait: times the seconds until then are waited.

        """
        self._server, self._items, self._wait = server, items, wait
        self._due: float | None = None

    def has_come(self, seconds: float) -> bool:
        """Tell whether the moment has come, given how long the job has run."""
        if self._due is None and self._server.traffic().items.items >= self._items:
            self._due = seconds * (1 + self._wait)
        return self._due is not None and seconds >= self._due


def run_job(
    name: str,
    command: Sequence[str],
    server: ReferenceServer,
    said: Path,
    *,
    starts: int = 1,
    kill: KillMoment | None = None,
    look_s: float = _LOOK_S,
) -> Job:
    """Run a command to its end, or until it is killed.

    Args:
        name: of the command.
        command: the program, and its arguments.
        server: that it asks; its counts begin anew.
        said: file that all that the command says is added to.
        starts: how often this run of the command was begun, this time included.
        kill: when it is killed; None never.
        look_s: seconds between two looks at its memory.

    Raises:
        MeasurementError: the command can't be started, or the server doesn't answer.

    """
    server.reset()
    parent = os.getpid()
    began = time.monotonic()
    with said.open("ab") as stream:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(parent),  # noqa: PLW1509 - no thread of ours runs by then
            )
        except OSError as error:
            raise MeasurementError(f"{command[0]} can't be started: {error}") from error
    memory, killed = _Memory(process.pid), False
    try:
        while process.poll() is None:
            memory.look()
            if kill is not None and kill.has_come(time.monotonic() - began):
                killed = process.poll() is None
                break
            with suppress(subprocess.TimeoutExpired):
                process.wait(look_s)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    wall = time.monotonic() - began
    seen = server.stats()
    return Job(
        command=name,
        killed=killed and process.returncode == -signal.SIGKILL,
        exit_code=process.returncode,
        wall_s=wall,
        read_s=seen.window_s,
        peak_mib=memory.peak / _MIB,
        peak_process_mib=memory.largest / _MIB,
        traffic=server.traffic(),
        server_cpu_s=seen.cpu_s,
        starts=starts,
    )


def kill_moment(draw: Callable[[], float], server: ReferenceServer, items: int) -> KillMoment:
    """Draw a moment: anywhere in the reading of so many items, or for half as long after it."""
    return KillMoment(server, draw() * items, draw() / 2)


class _Memory:
    """Looks at a job's memory, bytes."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.peak = self.largest = 0

    def look(self) -> None:
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(self._pid)
            resident = 0
            for process in (first, *first.children(recursive=True)):
                with suppress(psutil.NoSuchProcess, OSError):
                    resident += process.memory_info().rss
                    self.largest = max(self.largest, _high_water(process.pid))
            self.peak = max(self.peak, resident)


def _high_water(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
