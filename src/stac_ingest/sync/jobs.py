"""A sync as jobs: each step a process of its own, here or on other machines that share the output's folder.

`make_plan`, then `read_task` for each task, `name_wanted` and `read_task` for what that names, `resolve_run`,
`encode_batch` and then `merge_batch` for each batch of partitions, and `end_run`. What a job leaves are the files of
the run, see `work`; so `run_sync` goes on with a run that jobs have begun, and jobs with one that it has. `end_run`
does all that is not done yet.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from stac_ingest.core.atomic import write_text
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sync.encode import encode_adds
from stac_ingest.sync.file_memory import stretches
from stac_ingest.sync.index import partition_of, rebuilt
from stac_ingest.sync.job_files import JobFiles, read_batches, read_wanted, write_batches, write_wanted
from stac_ingest.sync.known import write_known
from stac_ingest.sync.lock import locked_by_job, locked_file
from stac_ingest.sync.manifest import SyncManifest
from stac_ingest.sync.merge import run_merge
from stac_ingest.sync.merge_input import MergeInput
from stac_ingest.sync.plan import SyncPlan, Task
from stac_ingest.sync.resolve import Resolved
from stac_ingest.sync.run import SyncResult, SyncRun, finish
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.tasks import run_read_task
from stac_ingest.sync.wanted import wanted_tasks
from stac_ingest.sync.work import Work

_NOT_THERE = "{}: the run that this job is of was ended, or begun anew, by another sync; start it again"


class NextRun:
    """The run that is next to be published, as a workflow finds it. Nothing is written."""

    def __init__(self, settings: SyncSettings) -> None:
        """Look at what is there.

        Raises:
            ConfigurationError: the output holds something else than the settings ask for.
            DataProcessingError: the manifest can't be read.

        """
        self._settings = settings
        run = SyncRun(settings, _quiet)
        self.generation = run.generation
        self.plan = run.work.plan()
        """That this run can go on with; None where it is to be made."""
        self.why = self._why(run.manifest, run.work)
        """Why the plan is to be made; None where it is there."""

    def _why(self, manifest: SyncManifest | None, work: Work) -> str | None:
        if self.plan is None:
            return "not planned yet"
        held = () if manifest is None else manifest.partitions
        is_lost = not all((self._settings.state / partition.index).exists() for partition in held)
        if is_lost or self.plan.rebuilt != rebuilt(self._settings):
            return "what was known of the items that are held is lost"
        if self.plan.plan.tasks and held and not work.known.exists():
            return "not planned whole"
        return None


def make_plan(settings: SyncSettings) -> None:
    """Find out what has to be read, unless that is known.

    Raises:
        ConfigurationError, DataProcessingError: as `SyncRun.plan` does.

    """
    with locked_by_job(settings, alone=True):
        run = SyncRun(settings, _quiet, is_of_jobs=True)
        plan = asyncio.run(run.plan()).plan
        if plan.tasks and run.manifest is not None and not run.work.known.exists():
            try:
                write_known(run.work.known, _held(settings, run.manifest))
            except OSError as error:
                raise DataProcessingError(f"can't write to {run.work.folder}: {error.strerror or error}") from error


def read_task(settings: SyncSettings, number: int, at_once: int | None = None) -> None:
    """Read a task of the plan, or one that was made of what is wanted.

    Args:
        settings: of the sync.
        number: of the task.
        at_once: how many tasks may be read at the same time: so the limits of a server are split.

    Raises:
        ConfigurationError: the run isn't there any more, or the source.
        DataProcessingError: nothing can be written.

    """
    with _beside_others(settings, f"task-{number}") as (run, plan, files):
        tasks = {task.number: task for task in (*plan.tasks, *read_wanted(files.wanted))}
        reading = _shared(settings, min(at_once or 1, len(tasks)))
        held = [] if run.manifest is None else _held(settings, run.manifest)
        if number not in tasks:
            raise ConfigurationError(_NOT_THERE.format(settings.output))
        asyncio.run(_read(reading, run.work, tasks[number], held))


async def _read(settings: SyncSettings, work: Work, task: Task, held: list[Path]) -> None:
    if per_second := settings.config.budget.requests_per_second:
        await asyncio.sleep(1 / per_second)  # the job before this one may have sent a request a moment ago
    await run_read_task(settings, work, task, held, _quiet)


def name_wanted(settings: SyncSettings) -> None:
    """Plan to read what the tasks have named as wanted.

    Raises:
        ConfigurationError: the run isn't there any more.
        DataProcessingError: its files can't be read or written.

    """
    with locked_by_job(settings, alone=True):
        run, plan = _under_way(settings)
        try:
            wanted = wanted_tasks(settings, run.work, plan.tasks)
        except (OSError, ValueError) as error:
            raise DataProcessingError(_unreadable(run, error)) from error
        write_wanted(JobFiles(run.work.folder).wanted, wanted)


def resolve_run(settings: SyncSettings) -> None:
    """Find out what is to be done, and put the partitions of which something is written into batches.

    Raises:
        ConfigurationError: the run isn't there any more.
        DataProcessingError: as `SyncRun.read` and `SyncRun.resolve` do.

    """
    with locked_by_job(settings, alone=True):
        run, plan = _under_way(settings)
        resolved = run.resolve(asyncio.run(run.read(plan)))
        try:
            batches = _batches(settings, run, resolved)
        except (OSError, ValueError) as error:
            raise DataProcessingError(_unreadable(run, error)) from error
        write_batches(JobFiles(run.work.folder).batches, batches)


def _batches(settings: SyncSettings, run: SyncRun, resolved: Resolved) -> list[list[int]]:
    """Put partitions together that have about as many items to write as a task has to read."""
    weights = []
    for number in resolved.partitions:
        made, before = MergeInput.of(run.work, number), partition_of(run.manifest, number)
        rewritten = before.items if before is not None and made.drops.count else 0
        weights.append(1 + made.adds.count + rewritten)
    numbers = np.array(resolved.partitions, np.int64)
    cut = stretches(np.array(weights, np.int64), settings.task_items)
    return [numbers[part.start : part.stop].tolist() for part in cut]


def encode_batch(settings: SyncSettings, batch: int) -> None:
    """Encode what is added to the partitions of a batch.

    Raises:
        ConfigurationError: the run isn't there any more.
        DataProcessingError: its files can't be read or written.

    """
    with _beside_others(settings, f"batch-{batch}") as (run, _, files):
        for number in _batch(settings, files, batch):
            encode_adds(settings, partition_of(run.manifest, number), run.work, number)
        write_text(files.encoded(batch), "")


def merge_batch(settings: SyncSettings, batch: int) -> None:
    """Write what the partitions of a batch hold then. All batches have to be encoded.

    Raises:
        ConfigurationError: the run isn't there any more, or something would be written through a link.
        DataProcessingError: its files can't be read or written.

    """
    with _beside_others(settings, f"batch-{batch}") as (run, _, files):
        for number in _batch(settings, files, batch):
            run_merge(settings, run.manifest, run.generation, number)
        write_text(files.merged(batch), "")


def _batch(settings: SyncSettings, files: JobFiles, batch: int) -> list[int]:
    """Return the partitions of a batch."""
    batches = read_batches(files.batches)
    if batch >= len(batches):
        raise ConfigurationError(_NOT_THERE.format(settings.output))
    return batches[batch]


def end_run(settings: SyncSettings, generation: int) -> SyncResult:
    """Publish a run, having done what isn't done of it.

    Args:
        settings: of the sync.
        generation: of the run.

    Raises:
        ConfigurationError: as `run_sync` does; or another run was published.
        DataProcessingError: as `run_sync` does.

    """
    with locked_by_job(settings, alone=True):
        run = SyncRun(settings, _quiet, is_of_jobs=True)
        if run.generation == generation:
            return finish(run)
        if run.manifest is not None and run.manifest.generation == generation:
            # The job was lost when it had done that, and is tried again.
            notes = ["an earlier try has published the run"]
            return SyncResult(manifest=run.manifest, requests=Counter(), notes=notes, copied=run.copied())
        raise ConfigurationError(_NOT_THERE.format(settings.output))


def may_want(plan: SyncPlan) -> bool:
    """Say whether tasks of a plan may name items as wanted: those that list ids do."""
    return any(task.reader == "api_ids" for task in plan.tasks)


def _under_way(settings: SyncSettings) -> tuple[SyncRun, SyncPlan]:
    """Return the run that a job is of.

    Raises:
        ConfigurationError: it isn't there any more.

    """
    run = SyncRun(settings, _quiet, is_of_jobs=True)
    found = run.work.plan()
    if found is None:
        raise ConfigurationError(_NOT_THERE.format(settings.output))
    return run, found.plan


@contextmanager
def _beside_others(settings: SyncSettings, step: str) -> Iterator[tuple[SyncRun, SyncPlan, JobFiles]]:
    """Lock what a step needs that runs beside others, and give the run that it is of."""
    with locked_by_job(settings, alone=False):
        run, plan = _under_way(settings)
        with locked_file(settings, run.work.folder / f"{step}.lock"):
            yield run, plan, JobFiles(run.work.folder)


def _held(settings: SyncSettings, manifest: SyncManifest) -> list[Path]:
    """Return the files of what each partition holds. Who planned has looked whether they are sound."""
    return [settings.state / partition.index for partition in manifest.partitions]


def _shared(settings: SyncSettings, jobs: int) -> SyncSettings:
    """Return settings by which so many jobs together stay within the limits of a server."""
    budget = settings.config.budget
    shares: dict[str, float] = {}
    if budget.requests_per_second is not None:
        shares["requests_per_second"] = budget.requests_per_second / jobs
    if budget.max_in_flight is not None:
        shares["max_in_flight"] = max(1, budget.max_in_flight // jobs)
    if not shares:
        return settings
    source = {**settings.source, "budget": {**budget.given(), **shares}}
    return settings.model_copy(update={"source": source})


def _quiet(*_: object) -> None:
    """Say nothing: a job has a log, and no line on the terminal."""


def _unreadable(run: SyncRun, error: Exception) -> str:
    return f"can't read the files of the run in {run.work.folder}: {error}"
