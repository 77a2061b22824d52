"""The terms of a search as users write them, in the one form that they are used in: that of the body of a POST."""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

import orjson

ALWAYS = (
    *("type", "stac_version", "id", "collection", "geometry"),
    *("properties.datetime", "properties.start_datetime", "properties.end_datetime"),
)
"""Fields that no item goes without: what it is, which one, where and when."""
_DIRECTIONS = {"asc": "asc", "desc": "desc", "ascending": "asc", "descending": "desc"}
_LARGEST = 64 << 20
"""Bytes of a file with a geometry or with ids."""


def intersects_of(value: Any) -> Any:
    """Return a GeoJSON geometry: of an object, of text, or of a file; of a Feature its own, of several their union.

    Raises:
        ValueError: it is none, or the file can't be read.

    """
    found = value
    if isinstance(value, str):
        try:
            found = orjson.loads(value if value.lstrip()[:1] in ("{", "[") else _content(value))
        except orjson.JSONDecodeError as error:
            raise ValueError(f"{value!r:.60} is not GeoJSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"a GeoJSON geometry is expected, not {found!r:.60}")  # noqa: TRY004 - a value in a text
    return _geometry_of(found)


def ids_of(value: Any) -> Any:
    """Return ids: of a list, of text with commas between them, or of a file (`@FILE`) with one a line.

    Raises:
        ValueError: the file can't be read, or there is none in it.

    """
    if isinstance(value, str):
        if value.startswith("@"):
            found = [line.strip() for line in _content(value[1:]).decode(errors="replace").splitlines()]
        else:
            found = [one.strip() for one in value.split(",")]
        value = [one for one in found if one]
    if isinstance(value, list):
        if not value:
            raise ValueError("no id is given")
        # YAML makes a number of an id of digits.
        value = [str(one) if type(one) is int else one for one in value]
        if all(isinstance(one, str) for one in value):
            return list(dict.fromkeys(value))
    return value


def collections_of(value: Any) -> Any:
    """Return ids of collections: of a list, or of text with commas between them."""
    if isinstance(value, str):
        return [one.strip() for one in value.split(",") if one.strip()]
    return value


def sortby_of(value: Any) -> Any:
    """Return the fields to sort by, in order: of text such as `-datetime,+id`, or of a list of these or of objects.

    Raises:
        ValueError: a field has no name, or another direction than `asc` and `desc`.

    """
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        return value
    return [_sort_field(one) for one in value]


def fields_of(value: Any) -> Any:
    """Return which fields items have: of text such as `id,properties.eo:cloud_cover,-assets`, a list, or an object.

    Raises:
        ValueError: a field that no item goes without is to be left out.

    """
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        named = [one.strip() for one in value if one.strip().strip("+-")]
        value = {
            "include": [one.removeprefix("+") for one in named if one[0] != "-"],
            "exclude": [one[1:] for one in named if one[0] == "-"],
        }
    if not isinstance(value, dict) or not {*value} <= {"include", "exclude"}:
        raise ValueError(f"{value!r:.60} isn't a list of fields such as `properties.eo:cloud_cover,-assets`")
    value = {name: value.get(name) or [] for name in ("include", "exclude")}
    needed = [one for one in value["exclude"] if one in {*ALWAYS, "properties"}]
    if needed:
        raise ValueError(f"{', '.join(needed)} can't be left out: no item goes without")
    return value


def _sort_field(value: Any) -> Any:
    if isinstance(value, str):
        text = value.strip()
        value = {"field": text.lstrip("+-"), "direction": "desc" if text.startswith("-") else "asc"}
    if not isinstance(value, dict) or not isinstance(value.get("field"), str) or not value["field"]:
        raise ValueError(f"{value!r:.60} names no field; write `-datetime`, or {{field: datetime, direction: desc}}")
    direction = _DIRECTIONS.get(str(value.get("direction", "asc")).lower())
    if direction is None or not {*value} <= {"field", "direction"}:
        raise ValueError(f"{value!r:.60}: a direction is asc or desc")
    return {"field": value["field"], "direction": direction}


def _geometry_of(found: dict[str, Any]) -> dict[str, Any]:
    from stac_ingest.core.shapes import checked_geometry  # noqa: PLC0415 - few searches have a geometry

    if found.get("type") == "FeatureCollection":
        features = found.get("features")
        members = [one for one in features if isinstance(one, dict)] if isinstance(features, list) else []
        shapes = [checked_geometry(shape) for one in members if isinstance(shape := one.get("geometry"), dict)]
        if not shapes:
            raise ValueError("the FeatureCollection has no geometry")
        return shapes[0] if len(shapes) == 1 else _union(shapes)
    if found.get("type") == "Feature":
        found = found.get("geometry") or {}
    return checked_geometry({name: found[name] for name in ("type", "coordinates", "geometries") if name in found})


def _union(shapes: list[dict[str, Any]]) -> dict[str, Any]:
    import shapely  # noqa: PLC0415 - same

    union = shapely.union_all([shapely.from_geojson(orjson.dumps(one).decode()) for one in shapes])
    made: dict[str, Any] = orjson.loads(shapely.to_geojson(union))
    return made


def _content(path: str) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path!r:.100} can't be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > _LARGEST:
        raise ValueError(f"{path!r:.100} has more than {_LARGEST >> 20} MiB")
    return content.removeprefix(BOM_UTF8)
