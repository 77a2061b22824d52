"""A task of the plan: read, its items spooled, its outcome noted last."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from pydantic import Field, ValidationError

from stac_ingest.context import WorkflowContext
from stac_ingest.core.atomic import write_text
from stac_ingest.core.model import Item
from stac_ingest.errors import DataProcessingError
from stac_ingest.sharding.plan import Record, Words
from stac_ingest.sync.known import KnownItems, write_known
from stac_ingest.sync.partitions import Partitions
from stac_ingest.sync.plan import Task
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.readers import reader_of
from stac_ingest.sync.readers.base import Outcome
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.spool import TaskSpool
from stac_ingest.sync.work import Work

_NAMED = 1000
"""Failures of a task that are named."""
_QUIET = logging.getLogger("stac_ingest.sync")


class TaskReport(Record):
    """What came of a task, as it is kept."""

    items: int = Field(default=0, description="that came, each time they did")
    ids: int = Field(default=0, description="that came without their items")
    resumed: int = Field(default=0, description="of these, ids that an earlier process had listed")
    dropped: int = Field(default=0, description="items that a transform left out")
    problems: list[Words] = Field(default=[])
    failures: list[tuple[Words, Words]] = Field(default=[], description="the first of them")
    failed: int = Field(default=0, description="how many there are")
    requests: dict[str, int] = Field(default={})
    notes: list[Words] = Field(default=[])
    spared: list[int] = Field(default=[])
    unchanged: list[int] = Field(default=[])
    unversioned: int = 0
    unverified: list[Words] = Field(default=[])

    @property
    def outcome(self) -> Outcome:
        """How the reading ended."""
        return Outcome(**self.model_dump(exclude={"items", "ids", "resumed", "dropped", "failed"}))


async def run_read_task(settings: SyncSettings, work: Work, task: Task, held: list[Path], progress: Progress) -> int:
    """Read a task, unless that is done already, and leave a report of it for `read_report`.

    Args:
        settings: of the sync.
        work: of the run.
        task: of its plan.
        held: the files of what each partition holds, sorted by key.
        progress: told how many items came.

    Returns:
        How many items and ids came now, with the items that a transform left out.

    Raises:
        ConfigurationError: the source isn't there any more, or a transform can't be used.
        DataProcessingError: nothing can be written.

    """
    if read_report(work, task.number) is not None:
        return 0
    try:
        with ExitStack() as stack:
            known = None
            if held:
                if not work.known.exists():
                    write_known(work.known, held)
                known = KnownItems(work.known)
                stack.callback(known.close)
            partitions = Partitions(settings.partition)
            spool = stack.enter_context(TaskSpool(work, task.number, partitions, known, _modify(settings)))
            outcome = await reader_of(task, settings).read(task, spool, progress)
            spool.finish()
    except OSError as error:
        raise DataProcessingError(f"can't write to {work.folder}: {error.strerror or error}") from error
    outcome.failures += spool.failures
    outcome.spared = sorted({*outcome.spared, *spool.spared})
    failed = len(outcome.failures)
    outcome.failures = outcome.failures[:_NAMED]
    report = TaskReport(
        items=spool.items,
        ids=spool.ids,
        resumed=spool.resumed,
        dropped=spool.dropped,
        failed=failed,
        **asdict(outcome),
    )
    write_text(work.outcome(task.number), report.model_dump_json(indent=1) + "\n")
    return spool.items + spool.dropped + spool.ids - spool.resumed


def _modify(settings: SyncSettings) -> Callable[[Item], Item | None]:
    """Make what changes an item as a run does.

    Raises:
        ConfigurationError: a transform can't be used.

    """
    modifiers, context = settings.modifiers(), WorkflowContext(logger=_QUIET)

    def modify(item: Item) -> Item | None:
        changed: Item | None = item
        for modifier in modifiers:
            changed = None if changed is None else modifier.modify(changed, context)
        return changed

    return modify


def read_report(work: Work, task: int) -> TaskReport | None:
    """Return what came of a task; None where it isn't done."""
    try:
        return TaskReport.model_validate_json(work.outcome(task).read_bytes())
    except (OSError, ValidationError):
        return None


def report_of(work: Work, task: int) -> TaskReport:
    """Return what came of a task that is done.

    Raises:
        DataProcessingError: its report is lost.

    """
    report = read_report(work, task)
    if report is None:
        raise DataProcessingError(f"{work.outcome(task)} is lost, or can't be read; run the sync again")
    return report
