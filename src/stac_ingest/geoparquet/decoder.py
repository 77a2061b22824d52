"""Parquet rows to items: the columns are made into Python values one by one, and those into objects by a template."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.core.model import Item, Reject
from stac_ingest.errors import ItemError
from stac_ingest.geoparquet.row_codegen import (
    NULL,
    Array,
    Column,
    ColumnSet,
    Conditional,
    Member,
    Object,
    RowTemplate,
    constant,
)
from stac_ingest.geoparquet.scalar_columns import UNREADABLE, decode_storage
from stac_ingest.geoparquet.stac_schema import PROPERTIES, Layout, Place, drop_string_views, layout_of
from stac_ingest.geoparquet.struct_columns import object_of, value_or
from stac_ingest.geoparquet.wkb import Shape, geojson_column

FLAT_BOX = ("xmin", "ymin", "xmax", "ymax")
SOLID_BOX = ("xmin", "ymin", "zmin", "xmax", "ymax", "zmax")
BEFORE_GEOMETRY = ("type", "stac_version", "stac_extensions", "id")
AFTER_GEOMETRY = ("links", "assets", "collection")
DEFAULTS: dict[str, RowTemplate] = {"type": constant("Feature"), "links": Array(()), "assets": Object(())}
"""What an item must have, where the table has nothing."""

KEPT = "datetime"
"""The property that every item has, as null too."""


class Decoder:
    """Decodes the rows of one schema. Holds no state that changes, so it may be used by several threads at once."""

    def __init__(self, schema: pa.Schema) -> None:
        plain_schema = drop_string_views(schema)
        self._layout = layout_of(plain_schema)
        self._recast = plain_schema if plain_schema != schema else None

    @property
    def is_stac(self) -> bool:
        """Whether the rows are STAC Items; else they are yielded as they are."""
        return self._layout is not None

    def items(self, batch: pa.RecordBatch, origin: str, reject: Reject) -> Iterator[Item]:
        """Make the items of a batch; report the rows that are none to `reject`, and go on.

        Raises:
            ArrowException: the batch can't be used at all.

        """
        if self._layout is None:
            return _rows(batch, origin, reject)
        if self._recast is not None:
            batch = batch.cast(self._recast)
        columns = ColumnSet(len(batch))
        geometries, bad = _geometries(batch, self._layout)
        template = _item(
            batch, self._layout, {name: columns.add(column) for name, column in geometries.items()}, columns
        )
        return _checked(columns.rows(template), columns.broken, bad, origin, reject)


def _rows(batch: pa.RecordBatch, origin: str, reject: Reject) -> Iterator[Item]:
    """Give the rows as they are; one with text that isn't UTF-8, or a date that Python doesn't have, by itself."""
    try:
        yield from batch.to_pylist()
    except UNREADABLE:
        for number in range(len(batch)):
            try:
                row = batch.slice(number, 1).to_pylist()
            except UNREADABLE as error:
                reject(origin, ItemError(f"a row can't be read: {error}"))
            else:
                yield from row


def _checked(items: Iterator[Item], broken: set[int], bad: set[int], origin: str, reject: Reject) -> Iterator[Item]:
    if not broken and not bad:
        for item in items:
            if type(item.get("id")) is str:
                yield item
            else:
                reject(origin, _no_id(item))
        return
    for row, item in enumerate(items):
        if row in broken:
            reject(
                origin, ItemError("a row can't be read: it holds text that isn't UTF-8, or a time beyond all calendars")
            )
        elif not isinstance(item.get("id"), str):
            reject(origin, _no_id(item))
        elif row in bad:
            reject(item["id"], ItemError(f"{origin}: its geometry is not Well-Known Binary with finite coordinates"))
        else:
            yield item


def _no_id(item: Item) -> ItemError:
    return ItemError(f"a row has no id that is text: {item.get('id')!r:.40}")


def _geometries(batch: pa.RecordBatch, layout: Layout) -> tuple[dict[str, Iterator[Shape | None]], set[int]]:
    columns, bad = {}, set[int]()
    for name in layout.geometries:
        columns[name], wrong = geojson_column(batch.column(name))
        bad.update(wrong)
    return columns, bad


def _item(batch: pa.RecordBatch, layout: Layout, geometries: dict[str, Column], columns: ColumnSet) -> Object:
    members = [
        *_members(BEFORE_GEOMETRY, batch, layout, columns),
        Member("geometry", geometries[layout.geometry]),
        *_box(batch, layout, columns),
        *_members(AFTER_GEOMETRY, batch, layout, columns),
    ]
    if layout.places:
        members = _placed(members, (), batch, layout, columns)
    return Object((*members, Member("properties", _properties(batch, layout, geometries, columns))))


def _members(names: tuple[str, ...], batch: pa.RecordBatch, layout: Layout, columns: ColumnSet) -> Iterator[Member]:
    for name in names:
        default = None if layout.is_ours else DEFAULTS.get(name)
        if name not in layout.members:
            if default is not None:
                yield Member(name, default)
        elif default is None:
            yield from object_of([(name, batch.column(name))], columns).members
        else:
            yield Member(name, value_or(batch.column(name), default, columns))


def _properties(batch: pa.RecordBatch, layout: Layout, geometries: dict[str, Column], columns: ColumnSet) -> Object:
    members: list[Member] = []
    for name in layout.properties:
        column = batch.column(name)
        if name in geometries:
            members.append(Member(name, geometries[name], columns.add(column.is_valid().to_pylist())))
        elif name == KEPT:
            members.append(Member(name, value_or(column, NULL, columns)))
        else:
            members += object_of([(name, column)], columns).members
    if layout.places:
        members = _placed(members, (PROPERTIES,), batch, layout, columns)
    return Object(tuple(members))


def _placed(
    members: list[Member], parent: Place, batch: pa.RecordBatch, layout: Layout, columns: ColumnSet
) -> list[Member]:
    """Add the columns that are members of the item, or of its properties, though their names don't say so."""
    by_name = {member.name: member for member in members}
    for place, name in layout.places.items():
        if place[:-1] == parent:
            for member in object_of([(place[-1], batch.column(name))], columns).members:
                by_name[member.name] = _preferred(member, by_name.get(member.name), columns)
    return list(by_name.values())


