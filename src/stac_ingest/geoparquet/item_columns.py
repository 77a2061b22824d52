"""Items to columns: flattened properties, instants, boxes and Well-Known Binary, as STAC-GeoParquet has them.

Layout: https://github.com/radiantearth/stac-geoparquet-spec, version 1.1.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa
import shapely

from stac_ingest.core.model import Item
from stac_ingest.errors import ItemError
from stac_ingest.geoparquet.schema_merge import json_column
from stac_ingest.geoparquet.stac_schema import MEMBERS, MORE_GEOMETRIES

INSTANTS = frozenset(
    {"datetime", "start_datetime", "end_datetime", "created", "updated", "published", "expires", "unpublished"}
)
"""Properties that are stored as instants, not as text."""

SIDES = {4: ("xmin", "ymin", "xmax", "ymax"), 6: ("xmin", "ymin", "zmin", "xmax", "ymax", "zmax")}
INSTANT = pa.timestamp("us", "UTC")


def table_of(items: Sequence[Item]) -> pa.Table:
    """Make a table with a row for each item.

    Raises:
        ItemError: an item has a geometry, a box or an instant that is none, or a property named like a member.

    """
    rows = [_row(item) for item in items]
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: _column(name, [row.get(name) for row in rows]) for name in names}
    columns["geometry"] = _shapes("geometry", [item.get("geometry") for item in items])
    return pa.table(columns)


def _row(item: Item) -> dict[str, Any]:
    row = {name: item[name] for name in MEMBERS if item.get(name) is not None}
    if item.get("bbox") is not None:
        row["bbox"] = _box(item["bbox"])
    for name, value in (item.get("properties") or {}).items():
        if name in MEMBERS or name in {"bbox", "geometry"}:
            raise ItemError(f"its property {name!r} has the name of a member of the item")
        row[name] = _instant(name, value) if name in INSTANTS else value
    return row


def _box(box: Any) -> dict[str, float]:
    if not isinstance(box, list) or len(box) not in SIDES:
        raise ItemError(f"its bbox is {box!r:.60}, expected 4 or 6 numbers")
    return {side: float(value) for side, value in zip(SIDES[len(box)], box, strict=True)}


def _instant(name: str, value: Any) -> dt.datetime | None:
    if value is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ItemError(f"its {name} is {value!r:.60}, expected an RFC 3339 date and time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _column(name: str, values: list[Any]) -> pa.Array:
    if name in INSTANTS:
        return pa.array(values, INSTANT)
    return _shapes(name, values) if name in MORE_GEOMETRIES else _values(values)


def _values(values: list[Any]) -> pa.Array:
    try:
        column = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return _mixed(values)
    return pa.array([_filled(value) for value in values]) if _has_hollow(column.type) else column


def _mixed(values: list[Any]) -> pa.Array:
    """Make a column of values that share no type: of objects, member by member, else of JSON."""
    if not all(value is None or isinstance(value, dict) for value in values):
        return json_column(values)
    names = list(dict.fromkeys(name for value in values for name in value or ()))
    members = [_values([None if value is None else value.get(name) for value in values]) for name in names]
    missing = pa.array([value is None for value in values])
    return pa.StructArray.from_arrays(members, names=names, mask=missing)


def _has_hollow(kind: pa.DataType) -> bool:
    """Tell whether a type has an object without members in it, which Parquet can't hold."""
    if pa.types.is_struct(kind):
        return kind.num_fields == 0 or any(_has_hollow(field.type) for field in kind)
    return pa.types.is_list(kind) and _has_hollow(kind.value_type)


def _filled(value: Any) -> Any:
    """Leave out objects without members."""
    if isinstance(value, dict):
        return {key: _filled(member) for key, member in value.items() if member != {}} or None
    if isinstance(value, list):
        return [_filled(member) for member in value]
    return value


def _shapes(name: str, values: Sequence[Any]) -> pa.Array:
    texts = [None if value is None else orjson.dumps(value).decode() for value in values]
    try:
        return pa.array(shapely.to_wkb(shapely.from_geojson(texts), flavor="iso"), pa.binary())
    except (shapely.errors.GEOSException, ValueError) as error:
        raise ItemError(f"its {name} is not GeoJSON: {error}") from error
