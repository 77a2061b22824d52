"""GeoJSON of all forms to a column of Well-Known Binary by GEOS, and GeoJSON itself where that holds less of it.

Well-Known Binary has no members beside the coordinates (`crs`, `bbox`), no fourth number of a position, and no ring
without points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from stac_ingest.core.distinct import distinct
from stac_ingest.errors import ItemError
from stac_ingest.geoparquet.geo_metadata import Outline
from stac_ingest.geoparquet.json_text import json_column, json_text
from stac_ingest.geoparquet.plain_shapes import EXACT, PLAIN, Shapes
from stac_ingest.geoparquet.wkb import geojson_column

_AXES = 3
_NAMES = {
    "POINT": "Point",
    "LINESTRING": "LineString",
    "LINEARRING": "LineString",
    "POLYGON": "Polygon",
    "MULTIPOINT": "MultiPoint",
    "MULTILINESTRING": "MultiLineString",
    "MULTIPOLYGON": "MultiPolygon",
    "GEOMETRYCOLLECTION": "GeometryCollection",
}

Geometries: TypeAlias = npt.NDArray[np.object_]


def geos_shapes(name: str, values: Sequence[Any], *, strict: bool) -> Shapes:
    """Make a column of geometries of all forms, as `shape_columns.shapes_of` does."""
    texts = [None if value is None else json_text(value) for value in values]
    try:
        geometries = shapely.from_geojson(texts)
        bounds = shapely.bounds(geometries)
        doubtful = _doubtful(values, texts, geometries, bounds)
    except (shapely.errors.GEOSException, ValueError):
        found = [_geometry(name, value, text, strict) for value, text in zip(values, texts, strict=True)]
        geometries = np.array([*found, None], object)[:-1]  # else numpy looks into them
        bounds = shapely.bounds(geometries)
        doubtful = [row for row, value in enumerate(values) if value is not None]
    column = pa.array(shapely.to_wkb(geometries, flavor="iso").tolist(), pa.binary())
    less = _with_less(column, values, doubtful) if doubtful else set[int]()
    originals = [value if row in less else None for row, value in enumerate(values)] if less else None
    return Shapes(column, None if originals is None else json_column(originals), outline_of(geometries, bounds))


def _with_less(column: pa.Array, values: Sequence[Any], doubtful: list[int]) -> set[int]:
    """Find the rows, among doubtful ones, whose geometry isn't what was given."""
    read, _ = geojson_column(column.take(pa.array(doubtful)))
    return {row for row, shape in zip(doubtful, read, strict=True) if shape != values[row]}


def _geometry(name: str, value: Any, text: str | None, strict: bool) -> Any:
    try:
        return shapely.from_geojson(text)
    except (shapely.errors.GEOSException, ValueError) as error:
        try:
            return shapely.from_geojson(json_text(_with_three_axes(value)))
        except (shapely.errors.GEOSException, ValueError):
            if strict:
                raise ItemError(f"its {name} is not GeoJSON: {error}") from error
            return None


def _doubtful(
    values: Sequence[Any], texts: Sequence[str | None], geometries: Geometries, bounds: npt.NDArray[np.float64]
) -> list[int]:
    """Find the geometries of which the column may hold less than was given.

    A geometry of two members and n numbers has n commas, and what is more adds commas. So all others are doubtful.
    """
    counts = (shapely.get_num_coordinates(geometries) * shapely.get_coordinate_dimension(geometries)).tolist()
    doubtful = [
        row
        for row, (value, text, count) in enumerate(zip(values, texts, counts, strict=True))
        if text is not None and (not isinstance(value, dict) or len(value) != PLAIN or text.count(",") != count)
    ]
    with np.errstate(invalid="ignore"):
        large = np.flatnonzero((np.abs(bounds) >= EXACT).any(axis=1)).tolist()
        high = np.flatnonzero(shapely.has_z(geometries))
        heights = np.abs(shapely.get_coordinates(geometries[high], include_z=True)[:, 2])
        if not (heights < EXACT).all():  # one that is missing isn't either, and would make up for a comma too many
            large += high.tolist()
    return sorted({*doubtful, *large}) if large else doubtful


def outline_of(geometries: Geometries, bounds: npt.NDArray[np.float64]) -> Outline:
    """Give the outline of shapely's geometries, None among them.

    Args:
        geometries: at least one, one for each item.
        bounds: west, south, east and north of each; NaN where there is no point.

    """
    # A number for each pair of a type and whether there are heights; below zero is no geometry.
    pairs = distinct(2 * shapely.get_type_id(geometries) + shapely.has_z(geometries)).tolist()
    kinds = {_NAMES[shapely.GeometryType(pair // 2).name] + " Z" * (pair % 2) for pair in pairs if pair >= 0}
    low, high = np.fmin.reduce(bounds[:, :2], axis=0).tolist(), np.fmax.reduce(bounds[:, 2:], axis=0).tolist()
    return Outline(frozenset(kinds), (*low, *high))


def _with_three_axes(value: Any) -> Any:
    """Cut positions to three numbers, which is what a geometry can have."""
    if isinstance(value, dict):
        return {name: _with_three_axes(member) for name, member in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(number, int | float) for number in value):
            return value[:_AXES]
        return [_with_three_axes(member) for member in value]
    return value
