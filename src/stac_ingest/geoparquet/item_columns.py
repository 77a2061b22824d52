"""Items to columns: flattened properties, instants, boxes and Well-Known Binary, as STAC-GeoParquet has them.

Layout: https://github.com/radiantearth/stac-geoparquet-spec, version 1.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import pyarrow as pa

from stac_ingest.core.finite import with_finite_numbers
from stac_ingest.core.instants import INSTANTS
from stac_ingest.core.model import Item
from stac_ingest.errors import ItemError
from stac_ingest.geoparquet.geo_metadata import Outline
from stac_ingest.geoparquet.instants import instants_of
from stac_ingest.geoparquet.item_boxes import boxes_of
from stac_ingest.geoparquet.shape_columns import shapes_of
from stac_ingest.geoparquet.stac_schema import MORE_GEOMETRIES, PROPERTIES, Place
from stac_ingest.geoparquet.value_columns import ColumnMaker, members

_GEOMETRY = "geometry"
_BOX = "bbox"


class Slot(NamedTuple):
    """What a column holds."""

    place: Place
    is_original: bool = False
    """Whether it is what was given, where another column for the same place holds less."""


class ItemColumns(NamedTuple):
    """Some items as columns."""

    columns: dict[Slot, pa.Array]
    """A column for each member and property that an item has, each with as many rows as there are items.

    A null is a member that isn't there. `geometry` is there always, as Well-Known Binary (`binary`) in ISO's flavour;
    so is `proj:geometry` if it is there at all. `bbox` is a struct of float64, with `item_boxes.FLAT_SIDES` or
    `SOLID_SIDES`. The properties in `INSTANTS` are timestamps in UTC, of microseconds or nanoseconds. The other columns
    are of null, bool, int64, float64, string, JSON (`json_text.JSON`), or lists (`list`) and structs of these.
    """
    outline: Outline
    """Of the geometries."""
    null_members: int = 0
    """Null members, which the columns don't tell from missing ones."""
    changes: Sequence[tuple[Item, str, str]] = ()
    """Values that the columns don't have: the item, where the value was, and what became of it."""


def columns_of(items: Sequence[Item]) -> ItemColumns:
    """Make columns with a row for each item.

    Args:
        items: at least one. Some hundreds at a time are the fastest, since these stay in the processor's caches.

    Raises:
        ItemError: an item has a geometry, a box or an instant that is none; or text that UTF-8 can't hold.
        TypeError, ValueError: it holds something that JSON can't.

    """
    try:
        found, all_finite = _columns(items, ColumnMaker())
        if all_finite:
            return found
        finite = [(item, *with_finite_numbers(item)) for item in items]
        changes = [(item, place, what) for item, _, changed in finite for place, what in changed]
        return _columns([item for _, item, _ in finite], ColumnMaker())[0]._replace(changes=changes)
    except UnicodeEncodeError as error:
        raise ItemError(f"it has text that UTF-8 can't hold: {error.object!a:.60}") from None
    except RecursionError:
        raise ItemError("it is nested too deeply") from None


def _columns(items: Sequence[Item], maker: ColumnMaker) -> tuple[ItemColumns, bool]:
    columns: dict[Slot, pa.Array] = {}
    for name in _names(items):
        if name not in {PROPERTIES, _GEOMETRY}:
            values = members(name, items)
            if name == _BOX:
                columns |= _with_originals((_BOX,), *boxes_of(values))
            else:
                columns[Slot((name,))] = maker.column(values)
            maker.count_nulls(name, items, columns[Slot((name,))])
    properties = [_properties(item) for item in items]
    for name in _names(properties):
        made = _property(name, members(name, properties), maker)
        columns |= made
        if name != "datetime":  # null is one of its values
            maker.count_nulls(name, properties, next(iter(made.values())))
    geometry = shapes_of(_GEOMETRY, members(_GEOMETRY, items), strict=True)
    columns |= _with_originals((_GEOMETRY,), geometry.column, geometry.originals)
    return ItemColumns(columns, geometry.outline, maker.null_members), maker.all_finite


def _names(objects: Sequence[dict[str, Any]]) -> dict[str, None]:
    """Return the names of all members, each of which may become that of a column.

    Raises:
        UnicodeEncodeError: one has a lone surrogate, which JSON allows.

    """
    names = dict.fromkeys(chain.from_iterable(objects))
    "".join(names).encode()
    return names


def _properties(item: Item) -> dict[str, Any]:
    properties = item.get(PROPERTIES)
    if properties is None:
        return {}
    if not isinstance(properties, dict):
        raise ItemError(f"its properties are {properties!r:.60}, expected an object")
    held: dict[str, Any] = properties
    return held


def _property(name: str, values: list[Any], maker: ColumnMaker) -> dict[Slot, pa.Array]:
    place = (PROPERTIES, name)
    if name in INSTANTS:
        return _with_originals(place, *instants_of(name, values))
    if name in MORE_GEOMETRIES:
        shapes = shapes_of(name, values, strict=False)
        return _with_originals(place, shapes.column, shapes.originals)
    return {Slot(place): maker.column(values)}


def _with_originals(place: Place, column: pa.Array, originals: pa.Array | None) -> dict[Slot, pa.Array]:
    columns = {Slot(place): column}
    if originals is not None:
        columns[Slot(place, is_original=True)] = originals
    return columns
