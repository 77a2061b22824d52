"""Whether a geometry reaches into a box: exact, on the plane, as servers have it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import shapely

from stac_ingest.filters.boxes import Box, box_of

_COLLECTIONS = (
    shapely.GeometryType.MULTIPOINT,
    shapely.GeometryType.MULTILINESTRING,
    shapely.GeometryType.MULTIPOLYGON,
    shapely.GeometryType.GEOMETRYCOLLECTION,
)
_ANTIMERIDIAN = 180


def geometry_test(wanted: Box) -> Callable[[dict[str, Any], Box | None], bool | None]:
    """Make the test whether a GeoJSON geometry reaches into a box.

    The test takes the geometry, and the item's own box where it has one. It gives None for a geometry without a point,
    and for one that can't be read of an item without a box. What can't be read is taken by its box; so is a geometry
    that isn't cut at the antimeridian though its box crosses it, since on the plane it lies elsewhere.
    """

    def reaches(geometry: dict[str, Any], own: Box | None) -> bool | None:
        shape = _read(geometry)
        if shape is None:
            return None if own is None else True
        parts = _parts(shape)
        if not parts.size:
            return None
        if wanted.has_heights and not (own is not None and own.has_heights) and not _at_heights(parts, wanted):
            return False
        if own is not None and own.crosses and not _is_cut(parts, own):
            return True
        parts = _with_extent(parts)
        return any(bool(shapely.intersects(parts, area).any()) for area in _areas(wanted, parts))

    return reaches


def box_test(box: Box) -> Callable[[dict[str, Any]], bool | None]:
    """Make the test whether an item reaches into a box: by its own box first, then by its geometry.

    The test takes the item, and gives None where it has no geometry, or one without a point.
    """
    exact, all_heights = geometry_test(box), not box.has_heights

    def reaches(item: dict[str, Any]) -> bool | None:
        geometry, own = item.get("geometry"), box_of(item.get("bbox"))
        if type(geometry) is not dict:
            return None
        if own is not None:
            if not own.overlaps(box):
                return False
            if box.holds(own) and (all_heights or own.has_heights) and has_points(geometry):
                return True
        return exact(geometry, own)

    return reaches


def shape_test(area: dict[str, Any]) -> Callable[[dict[str, Any]], bool | None]:
    """Make the test whether an item's geometry meets a sound geometry, both as GeoJSON has them, on the plane.

    The test takes the item, and gives None where it has no geometry, or one without a point. Heights are left aside,
    and so is the item's own box.
    """
    wanted = _read(area)
    shapely.prepare(wanted)

    def meets(item: dict[str, Any]) -> bool | None:
        geometry = item.get("geometry")
        shape = _read(geometry) if type(geometry) is dict else None
        parts = None if shape is None else _parts(shape)
        if parts is None or not parts.size:
            return None
        try:
            return bool(shapely.intersects(wanted, _with_extent(parts)).any())
        except shapely.GEOSException:
            return None

    return meets


def area_test(area: dict[str, Any]) -> Callable[[dict[str, Any]], bool | None]:
    """Make the test whether an item meets a sound geometry: by its own box first, then by its geometry.

    The test takes the item, and gives None where it has no geometry, or one without a point. A geometry that isn't cut
    at the antimeridian, though its own box crosses it, is looked at as it lies on the plane.
    """
    box, meets = bounds_of(area), shape_test(area)

    def test(item: dict[str, Any]) -> bool | None:
        own = box_of(item.get("bbox"))
        if own is not None and type(item.get("geometry")) is dict and not own.overlaps(box):
            return False
        return meets(item)

    return test


def bounds_of(area: dict[str, Any]) -> Box:
    """Return the box around a sound geometry, without heights."""
    west, south, east, north = _read(area).bounds
    return Box(west, south, -math.inf, east, north, math.inf)


def has_points(geometry: dict[str, Any]) -> bool:
    """Say whether a geometry surely has a point, without making it: its first position is there."""
    value = geometry.get("coordinates")
    while type(value) is list and value:
        value = value[0]
    return type(value) is float or type(value) is int


def _read(geometry: dict[str, Any]) -> Any:
    try:
        return shapely.from_geojson(orjson.dumps(geometry).decode())
    except (shapely.GEOSException, TypeError):
        return None


def _parts(shape: Any) -> Any:
    """Give the points, lines and polygons of a geometry, however deep in collections; none that is empty."""
    parts = np.array([shape], object)
    while np.isin(shapely.get_type_id(parts), _COLLECTIONS).any():
        parts = shapely.get_parts(parts)
    return parts[~shapely.is_empty(parts)]


def _with_extent(parts: Any) -> Any:
    """Give lines and areas that have no extent as points and lines: GEOS finds that nothing meets them."""
    west, south, east, north = shapely.bounds(parts).T
    for index in np.flatnonzero((west == east) | (south == north)).tolist():
        parts[index] = _area(west[index], south[index], east[index], north[index])
    return parts


def _at_heights(parts: Any, wanted: Box) -> bool:
    """Say whether the heights of geometries meet those of a box. Without any they do: nothing says that they don't."""
    heights = shapely.get_coordinates(parts, include_z=True)[:, 2]
    heights = heights[~np.isnan(heights)]
    return not heights.size or bool(heights.min() <= wanted.top and heights.max() >= wanted.bottom)


def _is_cut(parts: Any, own: Box) -> bool:
    """Say whether geometries lie on either side of the antimeridian that their box crosses, each on one of them."""
    wests, _, easts, _ = shapely.bounds(parts).T
    beyond = (wests < -_ANTIMERIDIAN) | ((easts > _ANTIMERIDIAN) & (own.east < 0))
    return bool((((wests >= own.west) | (easts <= own.east)) & ~beyond).all())


def _areas(wanted: Box, parts: Any) -> list[Any]:
    """Give the box as areas on the plane: one, or what is west and what is east of the antimeridian."""
    if not wanted.crosses:
        return [_area(wanted.west, wanted.south, wanted.east, wanted.north)]
    west, _, east, _ = shapely.total_bounds(parts)
    return [
        _area(wanted.west, wanted.south, max(wanted.west, east), wanted.north),
        _area(min(wanted.east, west), wanted.south, wanted.east, wanted.north),
    ]


def _area(west: float, south: float, east: float, north: float) -> Any:
    if west < east and south < north:
        return shapely.box(west, south, east, north)
    if west == east and south == north:
        return shapely.Point(west, south)
    return shapely.LineString([(west, south), (east, north)])
