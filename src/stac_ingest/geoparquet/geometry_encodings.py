"""How columns hold geometries, told by their types."""

from __future__ import annotations

import pyarrow as pa

WKB, TEXT, GEOJSON = "Well-Known Binary", "GeoJSON or Well-Known Text", "GeoJSON"
NATIVE = {
    "point": "Point",
    "linestring": "LineString",
    "polygon": "Polygon",
    "multipoint": "MultiPoint",
    "multilinestring": "MultiLineString",
    "multipolygon": "MultiPolygon",
}
"""GeoArrow's encodings, which GeoParquet 1.1 has too, and GeoJSON's names of the same."""


def encoding_of(field: pa.Field, said: str | None) -> str | None:
    """Tell how a column holds geometries; None where it holds none.

    Args:
        field: of the column.
        said: the encoding that the `geo` metadata name.

    """
    kind, types = storage_of(field.type), pa.types
    named = (said or _extension_name(field).removeprefix("geoarrow.")).lower()
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind):
        return WKB
    if _is_text(kind) or isinstance(kind, pa.JsonType):
        return TEXT
    if types.is_null(kind):
        return GEOJSON
    if types.is_struct(kind):
        members = {member.name for member in kind}
        if "type" in members and members & {"coordinates", "geometries"}:
            return GEOJSON
        return (named if named in NATIVE else "point") if {"x", "y"} <= members else None
    return named if named in NATIVE and named != "point" else None


def storage_of(kind: pa.DataType) -> pa.DataType:
    """Give the type behind a dictionary or an extension type, but for JSON."""
    while not isinstance(kind, pa.JsonType):
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        elif isinstance(kind, pa.DictionaryType):
            kind = kind.value_type
        else:
            break
    return kind


def _extension_name(field: pa.Field) -> str:
    if isinstance(field.type, pa.BaseExtensionType):
        return str(field.type.extension_name)
    name: bytes = (field.metadata or {}).get(b"ARROW:extension:name", b"")
    return name.decode(errors="replace")


def _is_text(kind: pa.DataType) -> bool:
    return any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))
