"""What is remembered of the documents of items: their links, their numbers and their versions, in tables of Arrow."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stac_ingest.core.atomic import replacing
from stac_ingest.sync.file_memory import FileTable, load_table

_TEXT = pa.large_binary()
_SCHEMA = pa.schema([pa.field("name", _TEXT), pa.field("number", pa.int64()), pa.field("version", _TEXT)])
_PLANNED, _SETTLED = "planned.arrow", "documents.arrow"
_TOGETHER = 50_000
_Mask = NDArray[np.bool_]
_Numbers = NDArray[np.int64]


class LinkList:
    """Links in the order in which they came, packed."""

    def __init__(self) -> None:
        """Begin without any."""
        self._waiting: list[bytes] = []
        self._packed: list[pa.Array] = []
        self.count = 0

    def add(self, links: Iterable[str]) -> None:
        """Take links."""
        before = len(self._waiting)
        self._waiting += map(os.fsencode, links)
        self.count += len(self._waiting) - before
        if len(self._waiting) >= _TOGETHER:
            self._pack()

    def distinct(self) -> pa.Array:
        """Return the links, each once."""
        self._pack()
        return pc.unique(pa.chunked_array(self._packed, _TEXT))

    def _pack(self) -> None:
        self._packed.append(pa.array(self._waiting, _TEXT))
        self._waiting = []


class Documents(NamedTuple):
    """The documents of items that a walk has found, compared with those of the last run."""

    table: FileTable
    """Those that are there, and behind them those of before that may be there, where the walk could not follow all."""
    is_known: _Mask
    """Of those that are there: which were there before."""
    gone: _Numbers
    """Numbers of documents to which no link leads any more."""
    next_number: int
    """That no document has had yet."""


def compared(links: pa.Array, before: FileTable | None, next_number: int, *, is_whole: bool) -> Documents:
    """Compare links with those of the last run.

    Args:
        links: that the walk has found, each once.
        before: what is remembered; None for nothing.
        next_number: that no document has had yet.
        is_whole: whether the walk could follow all links, so that what it hasn't found is gone.

    """
    before = before or FileTable(_SCHEMA.empty_table())
    there = FileTable(_table(links, np.zeros(len(links), np.int64), pa.array([b""], _TEXT).take(_zeros(len(links)))))
    places = there.places_in(before)
    is_known = places >= 0
    new = int((~is_known).sum())
    numbers = np.empty(len(links), np.int64)
    numbers[is_known] = before.column("number")[places[is_known]]
    numbers[~is_known] = np.arange(next_number, next_number + new)
    known = pa.array(places, mask=~is_known)
    versions = pc.fill_null(before.table.column("version").combine_chunks().take(known), b"")
    missing = np.ones(len(before), bool)
    missing[places[is_known]] = False
    found = _table(links, numbers, versions)
    if is_whole:
        return Documents(FileTable(found), is_known, before.column("number")[missing], next_number + new)
    beside = _without_versions(before.taken(np.flatnonzero(missing)).table, None)
    whole = FileTable(pa.concat_tables([found, beside]))
    return Documents(whole, is_known, np.zeros(0, np.int64), next_number + new)


def without_versions(table: FileTable, which: _Mask) -> FileTable:
    """Return a table in which some documents have no version, so that they are read in any case."""
    return FileTable(_without_versions(table.table, which))


def save_planned(folder: Path, table: FileTable) -> None:
    """Write what a run looks at, with the versions that it knows.

    Raises:
        OSError: it can't be written.

    """
    table.save(folder, _PLANNED)


def planned(folder: Path) -> FileTable:
    """Return what a run looks at."""
    table = load_table(folder / _PLANNED)
    assert table is not None, "the plan has made it"
    return table


def remembered(folder: Path | None) -> FileTable | None:
    """Return what the last run has seen; None where that isn't known."""
    return None if folder is None else load_table(folder / _SETTLED)


def save_versions(path: Path, versions: Sequence[str]) -> None:
    """Write the versions that the documents of a task have now.

    Raises:
        OSError: it can't be written.

    """
    made = pa.table({"version": pa.array(map(os.fsencode, versions), _TEXT)})
    with replacing(path) as stream, pa.ipc.new_file(stream, made.schema) as writer:
        writer.write_table(made)


def settle(folder: Path, versions: Iterable[tuple[int, int, Path | None]], unsure: _Mask) -> None:
    """Write what is known after a run.

    Args:
        folder: of the run's memories.
        versions: of each task, the stretch of its documents and the file of their versions; None where it isn't known
            which they have.
        unsure: which documents are to be read again, whatever version they have.

    Raises:
        OSError: it can't be written.

    """
    before = planned(folder)
    made: list[pa.Array] = []
    at = 0
    for start, stop, path in versions:
        assert start == at, "tasks follow each other"
        table = None if path is None else load_table(path)
        made += _nothing(stop - start) if table is None else table.table.column("version").chunks
        at = stop
    made += _nothing(len(before) - at)
    after = _table(before.table.column("name"), before.column("number"), pa.chunked_array(made, _TEXT))
    FileTable(_without_versions(after, unsure)).save(folder, _SETTLED)


def _table(names: pa.Array, numbers: _Numbers, versions: pa.Array) -> pa.Table:
    return pa.table([names, pa.array(numbers), versions], _SCHEMA)


def _nothing(count: int) -> list[pa.Array]:
    return [pa.array([b""], _TEXT).take(_zeros(count))]


def _zeros(count: int) -> pa.Array:
    return pa.array(np.zeros(count, np.int64))


def _without_versions(table: pa.Table, which: _Mask | None) -> pa.Table:
    versions = table.column("version")
    mask = pa.array(np.ones(len(versions), bool) if which is None else which)
    return table.set_column(2, "version", pc.if_else(mask, pa.scalar(b"", _TEXT), versions))
