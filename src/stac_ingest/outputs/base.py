"""What the outputs have in common: batches, written by a thread while the next one gathers."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

import orjson

from stac_ingest.changes import ChangeCollector
from stac_ingest.core.finite import may_not_be_finite, with_finite_numbers
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.json_items import parse_leniently
from stac_ingest.core.long_numbers import has_long_number
from stac_ingest.core.model import Item, Position
from stac_ingest.core.rows import AsLines, Rows
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.failures import of_collection
from stac_ingest.outputs.directory import OutputFolder

if TYPE_CHECKING:
    from stac_ingest.checkpoints.positions import SourcePositions
    from stac_ingest.checkpoints.records import Records
    from stac_ingest.context import WorkflowContext
    from stac_ingest.failures import FailureCollector

Entry = TypeVar("Entry")
T = TypeVar("T")


class BatchedOutput(ABC, Generic[Entry]):
    """Gathers encoded items and writes them batch by batch, in order, at most one batch behind.

    Without checkpoints nothing promises that an item is on disk before `finalize` returns, so nothing waits for the
    disk before. With them, an item is marked completed when its bytes are on disk.
    """

    marks_completed = True
    as_lines: AsLines = False

    def __init__(self, folder: str | PathLike[str], *, batch_items: int, batch_bytes: int | None = None) -> None:
        self._folder_path = folder
        self._folder: OutputFolder | None = None
        self._checkpoints: Records | None = None
        self._positions: SourcePositions | None = None
        self._changes = ChangeCollector()
        self._collection_documents: Mapping[str, Any] = {}
        self._batch_items = batch_items
        self._batch_bytes = batch_bytes if batch_bytes is not None else 1 << 62
        self._batch: list[Entry] = []
        self._size = 0
        self._writing: asyncio.Task[None] | None = None
        self._failed: Callable[[Item, Exception], None] = _raise

    @property
    def folder(self) -> OutputFolder:
        """The open folder."""
        assert self._folder is not None, "start comes first"
        return self._folder

    async def start(self, context: WorkflowContext) -> None:
        """Open the folder, and bring what an earlier run left into step with the checkpoint.

        Args:
            context: its `checkpoints` and `positions`, where it has any, are kept in step with the output.

        Raises:
            ConfigurationError: the folder can't be used, or holds something else than the checkpoint says.
            DataProcessingError: what an earlier run left can't be read.

        """
        if self._folder is not None:
            return
        self._checkpoints = getattr(context, "checkpoints", None)
        self._positions = getattr(context, "positions", None)
        self._changes = getattr(context, "changes", None) or self._changes
        self._collection_documents = getattr(context, "collections", self._collection_documents)
        self._failed = _failure_reporter(context)
        self._folder = await asyncio.to_thread(self._open_folder)
        known = self._checkpoints is not None and self._checkpoints.completed_count > 0
        await self._in_thread(lambda: self._open(resume=known or self._records_lost))

    async def bundle(self, item: Item, context: WorkflowContext) -> None:
        """Take one item. It is on disk some batches later.

        Args:
            item: is encoded before this returns.
            context: starts the output where `start` was not called.

        Raises:
            ItemError: the item can't be written in this format.
            DataProcessingError: the folder can't be written to.

        """
        if self._folder is None:
            await self.start(context)
        if self._positions is not None and not self._batch:
            await self._note_resumed()
        entry, size = self._encode(item)
        self._batch.append(entry)
        self._size += size
        if self._is_full:
            await self._hand_over()

    async def bundle_rows(self, rows: Rows) -> list[tuple[Item, ItemError]]:
        """Take a batch of items.

        Args:
            rows: in any form, once the output was started.

        Returns:
            Each item that can't be written in this format, with the reason.

        Raises:
            DataProcessingError: the folder can't be written to.

        """
        return await self._take(rows.items(), self._encode)

    async def _take(
        self, items: Iterable[Any], encode: Callable[[Any], tuple[Entry, int]]
    ) -> list[tuple[Item, ItemError]]:
        failed = []
        for item in items:
            if self._positions is not None and not self._batch:
                await self._note_resumed()
            try:
                entry, size = encode(item)
            except ItemError as error:
                failed.append((item, error))
                continue
            self._batch.append(entry)
            self._size += size
            if self._is_full:
                await self._hand_over()
        return failed

    async def finalize(self, context: WorkflowContext) -> dict[str, Any]:
        """Write what is left, give the files their names, and close the folder.

        Args:
            context: starts the output where no item came.

        Returns:
            `items`: how many items are in the output; `bytes`: the size of what this run wrote; `paths`: the files, as
            str.

        Raises:
            DataProcessingError: the folder can't be written to.

        """
        await self.start(context)
        await self._hand_over()
        await self._finish_writing()
        manifest = await self._in_thread(self._finish)
        await self.close()
        return manifest

    async def close(self) -> None:
        """Wait for the batch under way and close the folder; what is not written yet is left out."""
        if self._folder is None:
            return
        try:
            if self._writing is not None:
                await asyncio.wait([self._writing])
                self._writing.exception()  # seen already where it matters; asking keeps asyncio from reporting it
                self._writing = None
        finally:
            self._release()
            self.folder.close()
            self._folder = None

    @property
    def _is_full(self) -> bool:
        return self._size >= self._batch_bytes or len(self._batch) >= self._batch_items

    async def _hand_over(self) -> None:
        batch, self._batch, self._size = self._batch, [], 0
        await self._finish_writing()
        if batch:
            positions = [] if self._positions is None else self._positions.take()
            self._writing = asyncio.create_task(self._in_thread(partial(self._write_batch, batch, positions)))

    async def _note_resumed(self) -> None:
        """Note what an earlier run had written when nothing else waits: else it would add up from kill to kill."""
        writing = self._writing
        idle = writing is None or (writing.done() and writing.exception() is None)
        if idle and self._positions is not None and (positions := self._positions.take()):
            await self._in_thread(partial(self._write_batch, [], positions))

    async def _finish_writing(self) -> None:
        if self._writing is not None:
            # A thread can't be cancelled: `close` must still find the batch that it is writing.
            await asyncio.shield(self._writing)
            self._writing = None

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Return what work on the disk returns, done in a thread; an error of the system names the folder."""

        def guarded() -> T:
            with self.folder.writing():
                return work()

        return await asyncio.to_thread(guarded)

    @property
    def _known(self) -> Records:
        """The checkpoint of a run that has one."""
        assert self._checkpoints is not None, "only a run with a checkpoint is resumed"
        return self._checkpoints

    @property
    def _records_lost(self) -> bool:
        """Whether the checkpoint was damaged, or says ids alone: then the output itself has to say what is in it."""
        return bool(getattr(self._checkpoints, "set_aside", ())) or getattr(self._checkpoints, "earlier_layout", False)

    def _open_folder(self) -> OutputFolder:
        return OutputFolder(self._folder_path)

    def _write_batch(self, batch: list[Entry], positions: list[Position]) -> None:
        if batch:
            self._write(batch)
        if positions:
            self._note(positions)

    def _note(self, positions: list[Position]) -> None:
        """Note the positions of what was written so far: it is on disk and marked."""
        assert self._positions is not None
        self._known.flush()
        self._positions.commit(positions)

    def _mark(self, written: Iterable[tuple[Key, str]]) -> None:
        self._changes.flush()
        if self._checkpoints is None:
            return
        of_collection: dict[str, list[tuple[str, str]]] = {}
        for (collection, item_id), path in written:
            of_collection.setdefault(collection, []).append((item_id, path))
        # Who resumes looks for what isn't marked at the end alone: no flush may come between two collections.
        self._checkpoints.mark_together(of_collection)

    def _is_known(self, key: Key) -> bool:
        """Return whether the checkpoint has an item as completed."""
        return self._known.is_completed(key[1], key[0])

    @abstractmethod
    def _open(self, *, resume: bool) -> None:
        """Prepare the folder. With `resume`, what is marked completed is there and stays."""

    @abstractmethod
    def _encode(self, item: Item) -> tuple[Entry, int]:
        """Give the item as it is kept in a batch, and its size in bytes."""

    @abstractmethod
    def _write(self, batch: list[Entry]) -> None:
        """Write a batch and mark what is safely on disk. Runs in a thread."""

    @abstractmethod
    def _finish(self) -> dict[str, Any]:
        """Make the output complete and return the manifest. Runs in a thread."""

    @abstractmethod
    def _release(self) -> None:
        """Close the files that are open."""


