"""What all repairs have in common."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from stac_ingest.audit.compare import Audit
from stac_ingest.audit.repair.decisions import Repaired
from stac_ingest.audit.side import RepeatedItems
from stac_ingest.checkpoints.journal import forget_items
from stac_ingest.checkpoints.records import Records
from stac_ingest.config import IngestConfig
from stac_ingest.context import WorkflowContext
from stac_ingest.core.atomic import sync_to_disk
from stac_ingest.core.id_set import Key
from stac_ingest.core.model import Item
from stac_ingest.errors import ConfigurationError, DataProcessingError, IngestError
from stac_ingest.failures import FailureCollector
from stac_ingest.module import IngestModule
from stac_ingest.outputs import OutputFormat
from stac_ingest.outputs.base import BatchedOutput
from stac_ingest.pipeline import PipelineResult, run_pipeline

HIDDEN = ".audit"
"""The folder in which files are made before they get their names."""
DAMAGED = ".damaged"
"""How the name of a copy of a file ends that couldn't be read whole; it begins with a dot."""
_QUIET = logging.getLogger("stac_ingest.audit")


class Repairer(Protocol):
    """Repairs outputs of one format."""

    async def repair(self, audit: Audit, *, remove_extra: bool) -> Repaired:
        """Bring the output into step with the source.

        Args:
            audit: that has compared the two, and has kept the source's items.
            remove_extra: whether items go that the source hasn't got.

        Raises:
            DataProcessingError: the output can't be written.

        """

    def go_on(self) -> None:
        """End what was killed while files took their places, before the output is compared.

        Raises:
            ConfigurationError: something would be written through a link.
            DataProcessingError: the folder can't be written to.

        """

    def clear(self) -> None:
        """Remove what a killed repair has left."""


class FileRepairer:
    """Writes files of an output anew, in a hidden folder of it, and gives them their names."""

    def __init__(self, folder: Path, output: OutputFormat, records: Path | None) -> None:
        """Repair an output.

        Args:
            folder: that the command was given.
            output: its format.
            records: the folder of its checkpoints; None where it has none.

        """
        self.folder = folder
        self.hidden = folder / HIDDEN
        self.output = output
        self._records = records

    def go_on(self) -> None:
        """Do nothing: every step is done at once."""

    def begin(self) -> None:
        """Remove what a killed repair has left, and have the records of earlier runs know nothing.

        Raises:
            DataProcessingError: the folder can't be written to.

        """
        with writing(self.folder):
            self.clear()
            if self._records is not None:
                forget_items(self._records)

    def clear(self) -> None:
        """Remove the hidden folder."""
        if self.hidden.exists():
            shutil.rmtree(self.hidden)

    async def write(
        self, items: AsyncIterator[Item], output: BatchedOutput[Any], done: Repaired, records: Records | None = None
    ) -> list[Path]:
        """Write items to files that are whole and on disk.

        Args:
            items: to write.
            output: to write them to.
            done: takes what can't be written.
            records: told of what is written; where they know nothing, what is there stays.

        Returns:
            Their paths. An item that can't be written is among the failures, and not in the files.

        Raises:
            DataProcessingError: they can't be written.

        """
        failures = FailureCollector()
        context = WorkflowContext(logger=_QUIET, failure_collector=failures, checkpoints=records)
        result = await run_pipeline(_Items(items), [], output, context, result=PipelineResult())
        done.failures += failures.get_all()
        paths = [Path(path) for path in result.manifest.get("paths", ())]
        with writing(self.folder):
            for path in paths:
                sync_to_disk(path)
        return paths

    async def read(self, path: Path, done: Repaired, unreadable: Callable[[], None]) -> AsyncGenerator[Item]:
        """Yield the items of one file as far as it can be read, each once.

        Args:
            path: of the file.
            done: counts further copies of items as removed.
            unreadable: called where not all of it can be read.

        """

        def repeated(_: Key) -> None:
            done.removed += 1

        failures = FailureCollector()
        context = WorkflowContext(logger=_QUIET, failure_collector=failures, changes=RepeatedItems(repeated))
        try:
            config = IngestConfig(mode="file", source=str(path), exact_numbers=True)
            async with aclosing(IngestModule(config).fetch(context)) as stream:
                async for item in stream:
                    yield item
        except ConfigurationError:
            raise
        except IngestError:
            unreadable()
            return
        if failures.get_all():
            unreadable()

    def put(self, new: Path | None, name: Path, done: Repaired, *, damaged: bool = False) -> None:
        """Give a new file, where there is one, the name of the old one; of a damaged one a hidden copy stays.

        Raises:
            DataProcessingError: the folder can't be written to.

        """
        with writing(self.folder):
            if damaged:
                self.keep_damaged(name, done)
            if new is None:
                name.unlink()
            else:
                new.replace(name)
            sync_to_disk(name.parent)

    @staticmethod
    def keep_damaged(path: Path, done: Repaired) -> None:
        """Give a file a second name, a hidden one."""
        copy = path.with_name(f".{path.name}{DAMAGED}")
        copy.unlink(missing_ok=True)
        os.link(path, copy)
        done.damaged.append(copy.name)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn errors of the operating system into a `DataProcessingError` that names the folder."""
    try:
        yield
    except OSError as error:
        raise DataProcessingError(f"can't write to {folder}: {error.strerror or error}") from error


class _Items:
    """A fetcher of items that are at hand."""

    delivers_once = True

    def __init__(self, items: AsyncIterator[Item]) -> None:
        self._items = items

    def fetch(self, context: WorkflowContext) -> AsyncIterator[Item]:  # noqa: ARG002 - as fetchers are called
        """Yield them."""
        return self._items


async def one_by_one(items: Iterable[Item]) -> AsyncGenerator[Item]:
    """Yield items as a fetcher does."""
    for item in items:
        yield item
