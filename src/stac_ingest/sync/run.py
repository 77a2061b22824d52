"""A sync from its beginning to its end. One that was killed goes on from the step that it was at."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stac_ingest.core.memory import give_back
from stac_ingest.core.text import counted
from stac_ingest.errors import DataProcessingError
from stac_ingest.sync.asked import asked_of, check_same, source_of
from stac_ingest.sync.at_once import read_all
from stac_ingest.sync.detectors import detector_named, detector_of
from stac_ingest.sync.detectors.base import Last, Settling
from stac_ingest.sync.handed_over import HandedOver, Renewal, hand_over
from stac_ingest.sync.index import Held, index_of, rebuilt
from stac_ingest.sync.journal import write_failures, write_journal
from stac_ingest.sync.lock import locked
from stac_ingest.sync.manifest import Counts, Partition, SyncManifest
from stac_ingest.sync.manifest_file import read_manifest
from stac_ingest.sync.merge import run_merge, unwritten
from stac_ingest.sync.parts import damaged_parts
from stac_ingest.sync.plan import SyncPlan, Task
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.publish import publish
from stac_ingest.sync.resolve import Resolved, resolve
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.sorted_entries import EntriesFile
from stac_ingest.sync.tasks import TaskReport, report_of, run_read_task
from stac_ingest.sync.verdict import judge
from stac_ingest.sync.wanted import wanted_tasks
from stac_ingest.sync.work import RunPlan, Work, digest_of

if TYPE_CHECKING:
    from stac_ingest.sync.store_copy import Copied, StoreCopy

_MUCH = 200_000
"""Items and ids that a process has read when a fresh one goes on. It takes as long to start as some thousand of them
take to be read."""


@dataclass(frozen=True, kw_only=True)
class SyncResult:
    """What a sync has come to."""

    manifest: SyncManifest
    requests: Counter[str]
    """By their kind."""
    notes: Sequence[str]
    copied: Copied | None
    """What the copy in an object store has come to, where one is kept."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing, as far as the source can tell."""
        return self.manifest.verdict != "truncated"


class Read(NamedTuple):
    """What was read."""

    planned: Sequence[Task]
    """The tasks of the plan."""
    wanted: Sequence[Task]
    """Those that are made of what they have named as wanted."""
    reports: Sequence[TaskReport]
    """Of both, in this order."""

    @property
    def tasks(self) -> Sequence[Task]:
        """All tasks, in the order of their reports."""
        return [*self.planned, *self.wanted]