def encode_json(
    item: Item,
    option: int = 0,
    changes: ChangeCollector | None = None,
    *,
    of: Item | None = None,
    is_finite: bool = False,
) -> bytes:
    """Return an item as JSON.

    Args:
        item: with integers of any size.
        option: of orjson: that a line ends, or that it is indented.
        changes: told of NaN and infinities, which JSON has no number for.
        of: the item that the changes are of, where only a part of it is encoded.
        is_finite: whether it is of JSON text, and so has no such number.

    Raises:
        ItemError: it holds something that JSON can't.

    """
    try:
        encoded = orjson.dumps(item, option=option)
        if not is_finite and b"null" in encoded and may_not_be_finite(item):
            finite, changed = with_finite_numbers(item)
            if changes is not None:
                for place, what in changed:
                    changes.add(of or item, place, what)
            return orjson.dumps(finite, option=option)
    except TypeError as error:
        return _encode_large(item, option, error)
    return encoded


def _encode_large(item: Item, option: int, error: TypeError) -> bytes:
    """Return an item as JSON that orjson refuses, since an integer in it has more than 64 bits, or for another reason.

    Raises:
        ItemError: for another reason.

    """
    indent, separators = (2, (",", ": ")) if option & orjson.OPT_INDENT_2 else (None, (",", ":"))
    try:
        text = json.dumps(item, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
        return text.encode() + (b"\n" if option & orjson.OPT_APPEND_NEWLINE else b"")
    except (TypeError, ValueError, RecursionError):
        raise ItemError(f"can't be written as JSON: {error}") from error


def parsed(text: bytes, path: Path) -> Item:
    """Return an item that an output wrote to the file at `path`.

    Raises:
        DataProcessingError: it is no JSON object.

    """
    try:
        # The parser of NaN and Infinity, which are not written, keeps whole numbers of any length, too.
        item: Any = parse_leniently(text) if has_long_number(text) else orjson.loads(text)
    except ValueError as error:
        raise DataProcessingError(f"{path}: not JSON: {error}") from error
    if not isinstance(item, dict):
        raise DataProcessingError(f"{path}: not a JSON object")
    return item


def _raise(item: Item, error: Exception) -> NoReturn:
    raise ItemError(f"{item['id']}: {error}") from error


def _failure_reporter(context: WorkflowContext) -> Callable[[Item, Exception], None]:
    collector: FailureCollector | None = getattr(context, "failure_collector", None)
    checkpoints: Records | None = getattr(context, "checkpoints", None)

    def report(item: Item, error: Exception) -> None:
        if collector is None:
            _raise(item, error)
        collection, item_id = key_of(item)
        collector.add(item_id, error, "output", of_collection(collection))
        if checkpoints is not None:
            checkpoints.mark_failed(item_id, error, collection)

    return report
