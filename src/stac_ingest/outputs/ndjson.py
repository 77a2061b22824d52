"""One file of items, a line each: newline-delimited JSON, and what other forms such lines are given."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import orjson

from stac_ingest.core.atomic import write_all
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.model import Item
from stac_ingest.core.rows import Line, Rows
from stac_ingest.core.text import counted
from stac_ingest.errors import ConfigurationError, ItemError
from stac_ingest.outputs.base import BatchedOutput, encode_json, parsed
from stac_ingest.outputs.directory import write_lines

_BLOCK = 1 << 20


class Tail(NamedTuple):
    """The end of a file."""

    keep: int
    """Bytes of the file that can be kept: up to the end of its last sound line."""
    unmarked: list[Key]
    """Items in kept lines that the checkpoint doesn't know, in the order of their lines."""
    marked: bool
    """Whether a line that the checkpoint knows comes before them."""


class LineForm(ABC):
    """How lines stand in a file.

    Attributes:
        name: of the file.

    """

    name: ClassVar[str]

    def write(self, descriptor: int, lines: Sequence[Line], *, is_first: bool) -> None:
        """Write a batch of lines; see `encoded`.

        Raises:
            OSError: they can't be written.

        """
        write_all(descriptor, self.encoded(lines, is_first=is_first))

    @abstractmethod
    def encoded(self, lines: Sequence[Line], *, is_first: bool) -> bytes:
        """Return a batch of lines as it is to be written.

        Args:
            lines: JSON, at least one, each without its end.
            is_first: whether nothing was written before.

        """

    def end(self, *, is_empty: bool) -> bytes:  # noqa: ARG002 - for other forms
        """Return what ends the file; `is_empty` says that no line was written."""
        return b""

    def tail(self, descriptor: int, is_completed: Callable[[Key], bool]) -> Tail:
        """Return what the checkpoint doesn't know at the end of a file; see `unmarked_tail`."""
        return unmarked_tail(descriptor, is_completed)


class _PlainForm(LineForm):
    """One line after another, as they are."""

    name = "items.ndjson"

    def write(self, descriptor: int, lines: Sequence[Line], *, is_first: bool) -> None:  # noqa: ARG002 - as of all
        """Write a batch of lines without a copy of it."""
        write_lines(descriptor, lines)

    def encoded(self, lines: Sequence[Line], *, is_first: bool) -> bytes:  # noqa: ARG002 - same
        """Return each line with its end."""
        return b"\n".join(lines) + b"\n"


class NdjsonOutput(BatchedOutput[tuple[Key, Line]]):
    """Writes `items.ndjson`, one item a line; until `finalize` it is called `items.ndjson.part`.

    On resume it goes on behind the last sound line. Whole lines that the checkpoint doesn't know yet are kept and
    marked, so that each item is there once.
    """

    as_lines = True
    form: LineForm = _PlainForm()

    def __init__(self, folder: str | PathLike[str], *, batch_items: int = 1000, batch_bytes: int = 4 << 20) -> None:
        """Make the output. Nothing is opened before `start`.

        Args:
            folder: where `items.ndjson` is; made where it isn't there.
            batch_items: items that are written at once.
            batch_bytes: bytes of JSON after which a batch is written, however few its items.

        """
        super().__init__(folder, batch_items=batch_items, batch_bytes=batch_bytes)
        self._descriptor = -1
        self._items = 0

    @property
    def _path(self) -> str:
        return str(self.folder.path / self.form.name)

    @property
    def _part(self) -> str:
        return f"{self.form.name}.part"

    def _open(self, *, resume: bool) -> None:
        self._items = 0
        names, name, part = self.folder.names(), self.form.name, self._part
        there = part in names or name in names
        if not resume or not (there or self._known.completed_count):
            self._descriptor = self.folder.create(part)
            return
        is_whole = part not in names
        if is_whole and name in names:
            self.folder.rename(name, part)
        elif is_whole:
            raise self._lost()
        try:
            self._descriptor = self.folder.reopen(part)
            self._resume()
        except ConfigurationError:
            if is_whole:
                self.folder.rename(part, name)  # it is complete, whatever the checkpoint says
            raise

    def _resume(self) -> None:
        if self._records_lost:
            tail = self.form.tail(self._descriptor, lambda _: False)
            lost = len(set(tail.unmarked)) < self._known.completed_count
        else:
            tail = self.form.tail(self._descriptor, self._is_known)
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
            f"the checkpoint has {counted(self._known.completed_count, 'item')} in {self._path}, "
            "but they are not there; start again without --resume"
        )

    async def bundle_rows(self, rows: Rows) -> list[tuple[Item, ItemError]]:
        """Take a batch of items, as lines where they have that form.

        Args:
            rows: in any form, once the output was started.

        Returns:
            Each item that can't be written in this format, with the reason.

        Raises:
            DataProcessingError: the folder can't be written to.

        """
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
        self.form.write(self._descriptor, [line for _, line in batch], is_first=self._items == 0)
        self._items += len(batch)
        if self._checkpoints is not None:
            os.fsync(self._descriptor)
            self._mark((key, self._path) for key, _ in batch)

    def _finish(self) -> dict[str, Any]:
        write_all(self._descriptor, self.form.end(is_empty=self._items == 0))
        os.fsync(self._descriptor)
        size = os.fstat(self._descriptor).st_size
        self.folder.rename(self._part, self.form.name)
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


def unmarked_tail(descriptor: int, is_completed: Callable[[Key], bool], *, begin: int = 0, prefix: bytes = b"") -> Tail:
    """Return the lines at the end of a file that the checkpoint doesn't know.

    Items are marked in the order of their lines and after these are on disk. So the search ends at the first line with
    a mark; and what follows a broken line was never promised.

    Args:
        descriptor: of the file.
        is_completed: whether the checkpoint knows an item.
        begin: where in the file its lines begin, in bytes.
        prefix: what may be before a line.

    """
    keep, found, marked = begin, [], False
    for start, line in _lines_backwards(descriptor, begin):
        key = key_of_line(line.removeprefix(prefix))
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


def _lines_backwards(descriptor: int, begin: int) -> Iterator[tuple[int, bytes]]:
    """Read whole lines from the end of a file; a last line without a newline is left out.

    Yields:
        Where a line starts, in bytes, and the line without its newline.

    """
    position = os.fstat(descriptor).st_size
    pieces: list[bytes] = []  # of the line whose start is not found yet, last first
    ended = False  # whether a newline ends that line
    while position > begin:
        size = min(_BLOCK, position - begin)
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
        yield begin, b"".join(reversed(pieces))


def key_of_line(line: bytes) -> Key | None:
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return key_of(item) if isinstance(item, dict) and isinstance(item.get("id"), str) else None
