"""Transforms of a table's columns: what an expression looks at, and properties renamed, dropped and set.

Whatever isn't known to mean the same as on the items that the rows make gives None; then these are made. So it is for
tables with a column `properties`, with columns whose place isn't what their name says, and for names that are members
of an item.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from stac_ingest.core.model import Item
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.properties_column import KEPT
from stac_ingest.geoparquet.stac_schema import Layout, layout_of, plain_schema

_TELLING = ("stac_version", "collection", "datetime", "start_datetime", "stac_extensions", "assets", "links")
"""Columns of which one has to be there for a table to be one of items; the first ones cost the least."""
_INT64 = range(-(2**63), 2**63)


def looked_at(batch: pa.RecordBatch, layout: Layout, names: Collection[str]) -> list[Item] | None:
    """Make items that have these properties and members alone, of rows that are items.

    Args:
        batch: the rows.
        layout: says what their columns are.
        names: of properties, and of `id`, `collection`, `geometry` and `bbox`.

    """
    if not _is_simple(layout):
        return None
    telling = next((name for name in _TELLING if name in batch.schema.names), None)
    wanted = [name for name in batch.schema.names if name in {*names, "id", layout.geometry, telling}]
    part = batch.select(wanted)
    if "geometry" not in names:
        # To make an object of a geometry costs more than all else.
        index = wanted.index(layout.geometry)
        part = part.set_column(index, part.schema.field(index), pa.nulls(len(part), part.schema.field(index).type))
    decoder, rejected = Decoder(part.schema), list[str]()
    if layout_of(plain_schema(part.schema)) != _with_columns(layout, wanted):
        return None
    items = list(decoder.items(part, "", lambda origin, _: rejected.append(origin)))
    return None if rejected or len(items) != len(batch) else items


def updated(
    batch: pa.RecordBatch,
    layout: Layout,
    *,
    rename: Mapping[str, str],
    remove: Collection[str],
    values: Mapping[str, Any],
) -> pa.RecordBatch | None:
    """Rename, remove and set properties, in this order, of rows that are items.

    The same batch comes back where nothing is changed.

    Args:
        batch: the rows.
        layout: says what their columns are.
        rename: old names to new ones.
        remove: names.
        values: names and values to set.

    """
    if not _is_simple(layout):
        return None
    rename = {old: new for old, new in rename.items() if old in layout.properties and old != new}
    changed = {*rename, *({*remove} & {*layout.properties}), *values}
    if not changed:
        return batch
    # A name that is taken may be kept where the renamed property is null.
    if changed & {KEPT, *layout.geometries} or {*rename.values()} & {*batch.schema.names}:
        return None
    table = _Table(batch, layout)
    table.rename(rename)
    table.remove(remove)
    return table.made() if all(table.put(name, value) for name, value in values.items()) else None


class _Table:
    """The columns of some rows, while they are changed."""

    def __init__(self, batch: pa.RecordBatch, layout: Layout) -> None:
        self._layout, self._rows, self._metadata = layout, len(batch), batch.schema.metadata
        pairs = zip(batch.columns, batch.schema, strict=True)
        self._columns: dict[str, tuple[pa.Array, pa.Field]] = {pair[1].name: pair for pair in pairs}
        self._properties = list(layout.properties)

    def rename(self, names: Mapping[str, str]) -> None:
        """Give properties their new names, in their places."""
        self._columns = {names.get(name, name): pair for name, pair in self._columns.items()}
        self._properties = [names.get(name, name) for name in self._properties]

    def remove(self, names: Collection[str]) -> None:
        """Take properties away; what is none stays."""
        for name in {*names} & {*self._properties}:
            self._properties.remove(name)
            del self._columns[name]

    def put(self, name: str, value: Any) -> bool:
        """Set a property in all rows; False where a column may give back something else, or isn't a property's."""
        column = _constant(value, self._rows)
        if column is None or (name in self._columns and name not in self._properties):
            return False
        if name not in self._properties:
            self._properties.append(name)
        self._columns[name] = column, pa.field(name, column.type)
        return True

    def made(self) -> pa.RecordBatch | None:
        """Return the rows; None where the new names mean more than properties."""
        fields = [pair[1].with_name(name) for name, pair in self._columns.items()]
        schema = pa.schema(fields, metadata=self._metadata)
        expected = replace(_with_columns(self._layout, [*self._columns]), properties=tuple(self._properties))
        if layout_of(plain_schema(schema)) != expected:
            return None
        return pa.RecordBatch.from_arrays([pair[0] for pair in self._columns.values()], schema=schema)


def _is_simple(layout: Layout) -> bool:
    """Say whether every property is a column of its own name."""
    return not layout.places and layout.nested is None and not layout.foreign


def _with_columns(layout: Layout, names: Collection[str]) -> Layout:
    """Give the layout of a table that has these columns of it alone."""
    return replace(
        layout,
        members=tuple(name for name in layout.members if name in names),
        properties=tuple(name for name in layout.properties if name in names),
        geometries={name: how for name, how in layout.geometries.items() if name in names},
        bbox=layout.bbox if layout.bbox in names else None,
        left_out=tuple(name for name in layout.left_out if name in names),
    )


def _constant(value: Any, count: int) -> pa.Array | None:
    """Make a column of one value; None for what a column may give back as something else."""
    kinds = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
    kind = kinds.get(type(value))
    if kind is None or (type(value) is int and value not in _INT64):
        return None
    return pa.repeat(pa.scalar(value, kind), count)
