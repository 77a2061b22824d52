"""Geometries of a table to those that our files have: Well-Known Binary in ISO's flavour."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import shapely

from stac_ingest.geoparquet.geo_metadata import Outline, outline_of
from stac_ingest.geoparquet.plain_columns import NotKnownError

_POINT, _LINE, _POLYGON, _LAST = 0, 1, 3, 6
_RING = 2


def table_shapes(column: pa.Array) -> tuple[pa.Array, Outline]:
    """Make a column of geometries, and their outline.

    Args:
        column: of Well-Known Binary in any flavour; null stays null.

    Raises:
        NotKnownError: it holds what GeoJSON has no geometry for, or what our files have as JSON beside it: no geometry,
            one without points or in a part without points, coordinates that aren't finite, measures, a collection.

    """
    column = (column.storage if isinstance(column, pa.ExtensionArray) else column).cast(pa.binary())
    stored = column.to_pylist()
    given = np.array([*stored, None], object)[:-1]  # else numpy makes texts of a fixed width of them
    try:
        geometries = shapely.from_wkb(given)
        written = shapely.to_wkb(geometries, flavor="iso").tolist()
    except (NotImplementedError, shapely.errors.ShapelyError):
        raise NotKnownError from None
    kinds = shapely.get_type_id(geometries)
    _check(geometries, kinds)
    bounds = shapely.bounds(geometries)
    made = column if written == stored else pa.array(written, pa.binary())
    return made, outline_of(geometries, bounds)


def _check(geometries: np.ndarray, kinds: np.ndarray) -> None:
    if (kinds > _LAST).any() or (kinds == _RING).any() or shapely.has_m(geometries).any():
        raise NotKnownError
    if shapely.is_empty(geometries).any():
        raise NotKnownError
    high = shapely.has_z(geometries)
    for some, has_heights in ((geometries[~high], False), (geometries[high], True)):
        if not np.isfinite(shapely.get_coordinates(some, include_z=has_heights)).all():
            raise NotKnownError
    parts = shapely.get_parts(geometries[kinds > _POLYGON]) if (kinds > _POLYGON).any() else geometries[:0]
    polygons = np.concatenate([geometries[kinds == _POLYGON], parts[shapely.get_type_id(parts) == _POLYGON]])
    if shapely.is_empty(parts).any() or shapely.is_empty(shapely.get_rings(polygons)).any():
        raise NotKnownError
