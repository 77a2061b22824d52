"""Files: those whose name, size or time the last run didn't see are read, and no others."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stac_ingest.core.distinct import are_in
from stac_ingest.core.text import counted
from stac_ingest.errors import DataProcessingError
from stac_ingest.summary import IngestSummary
from stac_ingest.sync.copies import files_with_copies, keep_before, no_copies, remembered_copies, settle_copies
from stac_ingest.sync.detectors.base import Last
from stac_ingest.sync.detectors.origins import NEXT, any_of_unknown_origin, next_number
from stac_ingest.sync.file_changes import FileChanges
from stac_ingest.sync.file_memory import UNSURE, look_at, remembered, save_selection, selected, stretches
from stac_ingest.sync.files import FilesTask, files_of
from stac_ingest.sync.plan import Covered, SyncPlan, Task
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.settings import SyncSettings

_ITEM_BYTES = 8192
"""About how many bytes of a file are an item, of a file of many."""


class FilesDetector:
    """Compares the names, sizes and times of the files with those of the last run."""

    def __init__(self, settings: SyncSettings) -> None:
        """Take the settings of the sync."""
        self._settings = settings
        self._config = settings.config

    async def plan(self, last: Last, memories: Path, progress: Progress) -> SyncPlan:
        """Plan to read new and changed files, and those that have copies of what is in changed ones.

        Raises:
            ConfigurationError: what the settings name is missing, or its files don't go together.
            DataProcessingError: there are none, or the folder can't be read.

        """
        try:
            return await asyncio.to_thread(self._plan, last, memories, progress)
        except OSError as error:
            raise DataProcessingError(f"can't write to {memories}: {error.strerror or error}") from error

    def settle(
        self, plan: SyncPlan, memories: Path, unread: Collection[int], unsure: Collection[int], copies: Path
    ) -> None:
        """Note which files have to be read again, and which have copies of items.

        The arguments are those of `Settling`.

        Raises:
            OSError: it can't be written.

        """
        files = remembered(memories)
        assert files is not None, "the plan has made it"
        numbers, times, places = files.column("number"), files.column("time").copy(), selected(memories)
        is_read = np.zeros(len(files), bool)
        is_read[places] = True
        is_unsure = are_in(numbers, np.array([*unsure], np.int64))
        for task in plan.tasks:
            what = FilesTask.model_validate(task.what)
            if task.number in unread:
                is_unsure[places[what.start : what.stop]] = True
        times[is_unsure] = UNSURE
        files.replaced("time", times).save(memories)
        settle_copies(memories, numbers[~is_read | is_unsure], np.load(copies))

    def _plan(self, last: Last, memories: Path, progress: Progress) -> SyncPlan:
        summary = IngestSummary()
        # Before the names are read: what changes from now on counts as changed in the next run, too.
        now_ns = time.time_ns()
        progress("listing files", 0)
        source = files_of(self._config, summary)
        files = look_at(source, now_ns, lambda count: progress("looking at files", count))
        changes = FileChanges(files, remembered(last.remembered_folder), source, next_number(last))
        copies = remembered_copies(last.remembered_folder)
        is_known = changes.compared and not any_of_unknown_origin(last, _known_numbers(changes))
        is_lost = bool(last.generation) and (copies is None or not is_known)
        everything = self._settings.verify or not changes.compared or is_lost
        copies = no_copies() if copies is None else copies
        is_read = changes.is_there if everything else changes.is_changed
        if not everything:
            numbers = changes.files.column("number")
            away = np.concatenate([numbers[is_read], changes.gone])
            is_read = is_read | are_in(numbers, files_with_copies(copies, last.held(), away))
        changes.files.save(memories)
        keep_before(memories, copies)
        save_selection(memories, np.flatnonzero(is_read))
        notes = list(summary.notes)
        if is_lost:
            notes.append("the state of the files is lost, so all of them are read")
        if left := int(changes.is_there.sum() - is_read.sum()):
            notes.append(f"{counted(left, 'file was', 'files were')} skipped: size and time are those of the last run")
        return SyncPlan(
            generation=last.generation + 1,
            detector="files",
            tasks=list(self._tasks(last, changes, is_read, everything=everything, by_file=not is_lost)),
            remembered={NEXT: changes.next_number},
            notes=notes,
        )

    def _tasks(
        self, last: Last, changes: FileChanges, is_read: NDArray[np.bool_], *, everything: bool, by_file: bool
    ) -> Iterator[Task]:
        """Yield tasks for the files that are read, for those that are gone, and for those that can't be read."""
        count = itertools.count()
        run = FilesTask(generation=last.generation + 1, base=str(changes.base))
        whole = [Covered(undated=True, by_file=by_file)] if everything and last.generation else []
        places = np.flatnonzero(is_read)
        numbers, sizes = changes.files.column("number")[places], changes.files.column("size")[places]
        is_known = changes.is_known[places]
        for part in stretches(1 + sizes // _ITEM_BYTES, self._settings.task_items):
            known = numbers[part.start : part.stop][is_known[part.start : part.stop]]
            covers = whole or ([Covered(origins=known.tolist())] if len(known) else [])
            what = run.model_copy(update={"start": part.start, "stop": part.stop})
            yield _task(next(count), what, covers)
        if len(changes.gone) and not everything:
            yield _task(next(count), run, [Covered(origins=changes.gone.tolist())])
        if changes.refused:
            refused = FilesTask(generation=run.generation, base=run.base, refused=changes.refused)
            yield _task(next(count), refused, whole)


def _task(number: int, what: FilesTask, covers: list[Covered]) -> Task:
    return Task(number=number, reader="files", what=what.model_dump(), covers=covers)


def _known_numbers(changes: FileChanges) -> NDArray[np.int64]:
    return np.concatenate([changes.files.column("number")[changes.is_known], changes.gone])
