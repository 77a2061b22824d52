"""A static catalog: its links say what is new and gone, and the versions of its documents what has changed."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from stac_ingest.core.distinct import are_in
from stac_ingest.core.text import counted
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sources import catalog_root
from stac_ingest.sources.catalog.readers import make_reader, scheme_of
from stac_ingest.summary import IngestSummary
from stac_ingest.sync.catalogs.memory import (
    Documents,
    compared,
    planned,
    remembered,
    save_planned,
    settle,
    without_versions,
)
from stac_ingest.sync.catalogs.structure import KeptStructure
from stac_ingest.sync.catalogs.task import DocumentsTask
from stac_ingest.sync.catalogs.walk import walk
from stac_ingest.sync.copies import keep_before, no_copies, remembered_copies, settle_copies
from stac_ingest.sync.detectors.base import Last
from stac_ingest.sync.detectors.origins import NEXT, any_of_unknown_origin, next_number
from stac_ingest.sync.plan import Covered, SyncPlan, Task
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.work import Work

NO_VERSION = "no version that tells its content (an ETag, or a Last-Modified that is an hour old)"
OF_SERVERS = 2000
"""Documents of a task, each of which is a request: a task that is killed begins anew."""


class CatalogDetector:
    """Walks the catalog, and compares the links to items with those of the last run."""

    def __init__(self, settings: SyncSettings) -> None:
        """Take the settings of the sync."""
        self._settings = settings
        self._config = settings.config

    async def plan(self, last: Last, memories: Path, progress: Progress) -> SyncPlan:
        """Plan to look at all documents of items. What has a version is read only if that has changed.

        Raises:
            ConfigurationError: the catalog isn't there.
            DataProcessingError: nothing of it can be read, or nothing can be written.

        """
        try:
            return await self._plan(last, memories, progress)
        except OSError as error:
            raise DataProcessingError(f"can't write to {memories}: {error.strerror or error}") from error

    def settle(
        self, plan: SyncPlan, memories: Path, unread: Collection[int], unsure: Collection[int], copies: Path
    ) -> None:
        """Note which versions the documents have, and which of them have copies of items.

        The arguments are those of `Settling`.

        Raises:
            OSError: it can't be written.

        """
        work = Work(self._settings, plan.generation)
        stretches = [
            (what.start, what.stop, None if task.number in unread else work.versions(task.number))
            for task in plan.tasks
            if (what := DocumentsTask.model_validate(task.what)).start < what.stop
        ]
        numbers = planned(memories).column("number")
        is_unsure = are_in(numbers, np.array([*unsure], np.int64))
        settle(memories, stretches, is_unsure)
        # Documents with copies are read in each run; of those that could not be read, what was known stays.
        for start, stop, versions in stretches:
            is_unsure[start:stop] |= versions is None
        is_unsure[max((stop for _, stop, _ in stretches), default=0) :] = True
        settle_copies(memories, numbers[is_unsure], np.load(copies))

    async def _plan(self, last: Last, memories: Path, progress: Progress) -> SyncPlan:
        summary = IngestSummary()
        root = catalog_root(self._config, summary)
        if root is None:
            raise ConfigurationError(f"source: {self._config.source} is no static catalog any more")
        before = remembered(last.remembered_folder)
        copies = remembered_copies(last.remembered_folder)
        is_known = before is not None and not any_of_unknown_origin(last, before.column("number"))
        is_lost = bool(last.generation) and (copies is None or not is_known)
        everything = self._settings.verify or is_lost or before is None
        kept_folder = None if everything else last.remembered_folder
        reader = KeptStructure(make_reader(root, self._config, summary), kept_folder, memories)
        found = await walk(reader, self._config, summary, progress)
        if found.refused and not found.links.count:
            name, why = found.refused[0]
            raise DataProcessingError(f"{name}: {why}")
        reader.save()
        documents = compared(found.links.distinct(), before, next_number(last), is_whole=not found.refused)
        copies = no_copies() if copies is None else copies
        numbers = documents.table.column("number")
        # What else a changed document held isn't known before it is read, so its copies are read as well.
        read_anyway = np.ones(len(numbers), bool) if everything else are_in(numbers, copies["origin"])
        save_planned(memories, without_versions(documents.table, read_anyway))
        keep_before(memories, copies)
        notes = list(summary.notes)
        if is_lost:
            notes.append("what was known of the catalog's documents is lost, so all of them are read")
        if reader.confirmed:
            said = counted(reader.confirmed, "catalog or collection has", "catalogs and collections have")
            notes.append(f"{said} the version of the last run, and came from what was kept then")
        if reader.unversioned and scheme_of(root):
            said = counted(reader.unversioned, "catalog or collection has", "catalogs and collections have")
            notes.append(f"{said} {NO_VERSION}, so each run reads it")
        return SyncPlan(
            generation=last.generation + 1,
            detector="catalog",
            tasks=list(self._tasks(last, documents, found.refused, root, everything=everything, by_file=not is_lost)),
            remembered={NEXT: documents.next_number},
            requests=summary.requests,
            notes=notes,
        )

    def _tasks(
        self,
        last: Last,
        documents: Documents,
        refused: list[tuple[str, str]],
        root: str,
        *,
        everything: bool,
        by_file: bool,
    ) -> Iterator[Task]:
        """Yield tasks for the documents that are there, for those that are gone, and for what can't be followed."""
        count = itertools.count()
        run = DocumentsTask(generation=last.generation + 1)
        whole = [Covered(undated=True, by_file=by_file)] if everything and last.generation else []
        there, numbers = len(documents.is_known), documents.table.column("number")
        most = self._settings.task_items
        most = min(most, OF_SERVERS) if scheme_of(root) else most
        for start in range(0, there, most):
            stop = min(start + most, there)
            known = numbers[start:stop][documents.is_known[start:stop]]
            covers = whole or ([Covered(origins=known.tolist())] if len(known) else [])
            yield _task(next(count), run.model_copy(update={"start": start, "stop": stop}), covers)
        if not everything and len(documents.gone):
            yield _task(next(count), run, [Covered(origins=documents.gone.tolist())])
        if whole and not there:
            yield _task(next(count), run, whole)
        if refused:
            yield _task(next(count), DocumentsTask(generation=run.generation, refused=refused), whole)


def _task(number: int, what: DocumentsTask, covers: list[Covered]) -> Task:
    return Task(number=number, reader="documents", what=what.model_dump(), covers=covers)
