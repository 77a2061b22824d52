"""Entries in files, sorted by key: read and written a bounded number at a time, however many there are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from stac_ingest.core.atomic import replacing, sync_to_disk
from stac_ingest.sync import row_sorter
from stac_ingest.sync.entries import Entries, by_key
from stac_ingest.sync.row_sorter import RowSorter

RANGE = 50_000
"""Entries of a range of keys, about: so many are in memory at once."""
KEY = ("high", "low")
"""The columns by which files of entries are sorted."""
_TOGETHER = 1000
"""Entries that wait as objects, or are read at once where few are wanted."""
_KEYS = 1 << 64


class Stretch(NamedTuple):
    """Entries of a file that follow each other."""

    start: int
    """The place of the first of them in the file."""
    entries: Entries


def together(stretches: Sequence[Stretch], dtype: np.dtype[Any]) -> Entries:
    """Return the entries of several files sorted by key; those of one key are in the order of the files."""
    found = [stretch.entries for stretch in stretches if len(stretch.entries)]
    if not found:
        return np.zeros(0, dtype)
    return found[0] if len(found) == 1 else by_key(np.concatenate(found))


class EntriesFile:
    """Reads the entries of a sorted file in order, from the lowest key on. It is not held open in between.

    Attributes:
        count: of its entries.
        dtype: of them.
        offset: bytes that lie before the first.
        position: the place of the entry that is read next.

    """

    def __init__(self, path: Path) -> None:
        """Look at a file.

        Raises:
            OSError, ValueError: it isn't there, or is no array.

        """
        self._path = path
        with path.open("rb") as stream:
            np.lib.format.read_magic(stream)
            shape, _, self.dtype = np.lib.format.read_array_header_1_0(stream)
            self.offset = stream.tell()
        self.count: int = shape[0]
        self.position = 0
        self._left = self.count
        self._waiting = np.zeros(0, self.dtype)

    def next(self, most: int) -> Entries:
        """Return the entries that follow, at most so many; none where the file ends.

        Raises:
            OSError, ValueError: it can't be read, or is shorter than it says.

        """
        entries = self._read(min(most, self._left))
        self.position += len(entries)
        return entries

    def blocks(self) -> Iterator[Stretch]:
        """Yield all entries that follow, some at a time.

        Raises:
            OSError, ValueError: as `next` does.

        """
        while True:
            start = self.position
            entries = self.next(row_sorter.RUN)
            if not len(entries):
                return
            yield Stretch(start, entries)

    def until(self, before: int | None, together: int = _TOGETHER, by: str = "high") -> Entries:
        """Return the entries that follow, up to a key.

        Args:
            before: the first value of the column `by` that is left for later; None for none.
            together: entries that are read at once.
            by: the column by which they are sorted first; by default the high 64 bits of the key.

        Raises:
            OSError, ValueError: as `next` does.

        """
        found = [self._waiting]
        while self._left and (before is None or not len(found[-1]) or int(found[-1][by][-1]) < before):
            found.append(self._read(min(together, self._left)))
        entries = found[0] if len(found) == 1 else np.concatenate(found)
        end = len(entries)
        if before is not None:
            column = entries[by]
            end = int(np.searchsorted(column, column.dtype.type(before)))
        self._waiting = entries[end:].copy()
        self.position += end
        return entries[:end]

    def _read(self, count: int) -> Entries:
        if not count:
            return np.zeros(0, self.dtype)
        with self._path.open("rb", buffering=0) as stream:
            stream.seek(self.offset + (self.count - self._left) * self.dtype.itemsize)
            # Not mapped: pages that were looked at would count as memory of the process.
            entries = np.fromfile(stream, self.dtype, count)
        if len(entries) < count:
            raise ValueError(f"{self._path} ends early")
        self._left -= count
        return entries


class Ranges:
    """Reads several sorted files together, a range of keys at a time."""

    def __init__(self, groups: Sequence[Sequence[Path]]) -> None:
        """Look at files.

        Args:
            groups: files whose entries have the same dtype, a group for each dtype.

        Raises:
            OSError, ValueError: one of them isn't there, or is no array.

        """
        self._groups = [[EntriesFile(path) for path in group] for group in groups]
        entries = sum(file.count for group in self._groups for file in group)
        self.count = max(1, -(-entries // RANGE))

    def __iter__(self) -> Iterator[list[list[Stretch]]]:
        """Yield, for each range of keys, what is in it of each file of each group."""
        for number in range(1, self.count + 1):
            before = None if number == self.count else _KEYS * number // self.count
            yield [[self._stretch(file, before) for file in group] for group in self._groups]

    def _stretch(self, file: EntriesFile, before: int | None) -> Stretch:
        start = file.position
        return Stretch(start, file.until(before, max(64, file.count // self.count + 1)))


class EntriesWriter:
    """Sorts entries that come in any order into a file. Those of one key stay in the order in which they came."""

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        """Name the file, which has its name once it is finished. What a killed process left of it is replaced."""
        self._path = path
        self._dtype = dtype
        self._waiting: list[tuple[Any, ...]] = []
        self._sorter = RowSorter(path, dtype, KEY)

    def add(self, *entry: Any) -> None:
        """Take an entry.

        Raises:
            OSError: the disk is full.

        """
        self._waiting.append(entry)
        if len(self._waiting) == _TOGETHER:
            self._hand_on()

    def finish(self) -> None:
        """Write the file.

        Raises:
            OSError: the disk is full.

        """
        self._hand_on()
        save_sorted(self._path, self._dtype, self._sorter)

    def _hand_on(self) -> None:
        self._sorter.add(np.array(self._waiting, self._dtype))
        self._waiting = []


class EntriesAppender:
    """Takes entries for a file in the order in which they are to be there."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.count = 0

    def add(self, entries: Entries) -> None:
        """Take entries.

        Raises:
            OSError: the disk is full.

        """
        _write(self._stream, entries)
        self.count += len(entries)


