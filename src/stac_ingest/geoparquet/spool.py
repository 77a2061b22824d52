"""A file in which columns wait until the types that fit all of them are known."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.geoparquet.instants import cut_to_microseconds
from stac_ingest.geoparquet.item_columns import SOLID_SIDES, Slot
from stac_ingest.geoparquet.schema_merge import cast_to, exact, merged, narrows, storable

_BOX = Slot(("bbox",))
_FIRST = {Slot(("id",)): pa.string(), Slot(("geometry",)): pa.binary()}
"""Columns that each file has, one without items too."""
_OF_EMPTY_LISTS = {
    Slot(("stac_extensions",)): pa.list_(pa.string()),
    Slot(("links",)): pa.list_(pa.struct([("href", pa.string()), ("rel", pa.string())])),
}
"""Types of members that the specification asks for, where all that is known of them is that they are empty lists."""


class _Segment(NamedTuple):
    """What was added at once."""

    offset: int
    kinds: dict[Slot, pa.DataType]


class Spool:
    """Keeps columns on disk, some rows at a time."""

    def __init__(self, path: Path) -> None:
        """Begin a file; one that is there is removed."""
        self._path = path
        self._path.unlink(missing_ok=True)
        self._file = path.open("x+b")
        self._segments: list[_Segment] = []

    def add(self, columns: dict[Slot, pa.Array]) -> None:
        """Append rows: all of them, or none when it raises.

        Raises:
            OSError: the file can't be written.
            ArrowException: Arrow has no form for the columns.

        """
        segment = _Segment(self._file.tell(), {slot: column.type for slot, column in columns.items()})
        table = pa.table(list(columns.values()), names=[str(number) for number in range(len(columns))])
        try:
            with pa.ipc.new_stream(self._file, table.schema) as stream:
                stream.write_table(table)
        except (OSError, pa.ArrowException):
            self._file.truncate(segment.offset)
            self._file.seek(segment.offset)
            raise
        self._segments.append(segment)

    def kinds(self) -> dict[Slot, pa.DataType]:
        """Find the types that fit all rows without a change of a value.

        Raises:
            OSError: the file can't be read.

        """
        self._file.flush()
        found: dict[Slot, pa.DataType] = dict(_FIRST)
        for segment in self._segments:
            for slot, kind in segment.kinds.items():
                found[slot] = merged(found.get(slot, pa.null()), kind)
        for segment in self._segments:
            doubtful = [slot for slot, kind in segment.kinds.items() if narrows(kind, found[slot])]
            for slot, column in self._read(segment, doubtful).items() if doubtful else ():
                found[slot] = exact(column, found[slot])
        for slot, kind in _OF_EMPTY_LISTS.items():
            if found.get(slot) == pa.list_(pa.null()):
                found[slot] = kind
        for slot, kind in list(found.items()):
            if pa.types.is_timestamp(kind) and any(
                _is_cut(segment.kinds.get(slot), kind) for segment in self._segments
            ):
                found.setdefault(slot._replace(is_original=True), pa.string())
        kinds = {slot: storable(kind) for slot, kind in found.items()}
        if _BOX in kinds and pa.types.is_struct(kinds[_BOX]):
            sides = {field.name for field in kinds[_BOX]}
            kinds[_BOX] = pa.struct([(side, pa.float64()) for side in SOLID_SIDES if side in sides])
        return kinds

    def columns(self, kinds: dict[Slot, pa.DataType]) -> Iterator[list[pa.Array]]:
        """Yield what was added, part by part, as columns of the types that `kinds` gave, in their order.

        Raises:
            OSError: the file can't be read.

        """
        for segment in self._segments:
            held = self._read(segment, list(segment.kinds))
            rows = len(next(iter(held.values())))
            for slot, column in list(held.items()):
                if _is_cut(column.type, kinds[slot]):
                    held[slot], texts = cut_to_microseconds(column)
                    original = slot._replace(is_original=True)
                    held[original] = pc.coalesce(held[original], texts) if original in held else texts
            yield [cast_to(held[slot], kind) if slot in held else pa.nulls(rows, kind) for slot, kind in kinds.items()]

    def remove(self) -> None:
        """Close and remove the file."""
        with contextlib.suppress(OSError):  # a full disk refuses what is still buffered, and nobody wants it any more
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _read(self, segment: _Segment, slots: list[Slot]) -> dict[Slot, pa.Array]:
        self._file.seek(segment.offset)
        wanted = set(slots)
        with pa.ipc.open_stream(self._file) as stream:
            table = stream.read_all()
        return {
            slot: table.column(number).combine_chunks() for number, slot in enumerate(segment.kinds) if slot in wanted
        }


def _is_cut(own: pa.DataType | None, kind: pa.DataType) -> bool:
    """Tell whether nanoseconds are to become microseconds."""
    return own is not None and pa.types.is_timestamp(own) and own.unit == "ns" and kind.unit == "us"
