"""Rows of a table to the columns that our own files have, of which nobody has made items.

What comes out is what `item_columns.columns_of` makes of the items that the decoder makes of the rows. Where that isn't
known to be so, nothing comes out.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.core.instants import INSTANTS
from stac_ingest.errors import ItemError
from stac_ingest.geoparquet.decoder import AFTER_GEOMETRY, BEFORE_GEOMETRY, FEATURE, OBJECTS
from stac_ingest.geoparquet.geometry_encodings import WKB
from stac_ingest.geoparquet.instants import MICROSECONDS, NANOSECONDS, instants_of
from stac_ingest.geoparquet.item_columns import ItemColumns, Slot
from stac_ingest.geoparquet.plain_columns import NotKnownError, list_of, plain_column, struct_of, texts_of
from stac_ingest.geoparquet.properties_column import KEPT, as_json
from stac_ingest.geoparquet.scalar_columns import decode_storage
from stac_ingest.geoparquet.stac_schema import MORE_GEOMETRIES, PROPERTIES, Layout, Place
from stac_ingest.geoparquet.table_boxes import boxes_of
from stac_ingest.geoparquet.table_shapes import table_shapes
from stac_ingest.geoparquet.value_columns import ColumnMaker

_FIRST, _LAST = -62_135_596_800, 253_402_300_799
"""The first second of the year 1, and the last one of the year 9999, which are written with four digits."""
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}

UNKNOWN = (NotKnownError, ItemError, pa.ArrowException, ValueError, TypeError, OverflowError, RecursionError)
"""What a batch ends with that is to be decoded."""


def table_columns(batch: pa.RecordBatch, layout: Layout) -> ItemColumns | None:
    """Make the columns of a file of ours of the rows of a table.

    Args:
        batch: at least one row, of plain types.
        layout: says what its columns are.

    Returns:
        None where a row is no item, where a value would come otherwise than it is stored, and where it isn't known what
        the decoder makes of it.

    """
    try:
        batch.validate(full=True)
        return _Table(batch, layout).columns()
    except UNKNOWN:
        return None


class _Table:
    """Some rows that become columns."""

    def __init__(self, batch: pa.RecordBatch, layout: Layout) -> None:
        self._batch = batch
        self._layout = layout
        self._maker = ColumnMaker()
        self._made: dict[Slot, pa.Array] = {}

    def columns(self) -> ItemColumns:
        layout = self._layout
        if layout.geometries[layout.geometry] != WKB or layout.foreign or layout.behind:
            raise NotKnownError
        for name in (*BEFORE_GEOMETRY, *AFTER_GEOMETRY):
            self._add_member(name)
        if layout.bbox is not None:
            self._add((layout.bbox,), boxes_of(as_json(self._batch.column(layout.bbox)), self._maker))
        for name in layout.properties:
            self._add_property(name, self._batch.column(name))
        for place, name in layout.places.items():
            self._add_placed(place, self._batch.column(name))
        if layout.nested is not None:
            for name, member in _members_of(self._batch.column(layout.nested)):
                self._add_property(name, member)
        geometry, outline = table_shapes(self._batch.column(layout.geometry))
        self._add(("geometry",), geometry)
        if not self._maker.all_finite:
            raise NotKnownError
        return ItemColumns(self._made, outline, self._maker.null_members)

    def _add(self, place: Place, column: pa.Array) -> None:
        slot = Slot(place)
        if slot in self._made:
            raise NotKnownError  # which of the two counts is the decoder's to say
        self._made[slot] = column

    def _add_plain(self, place: Place, array: pa.Array) -> None:
        column = plain_column(array, self._maker)
        if not pa.types.is_null(column.type):
            self._add(place, column)

    def _add_member(self, name: str) -> None:
        layout, rows = self._layout, len(self._batch)
        if name not in layout.members:
            if not layout.is_ours and name in _DEFAULTS:
                self._add((name,), pa.array([_DEFAULTS[name]] * rows))
            return
        column = self._batch.column(name)
        if name in OBJECTS:
            column = as_json(column)
        elif pa.types.is_binary(column.type):
            column = column.cast(pa.string())
        if name == "type":
            _check_type(decode_storage(column))
        if layout.is_ours or name not in _DEFAULTS or not column.null_count:
            self._add_plain((name,), column)
        else:
            self._add((name,), self._with_default(name, column))

    def _with_default(self, name: str, array: pa.Array) -> pa.Array:
        """Fill the nulls of a member that every item has."""
        column = plain_column(array, self._maker)
        kind, types = column.type, pa.types
        if types.is_null(kind) or column.null_count == len(column):
            return pa.array([_DEFAULTS[name]] * len(column))
        if name == "type" and types.is_string(kind):
            return pc.fill_null(column, FEATURE)
        if name == "links" and types.is_list(kind):
            return list_of(column, column.flatten(), keeps_nulls=False)
        if name == "assets" and types.is_struct(kind):
            return struct_of([field.name for field in kind], column.flatten(), pa.array([True] * len(column)))
        raise NotKnownError

    def _add_property(self, name: str, array: pa.Array) -> None:
        place = (PROPERTIES, name)
        array = array if name in MORE_GEOMETRIES else decode_storage(array)
        if name in INSTANTS:
            instants, texts = _instants(name, array)
            # An item without a `datetime` has it as null.
            if name == KEPT or instants.null_count < len(instants):
                self._add(place, instants)
            if texts is not None:
                self._made[Slot(place, is_original=True)] = texts
        elif name in MORE_GEOMETRIES or name in self._layout.geometries:
            if name not in MORE_GEOMETRIES or self._layout.geometries.get(name) != WKB:
                raise NotKnownError
            self._add(place, table_shapes(array)[0])
        else:
            self._add_plain(place, array)

    def _add_placed(self, place: Place, array: pa.Array) -> None:
        if len(place) == 1:
            if place[0] in {*BEFORE_GEOMETRY, *AFTER_GEOMETRY, "geometry", "bbox"}:
                raise NotKnownError
            self._add_plain(place, array)
        else:
            self._add_property(place[1], array)


_DEFAULTS = {"type": FEATURE, "links": [], "assets": {}}
"""What an item must have, where the table has nothing."""


def _check_type(column: pa.Array) -> None:
    """Refuse rows that are something else than items."""
    if not pa.types.is_null(column.type) and not pc.all(pc.equal(column, FEATURE), min_count=0).as_py():
        raise NotKnownError


def _members_of(column: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """Give the members of the properties in one column."""
    column = as_json(column)
    if not pa.types.is_struct(column.type) or column.null_count:
        raise NotKnownError
    return zip((field.name for field in column.type), column.flatten(), strict=True)


def _instants(name: str, array: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """Make timestamps as our files have them, and the texts of those that say more."""
    types = pa.types
    if types.is_null(array.type):
        return pa.nulls(len(array), MICROSECONDS), None
    if not types.is_timestamp(array.type):
        written = array if types.is_string(array.type) else texts_of(array) if types.is_date(array.type) else None
        if written is None:
            raise NotKnownError
        made = instants_of(name, written.to_pylist())
        return made.column, made.texts
    unit = array.type.unit
    moments = array.view(pa.timestamp(unit, "UTC"))  # those without a zone are taken for UTC
    ends = pc.min_max(moments.view(pa.int64())).as_py()
    if ends["min"] is not None and not _FIRST <= ends["min"] // _TICKS[unit] <= ends["max"] // _TICKS[unit] <= _LAST:
        raise NotKnownError
    try:
        return moments.cast(MICROSECONDS), None
    except pa.ArrowInvalid:
        return moments.cast(NANOSECONDS), None