class SyncRun:
    """The steps of one sync, each of which is done once, and again only where the run was killed in it.

    Attributes:
        manifest: of the last run; None before the first.
        generation: of this run.
        work: names its files.

    """

    def __init__(
        self,
        settings: SyncSettings,
        progress: Progress,
        *,
        is_of_jobs: bool = False,
        before: HandedOver | None = None,
    ) -> None:
        """Read what the last run left.

        Args:
            settings: of the sync.
            progress: told what is done.
            is_of_jobs: whether each step is a process of its own, so that to find what others did is no news.
            before: what the process knew before it went on as a fresh one, having read all; None where it did not.

        Raises:
            ConfigurationError: the output holds something else than the settings ask for; or the copy's URL, or the
                credentials for it, can't be used.

        """
        self._settings = settings
        self._progress = progress
        self._is_of_jobs = is_of_jobs
        self.manifest = read_manifest(settings.output)
        if self.manifest is not None:
            check_same(settings, self.manifest)
        self.generation = 1 if self.manifest is None else self.manifest.generation + 1
        self.work = Work(settings, self.generation)
        self._before = before
        self._came = 0
        """Items and ids that this process has read."""
        self._notes = [] if before is None else list(before.notes)
        self._copy = None if settings.copy_to is None else _copy(settings, progress)

    async def plan(self) -> RunPlan:
        """Return the plan of the run that was killed, or make one.

        Raises:
            ConfigurationError: there are no items where the settings point, or the copy is of something else.
            DataProcessingError: the source can't be read, or what is held, or the store of the copy.

        """
        if self._copy is not None and self._before is None:
            self._copy.check(self.manifest)
        found = self.work.plan()
        if found is not None:
            self._held()  # what is lost of it is made anew here, and then the plan doesn't go with it
        if found is None or found.rebuilt != rebuilt(self._settings):
            self._before = None
            self.work.begin()
            found = await self.planned(self.work.memories)
            self.work.keep_plan(found)
        elif not self._is_of_jobs and self._before is None:
            self._notes.append(found.going_on)
        return found

    async def planned(self, memories: Path, instead: Path | None = None) -> RunPlan:
        """Make a plan, and write nothing but what the detector remembers, and indexes that were lost.

        Args:
            memories: the folder of what the detector remembers.
            instead: a folder for such indexes; by default they take their places in the output.

        Raises:
            ConfigurationError, DataProcessingError: as `plan` does.

        """
        started_at = time.time()
        last = Last() if self.manifest is None else Held(self._settings, self.manifest, instead)
        plan = await detector_of(self._settings).plan(last, memories, self._progress)
        made_with = rebuilt(self._settings)
        return RunPlan(digest=digest_of(self._settings), started_at=started_at, plan=plan, rebuilt=made_with)

    async def read(self, plan: SyncPlan) -> Read:
        """Read the tasks, and then what these have named as wanted.

        Raises:
            ConfigurationError: the source isn't there any more.
            DataProcessingError: nothing of it can be read, or nothing can be written.

        """
        held = self._held()
        tasks = list(plan.tasks)
        await self._read(tasks, held)
        self._refuse_nothing(tasks)
        wanted = wanted_tasks(self._settings, self.work, tasks) if self._before is None else self._before.wanted
        await self._read(wanted, held)
        # Not kept while tasks are read: an object that lives on holds back the memory around it.
        return Read(tasks, wanted, self._reports([*tasks, *wanted]))

    async def _read(self, tasks: Sequence[Task], held: list[Path]) -> None:
        async def read(settings: SyncSettings, task: Task, progress: Progress) -> None:
            came = await run_read_task(settings, self.work, task, held, progress)
            self._came += came  # others have added to it meanwhile

        await read_all(self._settings, tasks, read, self._progress)

    def _reports(self, tasks: Sequence[Task]) -> list[TaskReport]:
        return [report_of(self.work, task.number) for task in tasks]

    def _refuse_nothing(self, tasks: Sequence[Task]) -> None:
        """Refuse to go on where there were problems, and nothing came of any task."""
        reports = self._reports(tasks)
        problems = [problem for report in reports for problem in report.problems]
        if problems and not any(one.items or one.unchanged or one.ids > one.resumed for one in reports):
            self._forget(tasks)
            raise DataProcessingError(problems[0])

    def _forget(self, tasks: Sequence[Task]) -> None:
        """Have another try ask again; a list of ids that was begun earlier still goes on from its place."""
        if not any(self.work.mark(task.number).exists() for task in tasks):
            shutil.rmtree(self.work.folder)
            return
        for task in tasks:
            self.work.outcome(task.number).unlink(missing_ok=True)

    def hand_over(self, read: Read, renew: Renewal, lock: int) -> None:
        """Go on in a fresh process if this one has read much. Returns where it has to go on itself.

        Args:
            read: what was read.
            renew: goes on there.
            lock: the number of the locked file.

        """
        if self._came >= _MUCH:
            hand_over(renew, self._settings, read.wanted, self._notes, lock)

    def resolve(self, read: Read) -> Resolved:
        """Find out what is to be done.

        Raises:
            DataProcessingError: the files of the run can't be read or written; or the source has nothing any more, and
                the settings don't allow that.

        """
        self._progress("comparing with the output", 0)
        give_back()  # what was read is on disk
        resolved = resolve(self._settings, self.work, read.tasks, read.reports, self._held())
        held = 0 if self.manifest is None else self.manifest.items
        is_empty = held and resolved.counts.gone >= held and not resolved.counts.added
        if is_empty and self._settings.gone == "remove" and not self._settings.allow_empty:
            shutil.rmtree(self.work.folder)  # another try is to ask again
            raise DataProcessingError(
                f"the source is empty, and {self._settings.output} holds {counted(held, 'item')}; nothing was removed. "
                "If the source is meant to be empty, give --allow-empty"
            )
        return resolved

    def merge(self, resolved: Resolved) -> dict[int, Partition | None]:
        """Write the parts of each partition in which something is added or dropped; None where nothing is left in it.

        Raises:
            DataProcessingError: they can't be written.

        """
        merged: dict[int, Partition | None] = {}
        for number in resolved.partitions:
            self._progress("writing partitions", len(merged) + 1)
            merged[number] = run_merge(self._settings, self.manifest, self.generation, number)
        return merged

    def publish(
        self, run: RunPlan, read: Read, resolved: Resolved, merged: Mapping[int, Partition | None]
    ) -> SyncResult:
        """Make the new manifest the one that readers go by, and bring the copy into step with it.

        Raises:
            DataProcessingError: it can't be written; or the copy can't, and the output is in step all the same.

        """
        plan, settings, before = run.plan, self._settings, self.manifest
        left = unwritten(settings, self.generation)
        self._settle(plan, read, {one.origin for one in left})
        partitions = {partition.number: partition for partition in (before.partitions if before else ())}
        for number, partition in merged.items():
            partitions.pop(number, None)
            if partition is not None:
                partitions[number] = partition
        held = [partitions[number] for number in sorted(partitions)]
        journals = [self.work.journal(number) for number in resolved.partitions]
        journal, counts = write_journal(settings.output, self.generation, journals)
        unwritten_items = [(one.id, one.error) for one in left]
        named = [failure for report in read.reports for failure in report.failures] + unwritten_items
        judged = judge(
            plan,
            read.reports,
            resolved,
            unwritten=[f"{what}: {why}" for what, why in unwritten_items],
            damaged=damaged_parts(settings.output, (part for partition in held for part in partition.parts)),
            items=self._there(plan, held),
        )
        manifest = SyncManifest(
            generation=self.generation,
            output=secrets.token_hex(8) if before is None or before.output is None else before.output,
            source=source_of(settings.config),
            asked=asked_of(settings),
            partition=settings.partition,
            verdict=judged.verdict,
            reason=judged.reason,
            items=sum(partition.items for partition in held),
            bytes=sum(part.bytes for partition in held for part in partition.parts),
            started_at=run.started_at,
            server_date=plan.server_date,
            unsettled=judged.unsettled,
            remembered=plan.remembered,
            memories=str(self.work.memories.relative_to(settings.state)),
            counts=Counts(
                added=counts["added"],
                changed=counts["changed"] + counts["moved"] + counts["returned"],
                moved=counts["moved"],
                gone=counts["gone"],
                returned=counts["returned"],
                unchanged=resolved.counts.unchanged,
                failures=sum(report.failed for report in read.reports) + len(left),
            ),
            journal=journal,
            failures=write_failures(settings.output, self.generation, named),
            partitions=held,
        )
        published = publish(settings, before, manifest)
        copied = None if self._copy is None else self._copy.update(published)
        notes = [*self._notes, *_notes(plan, read.reports)]
        return SyncResult(manifest=manifest, requests=_requests(plan, read.reports), notes=notes, copied=copied)

    def copied(self) -> Copied | None:
        """Bring the copy, where one is kept, into step with what was published.

        Raises:
            ConfigurationError, DataProcessingError: as `StoreCopy.update` does.

        """
        return None if self._copy is None or self.manifest is None else self._copy.update(self.manifest)

    def _there(self, plan: SyncPlan, held: Sequence[Partition]) -> int:
        """Count the items that the source has, as far as that is known."""
        items = sum(partition.items for partition in held)
        if plan.matched is None or self._settings.gone == "remove":
            return items
        files = (EntriesFile(index_of(self._settings, partition)) for partition in held)
        return sum(int((~entries["is_gone"]).sum()) for file in files for _, entries in file.blocks())

    def _settle(self, plan: SyncPlan, read: Read, origins: set[int]) -> None:
        """Have the detector remember what it has to look at again."""
        detector = detector_named(plan.detector, self._settings)
        if not isinstance(detector, Settling):
            return
        pairs = list(zip(read.tasks, read.reports, strict=True))
        unread = {task.number for task, report in pairs if report.problems}
        unsure = origins.union(*(report.spared for report in read.reports))
        try:
            detector.settle(plan, self.work.memories, unread, unsure, self.work.copies)
        except OSError as error:
            raise DataProcessingError(f"can't write to {self.work.memories}: {error.strerror or error}") from error

    def _held(self) -> list[Path]:
        """Return the files of what each partition holds. One that was lost is made anew."""
        if self.manifest is None:
            return []
        return [index_of(self._settings, partition) for partition in self.manifest.partitions]


