"""What all repairs have in common."""

from __future__ import annotations

import logging
import os
import shutil
from array import array
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from stac_ingest.audit.compare import Audit, State
from stac_ingest.audit.side import RepeatedItems
from stac_ingest.checkpoints.journal import forget_items
from stac_ingest.checkpoints.records import Records
from stac_ingest.config import IngestConfig
from stac_ingest.context import WorkflowContext
from stac_ingest.core.atomic import sync_to_disk
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.model import Item
from stac_ingest.errors import ConfigurationError, DataProcessingError, IngestError
from stac_ingest.failures import Failure, FailureCollector
from stac_ingest.module import IngestModule
from stac_ingest.outputs import OutputFormat
from stac_ingest.outputs.base import BatchedOutput
from stac_ingest.pipeline import PipelineResult, run_pipeline

HIDDEN = ".audit"
"""The folder in which files are made before they get their names."""
DAMAGED = ".damaged"
"""How the name of a copy of a file ends that couldn't be read whole; it begins with a dot."""
_QUIET = logging.getLogger("stac_ingest.audit")


@dataclass
class Repaired:
    """What a repair has done."""

    added: int = 0
    replaced: int = 0
    removed: int = 0
    """Extra items, and further copies of items."""
    failures: list[Failure] = field(default_factory=list)
    """Items that can't be written in the output's format."""
    damaged: list[str] = field(default_factory=list)
    """Names of the copies of files that couldn't be read whole."""


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


class Decisions:
    """What becomes of each item that the output holds, which of its files there may be several of."""

    def __init__(self, audit: Audit, done: Repaired, *, remove_extra: bool) -> None:
        self._audit = audit
        self._done = done
        # What couldn't be read of the source may be just what seems to be extra.
        self._remove_extra = remove_extra and audit.source.is_whole
        self._files = array("L", bytes(array("L").itemsize * len(audit.held)))
        """By the item's place in the ledger, the number of the file that keeps it, from 1 on."""

    def touches(self, keys: Sequence[Key], file: int) -> bool:
        """Whether any of a file's items is replaced or removed. Files come in the order in which they are read.

        Args:
            keys: of all of its items.
            file: its number, from 1 on.

        """
        touched = [self._is_touched(key, file) for key in keys]  # each of them takes note of the item
        return any(touched) or len(set(keys)) < len(keys)

    def decide(self, item: Item, file: int = 1) -> Item | None:
        """Return what is to be in the place of an item of a file, each of whose items comes once; None for nothing."""
        key = key_of(item)
        place = self._audit.place_of(key)
        if place is None:
            return item  # the filters left it out, or it came meanwhile
        self._files[place] = self._files[place] or file
        if self._files[place] != file or self._is_removed(place):
            self._done.removed += 1
            return None
        if self._audit.states[place] != State.DIFFERENT:
            return item
        self._done.replaced += 1
        return self._audit.differing.item(key)

    def _is_touched(self, key: Key, file: int) -> bool:
        place = self._audit.place_of(key)
        if place is None:
            return False
        self._files[place] = self._files[place] or file
        is_different = self._audit.states[place] == State.DIFFERENT
        return self._files[place] != file or is_different or self._is_removed(place)

    def _is_removed(self, place: int) -> bool:
        return self._remove_extra and self._audit.states[place] == State.UNSEEN


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