@contextmanager
def writing(path: Path, dtype: np.dtype[Any]) -> Iterator[EntriesAppender]:
    """Open a file of entries for writing; at the end of the block it is there, whole.

    Raises:
        OSError: the disk is full.

    """
    with replacing(path) as stream:
        write_header(stream, dtype, 0)
        file = EntriesAppender(stream)
        yield file
        stream.seek(0)
        write_header(stream, dtype, file.count)


def append_entries(path: Path, entries: Entries) -> None:
    """Write entries behind those of a file, or begin it. Its header is right once `end_entries` was called.

    Raises:
        OSError: the disk is full.

    """
    with path.open("ab") as stream:
        if not stream.tell():
            write_header(stream, entries.dtype, 0)
        _write(stream, entries)


def end_entries(path: Path, dtype: np.dtype[Any]) -> None:
    """Say in the header of a file how many entries it has, and wait until it is on disk.

    Raises:
        OSError: it can't be written.

    """
    with path.open("a+b"):
        pass  # it may have none
    with path.open("r+b") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        write_header(stream, dtype, 0)
        count = max(0, size - stream.tell()) // dtype.itemsize
        stream.seek(0)
        write_header(stream, dtype, count)
    sync_to_disk(path)


def save_sorted(path: Path, dtype: np.dtype[Any], sorter: RowSorter) -> None:
    """Write what a sorter has taken, whole or not at all, and remove what it has on disk.

    Raises:
        OSError: it can't be written.

    """
    with writing(path, dtype) as file:
        for entries in sorter.blocks():
            file.add(entries)
    sorter.remove()


def save(path: Path, entries: Entries) -> None:
    """Write an array, whole or not at all.

    Raises:
        OSError: it can't be written.

    """
    with replacing(path) as stream:
        write_header(stream, entries.dtype, len(entries))
        _write(stream, entries)


def write_header(stream: Any, dtype: np.dtype[Any], count: int) -> None:
    """Begin a file of NumPy's format, to which so many entries are written then."""
    np.lib.format.write_array_header_1_0(
        stream, {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (count,)}
    )


def _write(stream: Any, entries: Entries) -> None:
    stream.write(np.ascontiguousarray(entries).view(np.uint8).data)
