"""Parquet rows to items: the columns are made into Python values one by one, and those into objects by a template."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import pyarrow as pa

from stac_ingest.changes import ChangeCollector
from stac_ingest.core.model import Item, Reject
from stac_ingest.errors import ItemError
from stac_ingest.geoparquet.box_column import box_member
from stac_ingest.geoparquet.geometry_columns import MEASURES, shapes_of
from stac_ingest.geoparquet.geometry_encodings import NATIVE
from stac_ingest.geoparquet.properties_column import KEPT, as_json, with_properties
from stac_ingest.geoparquet.row_codegen import ColumnSet
from stac_ingest.geoparquet.row_template import (
    NULL,
    Altered,
    Array,
    Column,
    Columns,
    Conditional,
    Member,
    Object,
    RowTemplate,
    constant,
)
from stac_ingest.geoparquet.scalar_columns import decode_storage, is_constant, readable_values
from stac_ingest.geoparquet.stac_schema import PROPERTIES, Layout, Place, layout_of, plain_schema, with_plain_types
from stac_ingest.geoparquet.struct_columns import object_of, value_or
from stac_ingest.geoparquet.table_kind import remarks, why_not_items

FEATURE = "Feature"
BEFORE_GEOMETRY = ("type", "stac_version", "stac_extensions", "id")
AFTER_GEOMETRY = ("links", "assets", "collection")
DEFAULTS: dict[str, RowTemplate] = {"type": constant(FEATURE), "links": Array(()), "assets": Object(())}
"""What an item must have, where the table has nothing."""

OBJECTS = frozenset({"stac_extensions", "links", "assets"})
"""Members that are lists or objects: as text, they are JSON."""

AddShapes = Callable[[pa.Array, str, list[int]], tuple[Column, list[int]]]


class Decoder:
    """Decodes the rows of one schema. Holds no state that changes, so it may be used by several threads at once."""

    def __init__(self, schema: pa.Schema, marked: Collection[str] = ()) -> None:
        """Find out what the columns are.

        Args:
            schema: of the rows.
            marked: columns that the file itself says are geometries, whatever their name.

        """
        plain = plain_schema(schema)
        self._layout = layout_of(plain, marked)
        self._recast = plain if plain != schema else None
        self.remarks = remarks(plain, self._layout)
        """What is done with columns that an item has no place for, in words."""
        self.problem = None if self._layout else why_not_items(plain, marked)
        """What the table is, where no row of it can be taken."""

    @property
    def layout(self) -> Layout | None:
        """What the columns are to an item; None where the rows are no items."""
        return self._layout

    def plain(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch with strings and lists for views of them."""
        return batch if self._recast is None else with_plain_types(batch, self._recast)

    @property
    def is_stac(self) -> bool:
        """Whether the rows are STAC Items; else they are yielded as they are."""
        return self._layout is not None

    def items(
        self, batch: pa.RecordBatch, origin: str, reject: Reject, changes: ChangeCollector | None = None
    ) -> Iterator[Item]:
        """Make the items of a batch; report the rows that are none to `reject`, and go on.

        Args:
            batch: of the schema.
            origin: what the batch is of, for `reject`.
            reject: takes the rows that are no items.
            changes: takes the values that come otherwise than they are stored.

        Raises:
            ArrowException: the batch can't be used at all.

        """
        batch = self.plain(batch)
        columns = ColumnSet(len(batch), keeps_nulls=self._layout is None)

        def add_shapes(column: pa.Array, encoding: str, measured: list[int]) -> tuple[Column, list[int]]:
            shapes, wrong = shapes_of(column, encoding, measured)
            return columns.add(shapes), wrong

        template, bad = self.template(batch, columns, add_shapes)
        items, clashes = columns.rows(template), list[Altered]()
        nested = None if self._layout is None else self._layout.nested
        if nested is not None:
            items = with_properties(items, batch.column(nested), columns, clashes)
        if columns.altered or nested is not None:
            items = _reported(items, columns.altered, clashes, {*bad, *columns.broken}, changes)
        if self._layout is None:
            return _readable(items, columns.broken, origin, reject)
        return _checked(items, columns.broken, bad, origin, reject)

    def template(
        self, batch: pa.RecordBatch, columns: Columns, add_shapes: AddShapes
    ) -> tuple[RowTemplate, dict[int, str]]:
        """Give the template for the rows of a batch, but for the members of a column `properties`.

        Args:
            batch: of the schema.
            columns: takes what the template speaks of. Those of a table that isn't of items keep nulls.
            add_shapes: takes a column of geometries and its encoding into `columns`; it is given a list for the rows
                whose measures are left out, and returns those that hold no geometry beside the column.

        Returns:
            The template, and why rows aren't items, by their numbers.

        Raises:
            ArrowException: the batch can't be used at all.

        """
        batch, layout = self.plain(batch), self._layout
        if layout is None:
            return object_of(zip(batch.schema.names, batch.columns, strict=True), columns), {}
        bad = _no_features(batch, layout)
        geometries = _geometries(batch, layout, columns, add_shapes, bad)
        return _item(batch, layout, geometries, columns), bad


def _readable(rows: Iterator[Item], broken: set[int], origin: str, reject: Reject) -> Iterator[Item]:
    """Give the rows as they are, nulls included, in the forms that JSON has; reject those that can't be read."""
    for number, row in enumerate(rows):
        if number in broken:
            reject(origin, _unreadable())
        else:
            yield row


