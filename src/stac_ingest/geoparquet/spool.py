"""Where columns wait until the types that fit all of them are known: in memory, and in a file when they are many."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from stac_ingest.geoparquet.item_columns import Slot
from stac_ingest.geoparquet.settled_types import own_kinds, settled_kinds, with_kinds

_MEMORY = 48 << 20
_ROWS = 2000
"""Rows from which on others are not added to them: what is read from the file at once."""


@dataclass(slots=True)
class _Segment:
    """What was added in a row with the same types."""

    kinds: dict[Slot, pa.DataType]
    tables: list[pa.Table] = field(default_factory=list)
    """Empty when they are in the file."""
    rows: int = 0
    offset: int = 0

    def takes(self, kinds: dict[Slot, pa.DataType]) -> bool:
        """Tell whether rows of these types can be added."""
        return bool(self.tables) and self.rows < _ROWS and list(kinds.items()) == list(self.kinds.items())


class Spool:
    """Keeps columns, in memory and on disk, some rows at a time."""

    def __init__(self, path: Path, memory: int = _MEMORY) -> None:
        """Begin without rows.

        Args:
            path: of the file that takes what is too much for the memory; one that is there is removed.
            memory: bytes from which on columns go to the file.

        """
        self._memory = memory
        self._path = path
        self._path.unlink(missing_ok=True)
        self._file: BinaryIO | None = None
        self._segments: list[_Segment] = []
        self._held = 0

    def add(self, columns: dict[Slot, pa.Array]) -> None:
        """Append rows: all of them, or none when it raises.

        Raises:
            OSError: the file can't be written.
            ArrowException: Arrow has no form for the columns.

        """
        kinds = {slot: column.type for slot, column in columns.items()}
        table = pa.table(list(columns.values()), names=[str(number) for number in range(len(columns))])
        size = table.nbytes
        if self._held and self._held + size > self._memory:
            self._write()
        self._held += size
        if not self._segments or not self._segments[-1].takes(kinds):
            self._segments.append(_Segment(kinds))
        self._segments[-1].tables.append(table)
        self._segments[-1].rows += table.num_rows

    @property
    def rows(self) -> int:
        """How many were added."""
        return sum(segment.rows for segment in self._segments)

    def own_kinds(self) -> dict[Slot, pa.DataType]:
        """Merge the types that the columns have, whatever Parquet has types for."""
        return own_kinds([segment.kinds for segment in self._segments])

    def kinds(self) -> dict[Slot, pa.DataType]:
        """Find the types that fit all rows without a change of a value.

        Raises:
            OSError: the file can't be read.

        """
        return settled_kinds(
            [segment.kinds for segment in self._segments],
            lambda number, slots: self._read(self._segments[number], slots),
        )

    def columns(self, kinds: dict[Slot, pa.DataType]) -> Iterator[list[pa.Array]]:
        """Yield what was added, part by part, as columns of the types that `kinds` gave, in their order.

        Raises:
            OSError: the file can't be read.

        """
        for segment in self._segments:
            yield with_kinds(self._read(segment, list(segment.kinds)), kinds)

    def remove(self) -> None:
        """Close and remove the file."""
        with contextlib.suppress(OSError):  # a full disk refuses what is still buffered, and nobody wants it any more
            if self._file is not None:
                self._file.close()
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        """Write what is in memory to the file."""
        if self._file is None:
            self._file = self._path.open("x+b")
        for segment in self._segments:
            if segment.tables:
                offset = self._file.tell()
                table = pa.concat_tables(segment.tables)
                try:
                    with pa.ipc.new_stream(self._file, table.schema) as stream:
                        stream.write_table(table)
                    self._file.flush()
                except (OSError, pa.ArrowException):
                    self._file.truncate(offset)
                    self._file.seek(offset)
                    raise
                segment.offset, segment.tables = offset, []
        self._held = 0

    def _read(self, segment: _Segment, slots: Sequence[Slot]) -> dict[Slot, pa.Array]:
        table = self._table(segment)
        wanted = set(slots)
        return {
            slot: table.column(number).combine_chunks() for number, slot in enumerate(segment.kinds) if slot in wanted
        }

    def _table(self, segment: _Segment) -> pa.Table:
        if segment.tables:
            return pa.concat_tables(segment.tables)
        assert self._file is not None, "what isn't in memory is in the file"
        self._file.seek(segment.offset)
        with pa.ipc.open_stream(self._file) as stream:
            return stream.read_all()
