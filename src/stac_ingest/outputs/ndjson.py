"""One file of newline-delimited JSON."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.model import Item
from stac_ingest.core.rows import Line, Rows
from stac_ingest.errors import ConfigurationError, ItemError
from stac_ingest.outputs.base import BatchedOutput, encode_json, parsed
from stac_ingest.outputs.directory import write_lines

NAME = "items.ndjson"
_PART = f"{NAME}.part"
_BLOCK = 1 << 20


class NdjsonOutput(BatchedOutput[tuple[Key, Line]]):
    """Writes `items.ndjson`, one item a line; until `finalize` it is called `items.ndjson.part`.

    On resume it goes on behind the last sound line. Whole lines that the checkpoint doesn't know yet are kept and
    marked, so that each item is there once.
    """

    as_lines = True

    def __init__(self, folder: str | PathLike[str], *, batch_bytes: int = 4 << 20) -> None:
        super().__init__(folder, batch_items=1000, batch_bytes=batch_bytes)
        self._descriptor = -1
        self._items = 0

    @property
    def _path(self) -> str:
        return str(self.folder.path / NAME)

    def _open(self, *, resume: bool) -> None:
        self._items = 0
        names = self.folder.names()
        there = _PART in names or NAME in names
        if not resume or not (there or self._known.completed_count):
            self._descriptor = self.folder.create(_PART)
            return
        is_whole = _PART not in names
        if is_whole and NAME in names:
            self.folder.rename(NAME, _PART)
        elif is_whole:
            raise self._lost()
        try:
            self._descriptor = self.folder.reopen(_PART)
            self._resume()
        except ConfigurationError:
            if is_whole:
                self.folder.rename(_PART, NAME)  # it is complete, whatever the checkpoint says
            raise

    def _resume(self) -> None:
        if self._records_lost:
            tail = unmarked_tail(self._descriptor, lambda _: False)
            lost = len(set(tail.unmarked)) < self._known.completed_count
        else:
            tail = unmarked_tail(self._descriptor, self._is_known)
            lost = not tail.marked
        if lost:
            raise self._lost()
        os.ftruncate(self._descriptor, tail.keep)
        os.lseek(self._descriptor, tail.keep, os.SEEK_SET)
        os.fsync(self._descriptor)
        mark = self._known.replace if self._records_lost else self._mark
        mark((key, self._path) for key in tail.unmarked)
        self._items = self._known.completed_count

    def _lost(self) -> ConfigurationError:
        return ConfigurationError(
            f"the checkpoint says that {self._known.completed_count} items are in {self._path}, "
            "but they are not there; start afresh without resuming"
        )

    async def bundle_rows(self, rows: Rows) -> list[tuple[Item, ItemError]]:
        """Take some items: their lines, where they have them."""
        lines = rows.lines()
        if lines is None:
            return await super().bundle_rows(rows)
        if self._positions is not None and not self._batch:
            await self._note_resumed()
        self._batch.extend(zip(rows.keys, lines, strict=True))
        self._size += sum(map(len, lines))
        if self._is_full:
            await self._hand_over()
        return []

    def _encode(self, item: Item) -> tuple[tuple[Key, Line], int]:
        line = encode_json(item, changes=self._changes)
        return (key_of(item), line), len(line)

    def _write(self, batch: list[tuple[Key, Line]]) -> None:
        write_lines(self._descriptor, [line for _, line in batch])
        self._items += len(batch)
        if self._checkpoints is not None:
            os.fsync(self._descriptor)
            self._mark((key, self._path) for key, _ in batch)

    def _finish(self) -> dict[str, Any]:
        os.fsync(self._descriptor)
        size = os.fstat(self._descriptor).st_size
        self.folder.rename(_PART, NAME)
        self.folder.sync_names()
        return {"items": self._items, "bytes": size, "paths": [self._path]}

    def _release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def read_lines(path: Path) -> Iterator[Item]:
    """Yield the items of a file.

    Raises:
        DataProcessingError: a line is no JSON.

    """
    with path.open("rb") as stream:
        for line in stream:
            yield parsed(line, path)


class Tail(NamedTuple):
    """The end of a file."""

    keep: int
    """Bytes of the file that can be kept: up to the end of its last sound line."""
    unmarked: list[Key]
    """Items in kept lines that the checkpoint doesn't know, in the order of their lines."""
    marked: bool
    """Whether a line that the checkpoint knows comes before them."""


def unmarked_tail(descriptor: int, is_completed: Callable[[Key], bool]) -> Tail:
    """Look from the end of a file for lines that the checkpoint doesn't know.

    Items are marked in the order of their lines and after these are on disk. So the search ends at the first line with
    a mark; and what follows a broken line was never promised.
    """
    keep, found, marked = 0, [], False
    for start, line in _lines_backwards(descriptor):
        key = _key(line)
        if key is not None and is_completed(key):
            keep, marked = start + len(line) + 1, True
            break
        found.append((start + len(line) + 1, key))
    unmarked = []
    for end, key in reversed(found):
        if key is None:
            break
        unmarked.append(key)
        keep = end
    return Tail(keep, unmarked, marked)


def _lines_backwards(descriptor: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines, last first, without their newline, and where each starts. A last line without one is left out."""
    position = os.fstat(descriptor).st_size
    pieces: list[bytes] = []  # of the line whose start is not found yet, last first
    ended = False  # whether a newline ends that line
    while position > 0:
        size = min(_BLOCK, position)
        position -= size
        *earlier, last = os.pread(descriptor, size, position).split(b"\n")
        pieces.append(last)
        offset = position + size - len(last)
        while earlier:
            if ended:
                yield offset, b"".join(reversed(pieces))
            ended = True
            pieces = [earlier.pop()]
            offset -= len(pieces[0]) + 1
    if ended:
        yield 0, b"".join(reversed(pieces))


def _key(line: bytes) -> Key | None:
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return key_of(item) if isinstance(item, dict) and isinstance(item.get("id"), str) else None
