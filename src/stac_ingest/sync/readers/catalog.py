"""Documents of a static catalog: those that have changed are read, and those that may have."""

from __future__ import annotations

from stac_ingest.errors import ConfigurationError, IngestError
from stac_ingest.ingest_loop import driven
from stac_ingest.sources import catalog_root
from stac_ingest.sources.catalog.listed import ListedDocuments
from stac_ingest.sources.catalog.payloads import Linked
from stac_ingest.sources.catalog.readers import make_reader, scheme_of
from stac_ingest.sources.combined import one_of
from stac_ingest.strategies import load_strategy
from stac_ingest.summary import IngestSummary
from stac_ingest.sync.catalogs.memory import planned, save_versions
from stac_ingest.sync.catalogs.task import DocumentsTask
from stac_ingest.sync.file_memory import FileTable
from stac_ingest.sync.plan import Task
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.readers.base import Outcome, Sink
from stac_ingest.sync.readers.numbered import NumberedItems
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.work import Work


class DocumentsReader:
    """Reads documents by their places in the memory of the run."""

    def __init__(self, settings: SyncSettings) -> None:
        """Take the settings of the sync."""
        self._settings = settings

    async def read(self, task: Task, sink: Sink, progress: Progress) -> Outcome:
        """Read a stretch of the documents. One that can't be read is a failure, and what is held of it stays.

        Raises:
            ConfigurationError: the catalog isn't there any more.
            OSError: the versions can't be written.

        """
        what = DocumentsTask.model_validate(task.what)
        outcome = Outcome(failures=list(what.refused))
        if what.start == what.stop:
            return outcome
        work = Work(self._settings, what.generation)
        table = FileTable(planned(work.memories).table.slice(what.start, what.stop - what.start))
        reading = _Reading(self._settings, table, outcome, sink, progress)
        versions = await reading.read()
        save_versions(work.versions(task.number), versions)
        return outcome


class _Reading:
    """Hands on what is in documents, with their numbers."""

    def __init__(
        self, settings: SyncSettings, table: FileTable, outcome: Outcome, sink: Sink, progress: Progress
    ) -> None:
        self._config = settings.config
        self._links = table.names()
        self._numbers = dict(zip(self._links, table.column("number").tolist(), strict=True))
        versions = zip(self._links, table.texts("version"), strict=True)
        self._known = {link: version for link, version in versions if version}
        self._outcome = outcome
        self._summary = IngestSummary(strategy=settings.config.strategy, concurrency=settings.config.workers)
        self._numbered = NumberedItems(settings.config, self._summary, outcome, sink, progress)

    async def read(self) -> list[str]:
        """Read the documents; return their versions."""
        config, outcome, summary = self._config, self._outcome, self._summary
        root = catalog_root(config, summary)
        if root is None:
            raise ConfigurationError(f"source: {config.source} is no static catalog any more")
        source = ListedDocuments(make_reader(root, config, summary), self._links, self._known, config, summary)
        decode = self._numbered.decoding(source)
        try:
            async with driven(source, load_strategy(config.strategy), config.workers) as batches:
                async for batch in batches:
                    assert isinstance(batch, Linked), "see `ListedDocuments`"
                    for link, payload in zip(batch.links, batch, strict=True):
                        self._numbered.hand_on(decode, one_of(batch, payload), self._numbers[link])
        except ConfigurationError:
            raise
        except IngestError as error:
            outcome.problems.append(str(error))
        outcome.spared = sorted(self._numbered.spared)
        outcome.unchanged = sorted(self._numbers[link] for link in source.same)
        if scheme_of(root):
            outcome.unversioned = sum(not version for version in source.versions.values())
        if summary.requests:
            outcome.requests["documents"] = summary.requests
        outcome.notes += summary.notes
        versions = source.versions | {link: self._known[link] for link in source.same}
        return [versions.get(link, "") for link in self._links]