def _copy(settings: SyncSettings, progress: Progress) -> StoreCopy:
    from stac_ingest.sync.store_copy import StoreCopy  # noqa: PLC0415 - needs an extra of the package

    return StoreCopy(settings, progress)


def run_sync(
    settings: SyncSettings,
    progress: Progress = lambda *_: None,
    *,
    renew: Renewal | None = None,
    before: HandedOver | None = None,
) -> SyncResult:
    """Bring an output into step with its source.

    Args:
        settings: what is kept in step with what, and how.
        progress: told what is done.
        renew: goes on in a fresh process when much was read, where the process may do so.
        before: what it was handed over there.

    Raises:
        ConfigurationError: a setting is wrong, or another sync is at work. Nothing was changed.
        DataProcessingError: the source can't be read, or the output can't be written. What readers see is as it was.

    """
    read_manifest(settings.output)  # refuses a folder of something else before anything is written there
    with locked(settings, None if before is None else before.lock) as lock:
        run = SyncRun(settings, progress, before=before)
        return finish(run, lambda read: None if renew is None else run.hand_over(read, renew, lock))


def finish(run: SyncRun, when_read: Callable[[Read], None] = lambda _: None) -> SyncResult:
    """Do all steps of a run that aren't done yet. Nobody else may be at work on it.

    Args:
        run: that is under way.
        when_read: called when all is read.

    Raises:
        ConfigurationError, DataProcessingError: as `run_sync` does.

    """
    plan, read = asyncio.run(_plan_and_read(run))
    when_read(read)
    resolved = run.resolve(read)
    return run.publish(plan, read, resolved, run.merge(resolved))


