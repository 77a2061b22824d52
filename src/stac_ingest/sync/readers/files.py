"""Files, each of which stands for itself: what comes out of one is known by the file's number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

from stac_ingest.errors import ConfigurationError, IngestError
from stac_ingest.ingest_loop import driven
from stac_ingest.sources.combined import one_of
from stac_ingest.strategies import load_strategy
from stac_ingest.summary import IngestSummary
from stac_ingest.sync.file_memory import remembered, selected
from stac_ingest.sync.files import KINDS_OF_FILES, OF_ITEMS, FilesTask, source_of_files
from stac_ingest.sync.plan import Task
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.readers.base import Outcome, Sink
from stac_ingest.sync.readers.numbered import NumberedItems
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.work import Work


class FilesReader:
    """Reads files by their places in the memory of the run."""

    def __init__(self, settings: SyncSettings) -> None:
        """Take the settings of the sync."""
        self._settings = settings

    async def read(self, task: Task, sink: Sink, progress: Progress) -> Outcome:
        """Read a stretch of the files. One that can't be read is a failure, and what is held of it stays.

        Raises:
            ConfigurationError: what the settings name isn't there any more.

        """
        what = FilesTask.model_validate(task.what)
        outcome = Outcome(failures=list(what.refused))
        if what.start == what.stop:
            return outcome
        memories = Work(self._settings, what.generation).memories
        files = remembered(memories)
        assert files is not None, "the plan has made it"
        files = files.taken(selected(memories)[what.start : what.stop])
        reading = _Reading(self._settings, Path(what.base), outcome, sink, progress)
        each = zip(files.column("kind").tolist(), files.names(), files.column("number").tolist(), strict=True)
        for kind, group in groupby(each, lambda one: one[0]):
            await reading.read(KINDS_OF_FILES[kind], {name: number for _, name, number in group})
        outcome.spared = sorted(reading.numbered.spared)
        outcome.notes += reading.summary.notes
        return outcome


class _Reading:
    """Hands on what is in files, with their numbers."""

    def __init__(self, settings: SyncSettings, base: Path, outcome: Outcome, sink: Sink, progress: Progress) -> None:
        self._config = config = settings.config
        self._base = base
        self._strategy = load_strategy(config.strategy)
        self.summary = IngestSummary(strategy=config.strategy, concurrency=config.workers)
        self.numbered = NumberedItems(config, self.summary, outcome, sink, progress)

    async def read(self, kind: str, numbers: dict[str, int]) -> None:
        """Read files of one kind; the numbers are by their names."""
        if kind == OF_ITEMS:
            await self._read(kind, list(numbers), numbers.__getitem__)
            return
        for name, number in numbers.items():
            await self._read(kind, [name], lambda _, number=number: number)  # type: ignore[misc] # of this one

    async def _read(self, kind: str, names: Sequence[str], number_of: Callable[[str], int]) -> None:
        try:
            source = source_of_files(self._base, kind, names, self._config, self.summary)
            decode = self.numbered.decoding(source)
            async with driven(source, self._strategy, self._config.workers) as batches:
                async for batch in batches:
                    for payload in batch:
                        self.numbered.hand_on(decode, one_of(batch, payload), number_of(payload.origin))
        except ConfigurationError:
            raise
        except (IngestError, OSError) as error:
            for name in names:
                self.numbered.fail(name, error, number_of(name))
