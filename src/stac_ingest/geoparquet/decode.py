"""Parquet rows to items: made into JSON text in columns, and into objects by the consumer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.errors import ItemError
from stac_ingest.geoparquet.geometry import geojson_column
from stac_ingest.geoparquet.layout import Layout, layout_of, without_views
from stac_ingest.geoparquet.scalars import Part, scalar_parts, string_buffers
from stac_ingest.geoparquet.text import Ready, Value, joined, merged, nullable_parts, object_parts, storage
from stac_ingest.sources.base import Item, Reject

FLAT_BOX = ("xmin", "ymin", "xmax", "ymax")
SOLID_BOX = ("xmin", "ymin", "zmin", "xmax", "ymax", "zmax")
BEFORE_GEOMETRY = ("type", "stac_version", "stac_extensions", "id")
AFTER_GEOMETRY = ("links", "assets", "collection")
DEFAULTS = {"type": '"Feature"', "links": "[]", "assets": "{}"}
"""What an item must have, where the table has nothing."""

SLICE = 500
"""Rows handed over at once: the text of all rows of a batch together would be most of the memory that it takes."""

KEPT = "datetime"
"""The property that every item has, as null too."""


class Rows(NamedTuple):
    """Rows that are read but not yet Python objects: the JSON text of items, or a table's rows as they are."""

    text: pa.Array | None
    table: pa.RecordBatch | None
    bad: frozenset[int] = frozenset()
    """Numbers of the rows that have bytes for a geometry which are none."""


class Decoder:
    """Decodes the rows of one schema. Holds no state that changes: `read` may run in several threads at once."""

    def __init__(self, schema: pa.Schema) -> None:
        plain = without_views(schema)
        self._layout = layout_of(plain)
        self._recast = plain if plain != schema else None

    @property
    def is_stac(self) -> bool:
        """Whether the rows are STAC Items; else they are yielded as they are."""
        return self._layout is not None

    def read(self, batch: pa.RecordBatch) -> Iterator[Rows]:
        """Do the part of the work that is done column by column, and hand over the rows in slices."""
        layout, rows = self._layout, len(batch)
        if layout is None:
            yield from (Rows(None, batch.slice(start, SLICE)) for start in range(0, rows, SLICE))
            return
        if self._recast is not None:
            batch = batch.cast(self._recast)
        geometries: dict[str, pa.Array] = {}
        bad: set[int] = set()
        for name in layout.geometries:
            geometries[name], wrong = geojson_column(batch.column(name))
            bad.update(wrong)
        parts = merged(_item_parts(batch, layout, geometries))
        for start in range(0, rows, SLICE):
            piece = [part if isinstance(part, str) else part.slice(start, SLICE) for part in parts]
            text = joined(piece, min(SLICE, rows - start))
            yield Rows(text, None, frozenset(row - start for row in bad if start <= row < start + SLICE))

    def items(self, rows: Rows, origin: str, reject: Reject) -> Iterator[Item]:
        """Make the objects; report the rows that are none to `reject`, and go on."""
        if rows.text is None:
            yield from rows.table.to_pylist() if rows.table is not None else ()
            return
        for number, text in enumerate(texts(rows.text)):
            try:
                item = orjson.loads(text)
            except ValueError as error:
                reject(origin, ItemError(f"a row can't be read: {error}"))
                continue
            if not isinstance(item.get("id"), str):
                reject(origin, ItemError(f"a row has no id that is text: {item.get('id')!r:.40}"))
            elif number in rows.bad:
                reject(
                    item["id"], ItemError(f"{origin}: its geometry is not Well-Known Binary with finite coordinates")
                )
            else:
                yield item


def texts(column: pa.Array) -> Iterator[memoryview]:
    """Give the text of each row, where it lies in the column's memory."""
    ends, data = string_buffers(column)
    view = data.data
    bounds = (ends - ends[0]).tolist()
    start = 0
    for end in bounds[1:]:
        yield view[start:end]
        start = end


def _item_parts(batch: pa.RecordBatch, layout: Layout, geometries: dict[str, pa.Array]) -> list[Part]:
    return object_parts(
        [
            *[(name, _member(name, batch, layout)) for name in BEFORE_GEOMETRY],
            ("geometry", Ready(geometries[layout.geometry].fill_null("null"))),
            ("bbox", _box(batch, layout)),
            *[(name, _member(name, batch, layout)) for name in AFTER_GEOMETRY],
            ("properties", Ready(joined(_property_parts(batch, layout, geometries), len(batch)))),
        ]
    )


def _member(name: str, batch: pa.RecordBatch, layout: Layout) -> Value:
    missing = DEFAULTS.get(name)
    if name not in layout.members:
        return Ready(missing if missing is not None else pa.nulls(len(batch), pa.string()))
    column = batch.column(name)
    if missing is None or not column.null_count:
        return column
    return Ready(joined(nullable_parts(column, missing), len(batch)))


def _property_parts(batch: pa.RecordBatch, layout: Layout, geometries: dict[str, pa.Array]) -> list[Part]:
    members: list[tuple[str, Value]] = []
    for name in layout.properties:
        column = batch.column(name)
        if name in geometries:
            members.append((name, Ready(geometries[name])))
        elif name == KEPT and column.null_count:
            members.append((name, Ready(joined(nullable_parts(column), len(batch)))))
        else:
            members.append((name, column))
    return object_parts(members)


def _box(batch: pa.RecordBatch, layout: Layout) -> Value:
    """Write the box as a list; without heights where it has none."""
    if layout.bbox is None:
        return Ready(pa.nulls(len(batch), pa.string()))
    column = batch.column(layout.bbox)
    if not pa.types.is_struct(column.type):
        return column
    kinds = [field.name for field in column.type]
    sides = dict(zip(kinds, column.flatten(), strict=True))
    flat = _list_of(sides, FLAT_BOX)
    if not set(SOLID_BOX) <= set(kinds):
        return Ready(flat)
    return Ready(pc.coalesce(_list_of(sides, SOLID_BOX), flat))


def _list_of(sides: dict[str, pa.Array], names: tuple[str, ...]) -> pa.Array:
    if any(pa.types.is_null(sides[name].type) for name in names):
        return pa.nulls(len(sides[names[0]]), pa.string())
    numbers = [joined(scalar_parts(storage(sides[name])), 0) for name in names]
    return pc.binary_join_element_wise("[", pc.binary_join_element_wise(*numbers, ","), "]", "")
