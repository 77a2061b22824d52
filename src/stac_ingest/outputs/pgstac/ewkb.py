"""GeoJSON to the binary form of PostGIS: little-endian EWKB of SRID 4326."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from struct import error as StructError  # noqa: N812 - it is a class
from struct import pack
from typing import Any

from stac_ingest.errors import ItemError

_Z, _SRID = 0x80000000, 0x20000000
_SRID_4326 = (4326).to_bytes(4, "little")
_FLAT, _SOLID = 2, 3
_KINDS = {
    "Point": 1,
    "LineString": 2,
    "Polygon": 3,
    "MultiPoint": 4,
    "MultiLineString": 5,
    "MultiPolygon": 6,
    "GeometryCollection": 7,
}
_PARTS = {"MultiPoint": "Point", "MultiLineString": "LineString", "MultiPolygon": "Polygon"}
_DEEPEST = 32
"""Collections in collections."""
_MEMBERS = {"type", "coordinates", "geometries", "bbox"}


def ewkb(geometry: dict[str, Any], lost: Callable[[str], None]) -> bytes:
    """Encode a geometry.

    Args:
        geometry: as GeoJSON has it.
        lost: told in words of what has no place in the binary form, and is left out.

    Raises:
        ItemError: it is no geometry.

    """
    others = geometry.keys() - _MEMBERS
    if others:
        lost(f"members that PostGIS has no place for were left out: {', '.join(sorted(map(str, others)))}")
    kind = geometry.get("type")
    # Most footprints are polygons of one ring, on the plane.
    if kind == "Polygon":
        try:
            (ring,) = geometry["coordinates"]
            numbers = list(chain.from_iterable(ring))
            if set(map(len, ring)) == {2} and bool not in set(map(type, numbers)):
                return pack(f"<BI4sII{len(numbers)}d", 1, 3 | _SRID, _SRID_4326, 1, len(ring), *numbers)
        except (KeyError, TypeError, ValueError, OverflowError, StructError):
            pass  # another polygon, or none: found out below
    try:
        return _encoded(geometry, _size(geometry, lost), 0, outermost=True)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, StructError) as error:
        raise ItemError(f"its geometry is none: {type(error).__name__}: {error}") from None


def _size(geometry: dict[str, Any], lost: Callable[[str], None]) -> int:
    """Return how many numbers its positions have."""
    sizes: set[int] = set()
    waiting: list[tuple[Any, int]] = [(geometry, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > _DEEPEST:
            raise ItemError(f"its geometry is deeper than {_DEEPEST} collections")
        if isinstance(value, dict):
            inside = value["geometries"] if value["type"] == "GeometryCollection" else [value["coordinates"]]
            waiting += [(one, depth + 1) for one in inside]
        elif isinstance(value, list) and value and isinstance(value[0], list):
            waiting += [(one, depth + 1) for one in value]
        elif isinstance(value, list) and value:
            sizes.add(len(value))
    if any(size < _FLAT for size in sizes):
        raise ItemError("its geometry has a position of fewer than two numbers")
    if any(size > _SOLID for size in sizes):
        lost("numbers of a position beyond the third were left out")
    sizes = {min(size, _SOLID) for size in sizes}
    if len(sizes) > 1:
        raise ItemError("its geometry has positions of two and of three numbers")
    return sizes.pop() if sizes else _FLAT


def _encoded(geometry: dict[str, Any], size: int, depth: int, *, outermost: bool = False) -> bytes:
    kind = geometry["type"]
    number = _KINDS.get(kind) if isinstance(kind, str) else None
    if number is None:
        raise ItemError(f"its geometry is of the type {kind!r:.60}, which GeoJSON doesn't have")
    head = pack("<BI", 1, number | (_Z if size == _SOLID else 0) | (_SRID if outermost else 0))
    return head + (_SRID_4326 if outermost else b"") + _body(geometry, kind, size, depth)


def _body(geometry: dict[str, Any], kind: str, size: int, depth: int) -> bytes:
    if kind == "GeometryCollection":
        return _counted([_encoded(part, size, depth + 1) for part in geometry["geometries"]])
    coordinates = geometry["coordinates"]
    if not isinstance(coordinates, list):
        raise ItemError("the coordinates of its geometry aren't a list")
    if kind == "Point":
        return _position(coordinates, size) if coordinates else pack("<d", float("nan")) * size
    if kind == "LineString":
        return _line(coordinates, size)
    if kind == "Polygon":
        return _counted([_line(ring, size) for ring in coordinates])
    part = _PARTS[kind]
    return _counted([_encoded({"type": part, "coordinates": one}, size, depth + 1) for one in coordinates])


def _line(positions: list[Any], size: int) -> bytes:
    return _counted([_position(position, size) for position in positions])


def _position(position: list[Any], size: int) -> bytes:
    numbers = [float(number) for number in position[:size] if type(number) is float or type(number) is int]
    if len(numbers) != size:
        raise ItemError("its geometry has a position that isn't of numbers")
    return pack(f"<{size}d", *numbers)


def _counted(parts: list[bytes]) -> bytes:
    return len(parts).to_bytes(4, "little") + b"".join(parts)
