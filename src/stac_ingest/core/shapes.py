"""Geometries in expressions."""

from __future__ import annotations

from typing import Any

import orjson

GEOMETRY_WORDS = frozenset(
    {
        *("point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
        "geometrycollection",
    }
)


def geometry_of_text(text: str) -> dict[str, Any]:
    """Read a geometry as WKT has it, and give it as GeoJSON.

    Raises:
        ValueError: it is none.

    """
    import shapely  # noqa: PLC0415 - few expressions have a geometry

    try:
        shape = shapely.from_wkt(text)
    except shapely.GEOSException as error:
        raise ValueError(f"{text!r:.60} is not a geometry: {_in_one_line(error)}") from None
    found: dict[str, Any] = orjson.loads(shapely.to_geojson(_sound(shape)))
    return found


def checked_geometry(value: dict[str, Any]) -> dict[str, Any]:
    """Check a geometry as GeoJSON has it.

    Raises:
        ValueError: it is none.

    """
    import shapely  # noqa: PLC0415 - same

    try:
        shape = shapely.from_geojson(orjson.dumps(value).decode())
    except (shapely.GEOSException, TypeError) as error:
        raise ValueError(f"not a geometry: {_in_one_line(error)}") from None
    _sound(shape)
    return value


def _sound(shape: Any) -> Any:
    import shapely  # noqa: PLC0415 - same

    if shape is None or shapely.is_empty(shape):
        raise ValueError("the geometry is empty")
    if not shapely.is_valid(shape):
        raise ValueError(f"the geometry is not valid: {_in_one_line(shapely.is_valid_reason(shape))}")
    return shape


def _in_one_line(what: object) -> str:
    return " ".join(str(what).split())[:120]
