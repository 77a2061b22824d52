"""What the columns of a Parquet file are to a STAC Item."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa

MEMBERS = ("type", "stac_version", "stac_extensions", "id", "links", "assets", "collection")
"""Columns that are members of the item itself; every other one but geometry and bbox is a property."""

DEFAULT_GEOMETRY = "geometry"
PROPERTIES = "properties"
PLACES_KEY = "stac_ingest"
"""The key of a file's metadata under which our writer says which columns aren't what their names make them.

Its value is JSON: `{"places": {"item.title": ["title"], "properties.id": ["properties", "id"]}}`. Such a column is a
member of the item, or a property; where it isn't null, it goes before another column for the same place.
"""

Place: TypeAlias = tuple[str, ...]
"""Where a value is in an item: `("title",)` or `("properties", "title")`."""
MORE_GEOMETRIES = frozenset({"proj:geometry"})
"""Properties that are Well-Known Binary too, by the STAC-GeoParquet specification."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a STAC-GeoParquet file, by their part in an item."""

    members: tuple[str, ...]
    properties: tuple[str, ...]
    geometry: str
    geometries: frozenset[str]
    """Every column of Well-Known Binary, properties included."""
    bbox: str | None
    places: Mapping[Place, str]
    """Columns that are elsewhere in an item than their names say, by where that is; empty but in files of our own."""
    is_ours: bool
    """Whether our writer made the file: then a null is a member that the item doesn't have, whatever member it is."""


def layout_of(schema: pa.Schema) -> Layout | None:
    """Find the parts of an item among the columns; None where the file isn't STAC-GeoParquet.

    It is when it has an `id`, `assets` or `links`, and a geometry column of Well-Known Binary: the primary column that
    the `geo` metadata name, or `geometry` where they name none or one that isn't there.
    """
    names = schema.names
    if len(set(names)) != len(names):
        return None
    metadata = _geo_metadata(schema)
    geometry = _geometry_column(schema, metadata.get("primary_column"))
    places = _places(schema)
    if geometry is None or "id" not in names or (places is None and not {"assets", "links"} & set(names)):
        return None
    described = metadata.get("columns")
    wanted = MORE_GEOMETRIES | set(described if isinstance(described, dict) else ())
    geometries = frozenset(name for name in names if name in wanted and _is_binary(schema.field(name).type))
    bbox = "bbox" if "bbox" in names and _is_box(schema.field("bbox").type) else None
    members = tuple(name for name in MEMBERS if name in names)
    taken = {*members, geometry, bbox, *(places or {}).values()}
    properties = tuple(name for name in names if name not in taken)
    return Layout(members, properties, geometry, geometries | {geometry}, bbox, places or {}, places is not None)


def drop_string_views(schema: pa.Schema) -> pa.Schema:
    """Give the schema with plain strings for string views, which Arrow can't filter."""
    return pa.schema([field.with_type(_without_views(field.type)) for field in schema], metadata=schema.metadata)


def _without_views(kind: pa.DataType) -> pa.DataType:
    types = pa.types
    if types.is_string_view(kind):
        return pa.string()
    if types.is_binary_view(kind):
        return pa.binary()
    if types.is_struct(kind):
        return pa.struct([field.with_type(_without_views(field.type)) for field in kind])
    if types.is_map(kind):
        return pa.map_(_without_views(kind.key_type), _without_views(kind.item_type))
    if types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_without_views(kind.value_type)))
    return kind


def _geometry_column(schema: pa.Schema, named: Any) -> str | None:
    for name in (named, DEFAULT_GEOMETRY):
        if isinstance(name, str) and name in schema.names and _is_binary(schema.field(name).type):
            return name
    return None


def _geo_metadata(schema: pa.Schema) -> dict[str, Any]:
    return _metadata(schema, "geo") or {}


def _places(schema: pa.Schema) -> dict[Place, str] | None:
    """Read where columns are in an item; None where our writer didn't make the file."""
    metadata = _metadata(schema, PLACES_KEY)
    if metadata is None:
        return None
    named = metadata.get("places")
    places = {}
    for column, place in named.items() if isinstance(named, dict) else ():
        texts = isinstance(place, list) and all(isinstance(name, str) for name in place)
        whole = texts and (len(place) == 1 or (len(place) == 2 and place[0] == PROPERTIES))  # noqa: PLR2004 - a pair
        if whole and place not in ([PROPERTIES], ["id"]) and column in schema.names:
            places[tuple(place)] = column
    return places


def _metadata(schema: pa.Schema, key: str) -> dict[str, Any] | None:
    try:
        metadata = json.loads((schema.metadata or {}).get(key.encode(), b""))
    except ValueError:
        return None
    return metadata if isinstance(metadata, dict) else None


def _is_binary(kind: pa.DataType) -> bool:
    types = pa.types
    storage = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    return any(test(storage) for test in (types.is_binary, types.is_large_binary, types.is_binary_view))


def _is_box(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return {"xmin", "ymin", "xmax", "ymax"} <= {field.name for field in kind}
    is_list = pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(is_list and pa.types.is_floating(kind.value_type))
