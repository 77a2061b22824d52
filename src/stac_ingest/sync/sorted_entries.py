"""Entries in files, sorted by key: read and written a bounded number at a time, however many there are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np

from stac_ingest.core.atomic import replacing
from stac_ingest.sync.entries import Entries, by_key

RANGE = 250_000
"""Entries of a range of keys, about: so many are in memory at once."""
_RUN = 100_000
"""Entries that wait for being sorted."""
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
    """Reads the entries of a sorted file in order, from the lowest key on.

    Attributes:
        count: of its entries.
        dtype: of them.
        position: the place of the entry that is read next.

    """

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            OSError, ValueError: it isn't there, or is no array.

        """
        self._stream = path.open("rb", buffering=0)
        try:
            np.lib.format.read_magic(self._stream)
            shape, _, self.dtype = np.lib.format.read_array_header_1_0(self._stream)
        except BaseException:
            self._stream.close()
            raise
        self.count = shape[0]
        self.position = 0
        self._left = self.count
        self._waiting = np.zeros(0, self.dtype)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def next(self, most: int) -> Entries:
        """Return the entries that follow, at most so many; none where the file ends."""
        entries = np.fromfile(self._stream, self.dtype, min(most, self._left))
        self._left -= len(entries)
        self.position += len(entries)
        return entries

    def until(self, before: int | None, together: int) -> Entries:
        """Return the entries that follow, up to a key.

        Args:
            before: the high 64 bits of the first key that is left for later; None for none.
            together: entries that are read at once.

        """
        found = [self._waiting]
        while self._left and (before is None or not len(found[-1]) or int(found[-1]["high"][-1]) < before):
            count = min(together, self._left)
            # Not mapped: pages that were looked at would count as memory of the process.
            found.append(np.fromfile(self._stream, self.dtype, count))
            self._left -= count
        entries = found[0] if len(found) == 1 else np.concatenate(found)
        end = len(entries) if before is None else int(np.searchsorted(entries["high"], np.uint64(before)))
        self._waiting = entries[end:].copy()
        self.position += end
        return entries[:end]


class Ranges:
    """Reads several sorted files together, a range of keys at a time. Use it in a `with` block."""

    def __init__(self, groups: Sequence[Sequence[Path]]) -> None:
        """Open files.

        Args:
            groups: files whose entries have the same dtype, a group for each dtype.

        Raises:
            OSError, ValueError: one of them isn't there, or is no array.

        """
        with ExitStack() as stack:
            self._groups = [[self._open(path, stack) for path in group] for group in groups]
            self._stack = stack.pop_all()
        entries = sum(file.count for group in self._groups for file in group)
        self.count = max(1, -(-entries // RANGE))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def __iter__(self) -> Iterator[list[list[Stretch]]]:
        """Yield, for each range of keys, what is in it of each file of each group."""
        for number in range(1, self.count + 1):
            before = None if number == self.count else _KEYS * number // self.count
            yield [[self._stretch(file, before) for file in group] for group in self._groups]

    def _stretch(self, file: EntriesFile, before: int | None) -> Stretch:
        start = file.position
        return Stretch(start, file.until(before, max(64, file.count // self.count + 1)))

    @staticmethod
    def _open(path: Path, stack: ExitStack) -> EntriesFile:
        file = EntriesFile(path)
        stack.callback(file.close)
        return file


class EntriesWriter:
    """Sorts entries that come in any order into a file. Those of one key stay in the order in which they came."""

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        """Name the file, which has its name once it is finished. What a killed process left of it is replaced."""
        self._path = path
        self._dtype = dtype
        self._waiting: list[tuple[Any, ...]] = []
        self._runs: list[Path] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, *entry: Any) -> None:
        """Take an entry.

        Raises:
            OSError: the disk is full.

        """
        self._waiting.append(entry)
        self._count += 1
        if len(self._waiting) == _RUN:
            self._keep_run()

    def finish(self) -> None:
        """Write the file.

        Raises:
            OSError: the disk is full.

        """
        if not self._runs:
            save(self._path, self._sorted())
            return
        self._keep_run()
        with Ranges([self._runs]) as ranges, replacing(self._path) as stream:
            write_header(stream, self._dtype, self._count)
            for (stretches,) in ranges:
                stream.write(together(stretches, self._dtype).tobytes())
        for run in self._runs:
            run.unlink()

    def _keep_run(self) -> None:
        path = self._path.with_name(f"{self._path.name}.run-{len(self._runs)}")
        with path.open("wb") as stream:
            np.save(stream, self._sorted())
        self._runs.append(path)

    def _sorted(self) -> Entries:
        entries = by_key(np.array(self._waiting, self._dtype))
        self._waiting = []
        return entries


def save(path: Path, entries: Entries) -> None:
    """Write an array, whole or not at all.

    Raises:
        OSError: it can't be written.

    """
    with replacing(path) as stream:
        write_header(stream, entries.dtype, len(entries))
        stream.write(np.ascontiguousarray(entries).view(np.uint8).data)


def write_header(stream: Any, dtype: np.dtype[Any], count: int) -> None:
    """Begin a file of NumPy's format, to which so many entries are written then."""
    np.lib.format.write_array_header_1_0(
        stream, {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (count,)}
    )


def pread_entries(descriptor: int, dtype: np.dtype[Any], offset: int, start: int, stop: int) -> Entries:
    """Read some entries of a file by their places."""
    size = dtype.itemsize
    return np.frombuffer(os.pread(descriptor, (stop - start) * size, offset + start * size), dtype)
