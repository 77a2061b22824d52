"""All that the workflow takes from Snakemake beside what its documentation promises; what else it needs is public.

A test runs it against the installed version, which has to be one of `TESTED`.
"""

import fcntl
import gc
import logging
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from snakemake.settings.types import DeploymentMethod, RerunTrigger

from ingest_bench.system.process_lifetime import exit_with_parent, register_parent


class RunLock:
    """A lock on a folder of results, held until the process ends, however it ends."""

    def __init__(self, results: Path, *, local: bool) -> None:
        """Try to have the folder for this process.

        Args:
            results: the folder; made when it isn't there.
            local: whether jobs run on this machine and end with the run; a cluster's outlive it.

        """
        results.mkdir(parents=True, exist_ok=True)
        self._results = results
        self._descriptor = os.open(results / ".claim", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # held by another run, or a file system without locks
            self.held, self._safe = False, False
            return
        before = os.pread(self._descriptor, 16, 0)
        self.held, self._safe = True, local and before in (b"", b"local\n")
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, b"local\n" if local else b"cluster\n", 0)

    def clear_stale_locks(self, folder: Path) -> bool:
        """Remove the locks that a killed run left, if all they lock belongs to these results. Says whether it did."""
        locks = sorted(folder.glob("*.lock")) if self._safe else []
        named = [Path(line) for lock in locks for line in lock.read_text(encoding="utf-8").splitlines()]
        if not named or not all(path.is_relative_to(self._results) for path in named):
            return False
        for lock in locks:
            lock.unlink(missing_ok=True)
        return True


TESTED = "9.27"
"""The series of Snakemake that this was last looked through for."""
LOCKS = Path(".snakemake/locks")
"""Where Snakemake keeps its locks: a file each, with the locked paths as its lines."""


class SnakemakeRun:
    """The run that a Snakefile is read in: of the process that plans and starts jobs, or of one of its jobs."""

    def __init__(self, workflow: Any, logger: logging.Logger) -> None:
        """Have a job end with the run that started it on the same machine, even where that run is killed.

        Args:
            workflow: the global of that name in a Snakefile.
            logger: Snakemake's.

        """
        self._workflow = workflow
        self._logger = logger
        self._begun: dict[str, bool] = {}
        self.plans: bool = workflow.is_main_process
        """Whether it is the process that plans, and not a job."""
        self.standalone: bool = workflow.modifier.is_main_snakefile()
        """Whether the Snakefile isn't another one's module."""
        self.prefixed: bool = bool(workflow.modifier.path_modifier.prefix)
        """Whether it is a module whose files are put below another folder."""
        self.dry: bool = bool(workflow.output_settings and workflow.output_settings.dryrun)
        """Whether it is only told what would be done."""
        self.cores: int = workflow.resource_settings.cores or 1
        self.config_files = ", ".join(map(str, workflow.config_settings.configfiles))
        self.written_config: tuple[list[str], list[Any]] = ([], [])
        """What was typed behind `--config`, and the files of settings; none in another's module, whose they aren't."""
        if self.standalone:
            files = [*workflow.configfiles, *workflow.config_settings.configfiles]
            self.written_config = (list(workflow.config_settings.config_args or ()), files)
        (register_parent if self.plans else exit_with_parent)()
        if self.plans:
            # A plan of thousands of jobs keeps what it makes; looking through it for garbage takes a tenth of the time.
            gc.freeze()
            gc.set_threshold(100_000, 20, 100)

    def limit(self, resource: str, amount: int) -> None:
        """Let jobs have no more than so much of a resource at the same time, unless the command line says how much."""
        if resource not in self._workflow.global_resources:
            self._workflow.register_resource(resource, amount)

    def job_command(self, module: str) -> str:
        """Return the beginning of a `shell:` that runs a module of this package, in the environment of its job.

        As a `script:` would, it finds this package here where the environment of the job doesn't have it.

        Args:
            module: its name; what follows in the command are its arguments.

        """
        conda = DeploymentMethod.CONDA in self._workflow.deployment_settings.deployment_method
        root = Path(__file__).parents[2]
        code = f"import runpy, sys; sys.path.append({str(root)!r}); runpy.run_module({module!r}, run_name='__main__')"
        command = f"exec {'python' if conda else shlex.quote(sys.executable)} -c {shlex.quote(code)}"
        return command.replace("{", "{{").replace("}", "}}")

    @property
    def executes(self) -> bool:
        """Whether this process is to start jobs. It is known when the plan is made."""
        return bool(self.plans and not self._workflow.dryrun and self._workflow.executor_plugin)

    def keep_no_records(self) -> None:
        """Have no notes kept of what jobs have made, as by `--drop-metadata`: where each run has files of its own.

        Who uses this workflow as a module keeps the notes of its own jobs.
        """
        if self.standalone:
            self._workflow.execution_settings.keep_metadata = False

    def begin(self, folder: str) -> bool:
        """Settle once, when the plan is made, what a run on a folder of results needs.

        Returns:
            Whether this process is to start jobs, and no other run has the folder.

        """
        if folder not in self._begun:
            self._begun[folder] = self.plans and self._has_begun(folder)
        return self._begun[folder]

    def _has_begun(self, folder: str) -> bool:
        # Files are written whole or not at all, so what a killed run left unfinished is made again without being asked.
        self._workflow.dag_settings.force_incomplete = True
        if not self.standalone:
            return False
        # A script counts as changed when its file is newer than what it made, as every file is in a fresh clone. What
        # the modules behind the scripts do is looked at instead. Who uses this workflow as a module keeps the rest.
        self._workflow.dag_settings.rerun_triggers -= {RerunTrigger.CODE}
        if not self.executes:
            return False
        lock = RunLock(Path(folder), local=self._workflow.local_exec)
        if lock.clear_stale_locks(LOCKS):
            self._logger.info(f"{folder}: freed what a run that was killed had locked")  # noqa: G004 - it takes whole texts
        return lock.held and not self._workflow.touch

    def force(self, path: str, reason: str) -> None:
        """Have the job that makes a file run, as `--forcerun` does, and say why where the file is there."""
        forced = self._workflow.dag.forcefiles
        if path not in forced and Path(path).exists():
            self._logger.info(f"{path}: {reason}")  # noqa: G004 - it takes whole texts
        forced.add(path)
