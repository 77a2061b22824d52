"""Well-Known Binary to GeoJSON text, a column at a time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import shapely


def geojson_column(column: pa.Array) -> tuple[pa.Array, list[int]]:
    """Turn a column of WKB into a column of GeoJSON text.

    Null stays null. A row whose bytes are no geometry becomes null too, and its number is in the second value.
    """
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    geometries = shapely.from_wkb(column.to_numpy(zero_copy_only=False), on_invalid="ignore")
    missing = shapely.is_missing(geometries) & column.is_valid().to_numpy(zero_copy_only=False)
    return pa.array(shapely.to_geojson(geometries), pa.string()), np.flatnonzero(missing).tolist()
