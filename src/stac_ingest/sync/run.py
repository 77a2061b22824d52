"""A sync from its beginning to its end. One that was killed goes on from the step that it was at."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stac_ingest.errors import DataProcessingError
from stac_ingest.sync.asked import check_same
from stac_ingest.sync.detectors import detector_of
from stac_ingest.sync.detectors.base import Last, Progress
from stac_ingest.sync.index import Held, load
from stac_ingest.sync.lock import locked
from stac_ingest.sync.manifest import SyncManifest
from stac_ingest.sync.manifest_file import read_manifest
from stac_ingest.sync.plan import SyncPlan
from stac_ingest.sync.resolve import Resolved, resolve
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.tasks import TaskReport, run_read_task
from stac_ingest.sync.work import RunPlan, Work, digest_of


@dataclass(frozen=True, kw_only=True)
class SyncResult:
    """What a sync has come to."""

    manifest: SyncManifest
    requests: Counter[str]
    """By their kind."""
    notes: Sequence[str]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing, as far as the source can tell."""
        return self.manifest.verdict != "truncated"


class SyncRun:
    """The steps of one sync, each of which is done once, and again only where the run was killed in it."""

    def __init__(self, settings: SyncSettings, progress: Progress) -> None:
        """Read what the last run left.

        Raises:
            ConfigurationError: the output holds something else than the settings ask for.

        """
        self._settings = settings
        self._progress = progress
        self._manifest = read_manifest(settings.output)
        if self._manifest is not None:
            check_same(settings, self._manifest)
        self._generation = 1 if self._manifest is None else self._manifest.generation + 1
        self._work = Work(settings, self._generation)

    async def plan(self) -> RunPlan:
        """Return the plan of the run that was killed, or make one.

        Raises:
            ConfigurationError: there are no items where the settings point.
            DataProcessingError: the source can't be read.

        """
        found = self._work.plan()
        if found is None:
            self._work.begin()
            found = await self.planned(self._work.memories)
            self._work.keep_plan(found)
        return found

    async def planned(self, memories: Path) -> RunPlan:
        """Make a plan, and write nothing but what the detector remembers.

        Raises:
            ConfigurationError, DataProcessingError: as `plan` does.

        """
        started_at = time.time()
        last = Last() if self._manifest is None else Held(self._settings, self._manifest)
        plan = await detector_of(self._settings).plan(last, memories, self._progress)
        return RunPlan(digest=digest_of(self._settings), started_at=started_at, plan=plan)

    async def read(self, plan: SyncPlan) -> list[TaskReport]:
        """Read the tasks.

        Raises:
            ConfigurationError: the source isn't there any more.
            DataProcessingError: nothing of it can be read, or nothing can be written.

        """
        held = self._held()
        reports = [await run_read_task(self._settings, self._work, task, held, self._progress) for task in plan.tasks]
        problems = [problem for report in reports for problem in report.problems]
        if problems and not any(report.items or report.ids for report in reports):
            shutil.rmtree(self._work.folder)  # another try is to ask again
            raise DataProcessingError(problems[0])
        return reports

    def resolve(self, plan: SyncPlan, reports: Sequence[TaskReport]) -> Resolved:
        """Find out what is to be done.

        Raises:
            DataProcessingError: the files of the run can't be read or written.

        """
        self._progress("comparing with what is held", 0)
        return resolve(self._settings, self._work, plan, reports, self._held())

    def _held(self) -> list[Path]:
        """Return the files of what each partition holds. One that was lost is made anew."""
        if self._manifest is None:
            return []
        for partition in self._manifest.partitions:
            load(self._settings, partition)
        return [self._settings.state / partition.index for partition in self._manifest.partitions]


async def run_sync(settings: SyncSettings, progress: Progress = lambda *_: None) -> SyncResult:
    """Bring an output into step with its source.

    Args:
        settings: what is kept in step with what, and how.
        progress: told what is done.

    Raises:
        ConfigurationError: a setting is wrong, or another sync is at work. Nothing was changed.
        DataProcessingError: the source can't be read, or the output can't be written. What readers see is as it was.

    """
    with locked(settings):
        run = SyncRun(settings, progress)
        plan = await run.plan()
        reports = await run.read(plan.plan)
        resolved = run.resolve(plan.plan, reports)
        return run.publish(plan, reports, resolved, run.merge(resolved))


async def plan_only(settings: SyncSettings, progress: Progress = lambda *_: None) -> SyncPlan:
    """Plan a sync, and write nothing.

    Args:
        settings: of the sync.
        progress: told what is done.

    Raises:
        ConfigurationError: a setting is wrong.
        DataProcessingError: the source can't be read.

    """
    with tempfile.TemporaryDirectory() as memories:
        return (await SyncRun(settings, progress).planned(Path(memories))).plan
