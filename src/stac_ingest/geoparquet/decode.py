"""Parquet rows to items: read in native code, a bounded number at a time; made into objects by the consumer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import duckdb
import orjson
import pyarrow as pa

from stac_ingest.geoparquet.geometry import geojson_column
from stac_ingest.geoparquet.layout import layout_of
from stac_ingest.geoparquet.nulls import strip, strip_plan
from stac_ingest.geoparquet.rows import items_of_rows
from stac_ingest.geoparquet.text import ItemText
from stac_ingest.sources.base import Item

Plan = tuple[tuple[str, bool], ...]

REQUIRED: dict[str, Any] = {"links": [], "assets": {}}
"""What an item must have, and an empty column can't say."""


class Rows(NamedTuple):
    """Rows that are read but not yet Python objects."""

    batch: pa.RecordBatch | None
    """The rows themselves, unless `text` says all."""
    text: pa.ChunkedArray | None
    geometry: pa.Array | None
    members: Plan
    properties: Plan
    bad: list[int]
    """Numbers of rows whose geometry is none."""


class Decoder:
    """Decodes the rows of one schema. `read` may run in several threads at once."""

    def __init__(self, schema: pa.Schema) -> None:
        self._layout = layout_of(schema)
        fast = self._layout is not None and ItemText.supports(schema, self._layout)
        self._complete = self._layout is not None and REQUIRED.keys() <= set(self._layout.members)
        self._text = ItemText(schema, self._layout) if self._layout is not None and fast else None

    @property
    def is_stac(self) -> bool:
        """Whether the rows are STAC Items; else they are yielded as they are."""
        return self._layout is not None

    def read(self, batch: pa.RecordBatch, connection: duckdb.DuckDBPyConnection) -> Rows:
        """Do the native part of the work, which needs no interpreter lock."""
        layout = self._layout
        if layout is None:
            return Rows(batch, None, None, (), (), [])
        geometry, bad = geojson_column(batch.column(layout.geometry))
        members = _plan(batch, (*layout.members, *([layout.bbox] if layout.bbox else [])))
        properties = _plan(batch, layout.properties)
        if self._text is None:
            return Rows(batch, None, geometry, members, properties, bad)
        return Rows(None, self._text.write(batch, geometry, connection), None, members, properties, bad)

    def items(self, rows: Rows) -> Iterator[Item | dict[str, Any]]:
        """Make the Python objects."""
        if self._layout is None:
            yield from rows.batch.to_pylist()
            return
        found = parsed(rows.text) if rows.text is not None else items_of_rows(rows.batch, rows.geometry, self._layout)
        if not rows.members and not rows.properties and self._complete:
            yield from found
            return
        for item in found:
            strip(item, rows.members)
            strip(item["properties"], rows.properties)
            for name, default in REQUIRED.items():
                item.setdefault(name, default.copy())
            yield item


def parsed(text: pa.ChunkedArray) -> Iterator[Any]:
    """Parse each row of a column of JSON text, straight from the column's memory."""
    for chunk in text.chunks:
        _, offsets, data = chunk.buffers()
        if data is None:
            continue
        wide = pa.types.is_large_string(chunk.type)
        ends = memoryview(offsets).cast("q" if wide else "i")[chunk.offset : chunk.offset + len(chunk) + 1]
        view = memoryview(data)
        loads = orjson.loads
        start = ends[0]
        for end in ends[1:]:
            yield loads(view[start:end])
            start = end


def _plan(batch: pa.RecordBatch, names: tuple[str, ...]) -> Plan:
    return strip_plan(names, [batch.column(name) for name in names])
