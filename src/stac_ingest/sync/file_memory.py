"""What is remembered of the files of a source: their numbers, sizes and times, in tables of Arrow."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stac_ingest.core.atomic import replacing
from stac_ingest.errors import DataProcessingError
from stac_ingest.sync.files import SourceFiles

UNSURE = -1
"""The time of a file that has to be read again, whatever its own time says."""
RESOLUTION_NS = 2_000_000_000
"""Nanoseconds: what changes twice within it may have the same time; of the coarsest clocks that file systems have."""
_TABLE, _SELECTION = "files.arrow", "read.npy"
_TOGETHER = 50_000
_Numbers = NDArray[np.int64]


class FileTable:
    """Files by their places in a table: in order of kind and name, when it was made."""

    def __init__(self, table: pa.Table) -> None:
        """Take a table with the columns `name`, `kind`, `number`, `size` and `time`."""
        self.table = table

    def __len__(self) -> int:
        count: int = self.table.num_rows
        return count

    def column(self, name: str) -> NDArray[Any]:
        """Return a column of numbers."""
        return np.asarray(self.table.column(name).to_numpy())

    def replaced(self, name: str, values: NDArray[Any]) -> FileTable:
        """Return the table with other values in a column of numbers."""
        at = self.table.schema.get_field_index(name)
        return FileTable(self.table.set_column(at, name, pa.array(values)))

    def taken(self, places: NDArray[Any]) -> FileTable:
        """Return some of the files."""
        return FileTable(self.table.take(pa.array(places)))

    def names(self) -> list[str]:
        """Return their names, which need not be UTF-8."""
        return self.texts("name")

    def places_in(self, other: FileTable) -> _Numbers:
        """Return the place of each file in another table, by its name; -1 where it isn't there."""
        found = pc.index_in(self.table.column("name"), value_set=other.table.column("name").combine_chunks())
        return np.asarray(found.fill_null(-1).to_numpy(), np.int64)

    def texts(self, name: str) -> list[str]:
        """Return a column of texts, which need not be UTF-8."""
        return [os.fsdecode(text) for text in self.table.column(name).to_pylist()]

    def save(self, folder: Path, name: str = _TABLE) -> None:
        """Write the table into a folder, whole or not at all.

        Raises:
            OSError: it can't be written.

        """
        with replacing(folder / name) as stream, pa.ipc.new_file(stream, self.table.schema) as writer:
            writer.write_table(self.table)


def look_at(files: SourceFiles, now_ns: int, looked: Callable[[int], None]) -> FileTable:
    """Look at the size and the time of each file. Those that changed a moment ago, or are not there, are `UNSURE`.

    Args:
        files: of the source.
        now_ns: the time when this began, nanoseconds since 1970.
        looked: told how many were looked at.

    Raises:
        DataProcessingError: the folder can't be looked into.

    """
    try:
        descriptor = os.open(files.base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise DataProcessingError(f"can't read {files.base}: {error.strerror or error}") from error
    try:
        parts, count, remaining = [], 0, files.each()
        while some := list(islice(remaining, _TOGETHER)):
            stamps = [_stamp(name, descriptor, now_ns) for name, _ in some]
            parts.append(
                pa.record_batch(
                    {
                        "name": pa.array([os.fsencode(name) for name, _ in some], pa.large_binary()),
                        "kind": pa.array([kind for _, kind in some], pa.int64()),
                        "number": pa.array(np.zeros(len(some), np.int64)),
                        "size": pa.array([size for size, _ in stamps], pa.int64()),
                        "time": pa.array([time for _, time in stamps], pa.int64()),
                    }
                )
            )
            count += len(some)
            looked(count)
    finally:
        os.close(descriptor)
    return FileTable(pa.Table.from_batches(parts, _schema()))


def remembered(folder: Path | None) -> FileTable | None:
    """Return the files that the last run has seen; None where that isn't known."""
    return None if folder is None else load_table(folder / _TABLE)


def load_table(path: Path) -> FileTable | None:
    """Return a table that was saved; None where it is lost."""
    try:
        with pa.memory_map(str(path)) as stream:
            return FileTable(pa.ipc.open_file(stream).read_all())
    except (OSError, pa.ArrowException):
        return None


def save_selection(folder: Path, places: _Numbers) -> None:
    """Write the places of the files that a run reads.

    Raises:
        OSError: it can't be written.

    """
    with replacing(folder / _SELECTION) as stream:
        np.save(stream, places)


def selected(folder: Path) -> _Numbers:
    """Return the places of the files that a run reads."""
    places: _Numbers = np.load(folder / _SELECTION)
    return places


def stretches(weights: NDArray[np.int64], most: int) -> Iterator[range]:
    """Cut what has these weights into stretches of about the same weight, each at least one long."""
    sums = np.cumsum(weights)
    start = 0
    while start < len(weights):
        reached = int(sums[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(sums, reached + most, "right")))
        yield range(start, stop)
        start = stop


def _stamp(name: str, descriptor: int, now_ns: int) -> tuple[int, int]:
    try:
        status = os.stat(name, dir_fd=descriptor)
    except OSError:
        return 0, UNSURE
    time = status.st_mtime_ns
    return status.st_size, time if time < now_ns - RESOLUTION_NS else UNSURE


def _schema() -> pa.Schema:
    numbers = [pa.field(name, pa.int64()) for name in ("kind", "number", "size", "time")]
    return pa.schema([pa.field("name", pa.large_binary()), *numbers])
