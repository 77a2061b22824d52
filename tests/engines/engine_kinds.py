"""The engines that run the workflow's jobs in tests: how each is brought up on this machine, watched and hurt."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

HERE = Path(__file__).parent
CANNOT = 77
"""Exit code of a script that can't bring its cluster up here, and says why."""


class Engine(ABC):
    """An engine that is up, with two slots for jobs or two nodes."""

    name: str
    """Of its profile in `workflow/profiles`."""
    plugin: str
    """The module that Snakemake hands jobs over by."""
    forgets = False
    """Whether its jobs are lost with its controller."""

    def __init__(self, folder: Path) -> None:
        """Have a folder of its own for all that it writes."""
        self.folder = folder
        self.environment = dict(os.environ)
        """What finds it."""

    @abstractmethod
    def up(self) -> None:
        """Bring it up, or skip the test with the reason."""

    @abstractmethod
    def down(self) -> None:
        """End it, with all its jobs."""

    @abstractmethod
    def running(self, rule: str) -> dict[str, str]:
        """List the running jobs of a rule, by their numbers, and their nodes."""

    @abstractmethod
    def cancel(self, *jobs: str) -> None:
        """Cancel jobs, as a user does. One that has ended meanwhile is passed over."""

    @abstractmethod
    def lose_controller(self) -> None:
        """Kill what hands out jobs, and bring it back some seconds later where it doesn't come back by itself."""

    def kill(self, job: str) -> None:
        """Kill all processes of a running job, behind the engine's back."""
        kill_all(self.until_begun(job))

    def until_begun(self, job: str) -> list[psutil.Process]:
        """Wait until a running job has processes; return them."""
        deadline = time.monotonic() + 60
        while not (found := self.processes(job)):
            assert time.monotonic() < deadline, f"job {job} has no process"
            time.sleep(0.1)
        return found

    @abstractmethod
    def processes(self, job: str) -> list[psutil.Process]:
        """List the processes of a running job."""

    def said(self, *command: str) -> str:
        """Run a command of the engine and return its output, whatever its exit code."""
        run = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        return run.stdout


def kill_all(processes: list[psutil.Process]) -> None:
    """Kill processes; those that are gone are passed over."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def with_environment(**wanted: str) -> list[psutil.Process]:
    """List the processes whose environment has these values."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            environment = process.environ()
            if all(environment.get(name) == value for name, value in wanted.items()):
                found.append(process)
    return found


