"""Items to flat rows, as users lay them out for a table, and rows back to items, by the types of their columns.

Rows are turned back here without anything of `stac_ingest`: this is what its reading is held against.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import uuid
from typing import Any, TypeAlias

Item: TypeAlias = dict[str, Any]

MEMBERS = ("type", "stac_version", "stac_extensions", "id", "links", "assets", "collection")
INSTANTS = frozenset({"datetime", "start_datetime", "end_datetime", "created", "updated"})
SIDES = {4: ("xmin", "ymin", "xmax", "ymax"), 6: ("xmin", "ymin", "zmin", "xmax", "ymax", "zmax")}


def flat(item: Item, *, times: str = "instants", box: str = "sides", nested: bool = False) -> Item:
    """Give an item as a row.

    Args:
        item: a STAC Item.
        times: `instants` as objects, or `text` as in the item.
        box: `sides` by name, or a `list`.
        nested: whether properties stay one object.

    """
    import shapely  # noqa: PLC0415 - not every program that reads a table has it

    row = {name: value for name, value in item.items() if name not in {"geometry", "bbox", "properties"}}
    shape = item["geometry"]
    row["geometry"] = None if shape is None else shapely.to_wkb(shapely.from_geojson(json.dumps(shape)), flavor="iso")
    if item.get("bbox") is not None:
        row["bbox"] = item["bbox"] if box == "list" else dict(zip(SIDES[len(item["bbox"])], item["bbox"], strict=True))
    properties = {
        name: dt.datetime.fromisoformat(value) if times == "instants" and name in INSTANTS and value else value
        for name, value in item["properties"].items()
    }
    return {**row, "properties": properties} if nested else {**row, **properties}


def names_of(rows: list[Item]) -> list[str]:
    """Give the names of all columns, in the order in which they are met."""
    return list(dict.fromkeys(name for row in rows for name in row))


def items_of_table(table: Any) -> list[Item]:
    """Give the items of an Arrow table, each value by the type of its column."""
    import pyarrow as pa  # noqa: PLC0415 - not every program that writes a table has it

    table = pa.table(table)
    columns = [
        [by_type(value, field.type) for value in table[number].to_pylist()] for number, field in enumerate(table.schema)
    ]
    rows = (dict(zip(table.schema.names, row, strict=True)) for row in zip(*columns, strict=True))
    return [item_of(row, keeps_nulls=True) for row in rows]


def by_type(value: Any, kind: Any) -> Any:  # noqa: PLR0911 - one way out for each kind of type
    """Give a value that Arrow made of a column in the form that JSON has: parsed JSON, and maps as objects."""
    import pyarrow as pa  # noqa: PLC0415 - same

    types = pa.types
    if value is None:
        return None
    if isinstance(kind, pa.JsonType):
        return json.loads(value)
    if isinstance(kind, pa.BaseExtensionType) and not isinstance(kind, pa.UuidType):
        return by_type(value, kind.storage_type)
    if types.is_struct(kind):
        members = ((field.name, by_type(value[field.name], field.type)) for field in kind)
        return {name: member for name, member in members if member is not None}
    if types.is_map(kind):
        return {name: by_type(member, kind.item_type) for name, member in value}
    if isinstance(value, list):
        return [by_type(member, kind.value_type) for member in value]
    if types.is_float32(kind):
        import numpy as np  # noqa: PLC0415 - same

        return float(str(np.float32(value)))  # what was meant, and not what a float of 64 bits makes of it
    return value


def item_of(row: Item, *, keeps_nulls: bool = False) -> Item:
    """Give a row as an item: members and properties apart, and the geometry as GeoJSON.

    Args:
        row: by column.
        keeps_nulls: whether the nulls in objects are of the item, and not of the table.

    """
    row = {name: simple(value, keeps_nulls=keeps_nulls) if name != "geometry" else value for name, value in row.items()}
    item = {name: _object(name, row.pop(name)) for name in MEMBERS if row.get(name) is not None}
    item["geometry"] = _shape(row.pop("geometry", None))
    box = _object("bbox", row.pop("bbox", None))
    if isinstance(box, dict):
        sides = SIDES[6] if all(name in box for name in SIDES[6]) else SIDES[4]
        box = [box[name] for name in sides] if all(name in box for name in sides) else None
    if box is not None:
        item["bbox"] = box
    inner = row.pop("properties", None)
    others = {name: value for name, value in row.items() if value is not None}
    item["properties"] = {**({} if inner is not None else others), **(inner or {})}
    if inner is not None:
        item.update(others)
    item["properties"].setdefault("datetime", None)
    for name, value in {"type": "Feature", "links": [], "assets": {}}.items():
        item.setdefault(name, value)
    return item


def _object(name: str, value: Any) -> Any:
    """Give a member that is no text, though the table holds it as text."""
    is_text = isinstance(value, str) and name in {"links", "assets", "stac_extensions", "bbox"}
    return json.loads(value) if is_text else value


def simple(value: Any, *, keeps_nulls: bool = False) -> Any:  # noqa: PLR0911 - one way out for each kind of value
    """Give a value of Python as JSON has it."""
    if isinstance(value, dict):
        members = ((name, simple(member, keeps_nulls=keeps_nulls)) for name, member in value.items())
        return {name: member for name, member in members if keeps_nulls or member is not None}
    if isinstance(value, list | tuple):
        return [simple(member, keeps_nulls=keeps_nulls) for member in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, dt.datetime):  # pandas has one with nanoseconds
        return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, uuid.UUID):
        return str(value)
    return simple(value.tolist(), keeps_nulls=keeps_nulls) if hasattr(value, "tolist") else str(value)


def _shape(value: Any) -> Any:
    import shapely  # noqa: PLC0415 - not every program that reads a table has it

    if isinstance(value, str):
        return (
            json.loads(value)
            if value.lstrip().startswith("{")
            else json.loads(shapely.to_geojson(shapely.from_wkt(value)))
        )
    if isinstance(value, bytes):
        value = shapely.from_wkb(value)
    if isinstance(value, shapely.Geometry):
        return json.loads(shapely.to_geojson(value))
    return simple(value)
