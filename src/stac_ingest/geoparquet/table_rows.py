"""Rows of a table that travel to an output as they came, each of which is known to be an item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.core.id_set import Key
from stac_ingest.core.model import Item
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.item_columns import ItemColumns
from stac_ingest.geoparquet.json_lines import JsonLines, json_lines
from stac_ingest.geoparquet.scalar_columns import decode_storage
from stac_ingest.geoparquet.table_columns import table_columns

_AT_ONCE = 250
"""Rows whose lines are made at once: those of 20 KB are as many bytes as the output writes at once."""


@dataclass(slots=True)
class TableRows:
    """Some rows."""

    keys: Sequence[Key]
    batch: pa.RecordBatch
    """Of plain types: Arrow takes no rows of views."""
    decoder: Decoder
    made: ItemColumns | None = field(default=None, repr=False)
    """The columns of all rows, where they were asked for."""

    def take(self, numbers: Sequence[int]) -> TableRows:
        """Return these alone."""
        kept = self.batch.take(pa.array(list(numbers), pa.int64()))
        return TableRows([self.keys[number] for number in numbers], kept, self.decoder)

    def items(self) -> list[Item]:
        """Decode the rows."""
        return list(self.decoder.items(self.batch, "", _refuse))

    def lines(self) -> None:
        """Return None."""

    def columns(self) -> ItemColumns | None:
        """Return the columns of a file of ours."""
        if self.made is None and self.decoder.layout is not None and self.keys:
            self.made = table_columns(self.batch, self.decoder.layout)
        return self.made


@dataclass(frozen=True, slots=True)
class TextRows:
    """Some rows that become lines."""

    keys: Sequence[Key]
    texts: JsonLines

    def take(self, numbers: Sequence[int]) -> TextRows:
        """Return these alone."""
        return TextRows([self.keys[number] for number in numbers], self.texts.take(numbers))

    def items(self) -> list[Item]:
        """Parse the lines."""
        return list(map(orjson.loads, self.texts.lines()))

    def lines(self) -> list[memoryview]:
        """Return the lines, made anew by each call."""
        return self.texts.lines()

    def columns(self) -> None:
        """Return None: lines were wanted."""


def table_rows(batch: pa.RecordBatch, decoder: Decoder) -> TableRows | None:
    """Make rows of a batch, where it is known to come out the same as columns.

    Args:
        batch: of the decoder's schema.
        decoder: knows what its columns are.

    """
    try:
        batch = decoder.plain(batch)
        keys = _keys(batch, decoder)
    except (pa.ArrowException, UnicodeDecodeError):
        return None
    rows = None if keys is None else TableRows(keys, batch, decoder)
    return rows if rows is not None and rows.columns() is not None else None


def table_lines(batch: pa.RecordBatch, decoder: Decoder) -> list[TextRows] | None:
    """Make rows of a batch that are lines of JSON, where it is known to come out the same.

    Args:
        batch: of the decoder's schema.
        decoder: knows what its columns are.

    """
    try:
        keys = _keys(batch, decoder)
    except (pa.ArrowException, UnicodeDecodeError):
        return None
    lines = None if keys is None else json_lines(batch, decoder)
    if lines is None or keys is None:
        return None
    return [TextRows(keys[part.start : part.stop], part) for part in lines.parts(_AT_ONCE)]


def _keys(batch: pa.RecordBatch, decoder: Decoder) -> list[Key] | None:
    """Give collections and ids; None where a row has no id that is text, or may have another collection."""
    if decoder.layout is None or ("collection",) in decoder.layout.places:
        return None
    ids = _texts(batch.column("id"))
    if ids is None or ids.null_count or pc.any(pc.equal(ids, "")).as_py():
        return None
    if "collection" not in decoder.layout.members:
        return [("", item_id) for item_id in ids.to_pylist()]
    collections = _texts(batch.column("collection"))
    if collections is None:
        return None
    return list(zip(pc.fill_null(collections, "").to_pylist(), ids.to_pylist(), strict=True))


def _texts(column: pa.Array) -> pa.Array | None:
    """Give a column of texts; None where it is one of something else."""
    column = decode_storage(column)
    kind, types = column.type, pa.types
    if types.is_null(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        column = column.cast(pa.string())
    return column if types.is_string(column.type) else None


def _refuse(origin: str, error: Exception) -> None:
    """Raise what the rows were looked at for before they were made rows."""
    raise AssertionError(f"{origin}: {error}")