class _Cluster(Engine):
    """A cluster of a controller and nodes, which a script of its name brings up."""

    def script(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the script."""
        return subprocess.run(
            [HERE / f"{self.name}.sh", command, self.folder, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def up(self) -> None:
        """Bring it up, or skip the test with the reason."""
        begun = self.script("up")
        if begun.returncode == CANNOT:
            pytest.skip(begun.stdout.strip())
        assert begun.returncode == 0, begun.stdout + begun.stderr

    def lose_controller(self) -> None:
        """Kill the controller, and start it again some seconds later."""
        self.do("lose_controller")

    def do(self, command: str, *arguments: str) -> None:
        """Run a command of the script that has to succeed."""
        done = self.script(command, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr


class Slurm(_Cluster):
    """SLURM, with two nodes."""

    name = "slurm"
    plugin = "snakemake_executor_plugin_slurm"

    def down(self) -> None:
        """End it."""
        self.do("down")

    def running(self, rule: str) -> dict[str, str]:
        """List the running jobs of a rule; the comment of a job is its rule, with the wildcards."""
        lines = self.said("squeue", "--noheader", "--states=R", "--format=%i|%N|%k").splitlines()
        found = [line.split("|") for line in lines]
        return {job: node for job, node, comment in found if comment.startswith(f"rule_{rule}")}

    def cancel(self, *jobs: str) -> None:
        """Cancel jobs."""
        for job in jobs:
            self.said("scancel", job)

    def processes(self, job: str) -> list[psutil.Process]:
        """List the processes of a running job."""
        return with_environment(SLURM_JOB_ID=job)


class GridEngine(_Cluster):
    """Son of Grid Engine, with one host of two slots."""

    name = "gridengine"
    plugin = "snakemake_executor_plugin_cluster_generic"

    def __init__(self, folder: Path) -> None:
        """Name the cell that the script makes; nothing of another one on this machine is touched."""
        super().__init__(folder)
        self.environment |= {
            "SGE_ROOT": str(folder / "root"),
            "SGE_CELL": "default",
            "SGE_QMASTER_PORT": "16444",
            "SGE_EXECD_PORT": "16445",
        }

    def up(self) -> None:
        """Bring it up, or skip the test with the reason."""
        try:
            super().up()
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """End it: daemons and jobs, all of which know the cell."""
        kill_all(with_environment(SGE_ROOT=self.environment["SGE_ROOT"]))

    def running(self, rule: str) -> dict[str, str]:
        """List the running jobs of a rule, which is a job's name. Names are cut at ten characters."""
        lines = [line.split() for line in self.said("qstat", "-s", "r", "-u", "*").splitlines()[2:]]
        return {line[0]: line[7].partition("@")[2] for line in lines if line[2] == rule[:10]}

    def cancel(self, *jobs: str) -> None:
        """Cancel jobs."""
        for job in jobs:
            self.said("qdel", job)

    def processes(self, job: str) -> list[psutil.Process]:
        """List the processes of a running job."""
        return with_environment(JOB_ID=job, SGE_ROOT=self.environment["SGE_ROOT"])


class TaskSpooler(Engine):
    """A queue of task-spooler with two slots."""

    name = "task-spooler"
    plugin = "snakemake_executor_plugin_cluster_generic"
    forgets = True

    def __init__(self, folder: Path) -> None:
        """Name a queue of its own."""
        super().__init__(folder)
        self.environment |= {"TS_SOCKET": str(folder / "queue"), "TS_SLOTS": "2", "TMPDIR": str(folder)}

    def up(self) -> None:
        """Start the queue's server, which any call does."""
        if shutil.which("tsp") is None:
            pytest.skip("no queue: tsp is not installed")
        assert self.said("tsp", "-S").strip() == "2"

    def down(self) -> None:
        """End the server and its jobs, all of which know the queue."""
        kill_all(with_environment(TS_SOCKET=self.environment["TS_SOCKET"]))

    def running(self, rule: str) -> dict[str, str]:
        """List the running jobs of a rule, which is a job's label."""
        lines = [line.split() for line in self.said("tsp", "-l").splitlines()]
        return {line[0]: "here" for line in lines if line[1] == "running" and f"[{rule}]sh" in line}

    def cancel(self, *jobs: str) -> None:
        """Cancel running jobs."""
        for job in jobs:
            # Before that there is nobody whom the signal would reach.
            self.until_begun(job)
            self.said("tsp", "-k", job)

    def processes(self, job: str) -> list[psutil.Process]:
        """List the processes of a running job."""
        # A job that has only just begun has the number 0.
        number = int(self.said("tsp", "-p", job))
        with suppress(psutil.NoSuchProcess):
            if number:
                first = psutil.Process(number)
                return [first, *first.children(recursive=True)]
        return []

    def lose_controller(self) -> None:
        """Kill the server, which takes the queue with it. The next call starts another."""
        for process in with_environment(TS_SOCKET=self.environment["TS_SOCKET"]):
            with suppress(psutil.NoSuchProcess):
                # A process for each job speaks to the server, which alone listens.
                if any(each.laddr == self.environment["TS_SOCKET"] for each in process.net_connections("unix")):
                    process.send_signal(signal.SIGKILL)


ENGINES = (Slurm, GridEngine, TaskSpooler)


def bring_up(kind: type[Engine], folder: Path) -> Engine:
    """Bring an engine up, or skip the test with the reason."""
    if find_spec(kind.plugin) is None:
        pytest.skip(f"{kind.plugin.replace('_', '-')} is not installed")
    engine = kind(folder)
    engine.up()
    return engine