def _preferred(member: Member, other: Member | None, columns: ColumnSet) -> Member:
    """Give one member where it is there, and elsewhere the other one."""
    if other is None or member.present is None:
        return member
    valid = columns.truths(member.present)
    present = (
        None
        if other.present is None
        else columns.add([first or second for first, second in zip(valid, columns.truths(other.present), strict=True)])
    )
    return Member(member.name, Conditional(member.present, member.value, other.value), present)


def _box(batch: pa.RecordBatch, layout: Layout, columns: ColumnSet) -> Iterator[Member]:
    """Give the box as a list; without heights where it has none, and not at all where a side is missing."""
    if layout.bbox is None:
        return
    column = batch.column(layout.bbox)
    if not pa.types.is_struct(column.type):
        yield from object_of([("bbox", column)], columns).members
        return
    kinds = [field.name for field in column.type]
    sides = {name: decode_storage(side) for name, side in zip(kinds, column.flatten(), strict=True)}
    flat, whole = _sides(sides, FLAT_BOX, columns)
    if set(SOLID_BOX) <= set(kinds):
        solid, complete = _sides(sides, SOLID_BOX, columns)
        if complete.null_count or not pc.all(complete, min_count=0).as_py():
            flat = Conditional(columns.add(complete.to_pylist()), solid, flat)
        else:
            flat = solid
    everywhere = pc.all(whole, min_count=0).as_py()
    yield Member("bbox", flat, None if everywhere else columns.add(whole.to_pylist()))


def _sides(sides: dict[str, pa.Array], names: tuple[str, ...], columns: ColumnSet) -> tuple[RowTemplate, pa.Array]:
    """Give the template for a list of sides, and where all of them are there."""
    complete = sides[names[0]].is_valid()
    for name in names[1:]:
        complete = pc.and_(complete, sides[name].is_valid())
    return Array(tuple(value_or(sides[name], NULL, columns) for name in names)), complete