def _reported(
    items: Iterator[Item],
    altered: list[Altered],
    clashes: list[Altered],
    bad: Collection[int],
    changes: ChangeCollector | None,
) -> Iterator[Item]:
    """Name what was altered in each item as it comes."""
    by_row: dict[int, list[Altered]] = {}
    for change in altered:
        by_row.setdefault(change.row, []).append(change)
    for row, item in enumerate(items):
        if changes is not None and row not in bad and isinstance(item.get("id"), str):
            for change in (*by_row.get(row, ()), *clashes):
                changes.add(item, change.member, change.what)
        clashes.clear()
        yield item


def _checked(
    items: Iterator[Item], broken: set[int], bad: dict[int, str], origin: str, reject: Reject
) -> Iterator[Item]:
    if not broken and not bad:
        for item in items:
            if type(item.get("id")) is str:
                yield item
            else:
                reject(origin, _no_id(item))
        return
    for row, item in enumerate(items):
        if row in broken:
            reject(origin, _unreadable())
        elif not isinstance(item.get("id"), str):
            reject(origin, _no_id(item))
        elif row in bad:
            reject(item["id"], ItemError(f"{origin}: {bad[row]}"))
        else:
            yield item


def _no_id(item: Item) -> ItemError:
    return ItemError(f"a row has no id that is text: {item.get('id')!r:.40}")


def _unreadable() -> ItemError:
    return ItemError("a row can't be read: it holds text that isn't UTF-8, or a time beyond all calendars")


def _no_features(batch: pa.RecordBatch, layout: Layout) -> dict[int, str]:
    """Give the rows whose type says that they are something else, with the reason."""
    if "type" not in layout.members:
        return {}
    kinds = decode_storage(batch.column("type"))
    if is_constant(kinds) and kinds[0].as_py() == FEATURE:
        return {}
    named, _ = readable_values(kinds)
    wrong = ((row, kind) for row, kind in enumerate(named) if kind is not None and kind != FEATURE)
    return {row: f"its type is {kind!r:.40}, not {FEATURE}" for row, kind in wrong}


def _geometries(
    batch: pa.RecordBatch, layout: Layout, columns: Columns, add_shapes: AddShapes, bad: dict[int, str]
) -> dict[str, Column]:
    """Take in the geometries of each column, and keep the rows that hold none in `bad`."""
    found = {}
    for name, encoding in layout.geometries.items():
        measured: list[int] = []
        found[name], wrong = add_shapes(batch.column(name), encoding, measured)
        form = NATIVE.get(encoding, encoding)
        bad.update(dict.fromkeys(wrong, f"its {name} is not {form} with finite coordinates"))
        columns.path = [name] if name == layout.geometry else ["properties", name]
        columns.alter(measured, MEASURES)
    columns.path = []
    return found


def _item(batch: pa.RecordBatch, layout: Layout, geometries: dict[str, Column], columns: Columns) -> Object:
    members = [
        *_members(BEFORE_GEOMETRY, batch, layout, columns),
        Member("geometry", geometries[layout.geometry]),
        *box_member(batch, layout, columns),
        *_members(AFTER_GEOMETRY, batch, layout, columns),
        *object_of([(name, batch.column(name)) for name in layout.foreign], columns).members,
    ]
    if layout.places:
        members = _placed(members, (), batch, layout, columns)
    return Object((*members, Member("properties", _properties(batch, layout, geometries, columns))))


def _members(names: tuple[str, ...], batch: pa.RecordBatch, layout: Layout, columns: Columns) -> Iterator[Member]:
    for name in names:
        default = None if layout.is_ours else DEFAULTS.get(name)
        if name not in layout.members:
            if default is not None:
                yield Member(name, default)
            continue
        column = batch.column(name)
        if name in OBJECTS:
            column = as_json(column)
        elif pa.types.is_binary(column.type):
            column = column.cast(pa.string())
        if default is None:
            yield from object_of([(name, column)], columns).members
        else:
            columns.path.append(name)
            yield Member(name, value_or(column, default, columns))
            columns.path.pop()


def _properties(batch: pa.RecordBatch, layout: Layout, geometries: dict[str, Column], columns: Columns) -> Object:
    members: list[Member] = []
    columns.path.append("properties")
    for name in layout.properties:
        column = batch.column(name)
        if name in geometries:
            members.append(Member(name, geometries[name], columns.add_valid(column)))
        elif name == KEPT:
            members.append(Member(name, value_or(column, NULL, columns)))
        else:
            members += object_of([(name, column)], columns).members
    if layout.places:
        members = _placed(members, (PROPERTIES,), batch, layout, columns)
    columns.path.pop()
    return Object(tuple(members))


def _placed(
    members: list[Member], parent: Place, batch: pa.RecordBatch, layout: Layout, columns: Columns
) -> list[Member]:
    """Add the columns that are members of the item, or of its properties, though their names don't say so."""
    by_name = {member.name: member for member in members}
    for place, name in (*layout.behind, *layout.places.items()):
        if place[:-1] == parent:
            for member in object_of([(place[-1], batch.column(name))], columns).members:
                by_name[member.name] = _preferred(member, by_name.get(member.name), columns)
    return list(by_name.values())


def _preferred(member: Member, other: Member | None, columns: Columns) -> Member:
    """Give one member where it is there, and elsewhere the other one."""
    if other is None or member.present is None:
        return member
    valid = columns.flags(member.present)
    present = (
        None
        if other.present is None
        else columns.add_flags(
            [first or second for first, second in zip(valid, columns.flags(other.present), strict=True)]
        )
    )
    return Member(member.name, Conditional(member.present, member.value, other.value), present)