async def _plan_and_read(run: SyncRun) -> tuple[RunPlan, Read]:
    plan = await run.plan()
    return plan, await run.read(plan.plan)


def plan_only(settings: SyncSettings, progress: Progress = lambda *_: None) -> SyncPlan:
    """Plan a sync, and write nothing to the output.

    Args:
        settings: of the sync.
        progress: told what is done.

    Raises:
        ConfigurationError: a setting is wrong.
        DataProcessingError: the source can't be read.

    """
    with tempfile.TemporaryDirectory() as memories, tempfile.TemporaryDirectory() as indexes:
        return asyncio.run(SyncRun(settings, progress).planned(Path(memories), Path(indexes))).plan


def _requests(plan: SyncPlan, reports: Sequence[TaskReport]) -> Counter[str]:
    requests = Counter({"planning": plan.requests} if plan.requests else {})
    for report in reports:
        requests.update(report.requests)
    return requests


def _notes(plan: SyncPlan, reports: Sequence[TaskReport]) -> list[str]:
    notes = [*plan.notes, *(note for report in reports for note in report.notes)]
    if same := sum(len(report.unchanged) for report in reports):
        said = counted(same, "document has the version", "documents have the versions")
        notes.append(f"{said} of the last run, and {'was' if same == 1 else 'were'} not read")
    if count := sum(report.unversioned for report in reports):
        said = counted(count, "document", "documents")
        notes.append(f"{said} came without a version that tells the content, and will be read by the next run as well")
    return list(dict.fromkeys(notes))
