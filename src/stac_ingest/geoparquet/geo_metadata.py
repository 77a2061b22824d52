"""What a file says of its geometries, by GeoParquet 1.1."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from stac_ingest.geoparquet.shape_columns import Shapes
from stac_ingest.geoparquet.stac_schema import DEFAULT_GEOMETRY

GEOPARQUET_VERSION = "1.1.0"
_BOX = "bbox"
_SIDES = ("xmin", "ymin", "xmax", "ymax")
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


class GeoSummary:
    """What is known of the geometries and boxes seen so far."""

    def __init__(self) -> None:
        self._kinds: set[str] = set()
        self._bounds = np.array([np.nan] * 4)
        self._all_covered = True
        """Whether each geometry comes with a box: readers that look at the boxes don't find the others."""
        self._crosses = False
        """Whether a box goes over the antimeridian: then west and east of all can't be had from coordinates."""

    def add(self, shapes: Shapes, boxes: pa.Array | None) -> None:
        """Take in the geometries of some items.

        Args:
            shapes: the geometries.
            boxes: a struct of sides for each item; None where no item has a box.

        """
        kinds = shapely.get_type_id(shapes.geometries).tolist()
        for number, deep in set(zip(kinds, shapely.has_z(shapes.geometries).tolist(), strict=True)):
            if number >= 0:
                self._kinds.add(_NAMES[shapely.GeometryType(number).name] + (" Z" if deep else ""))
        low = np.fmin.reduce(shapes.bounds[:, :2], axis=0)
        high = np.fmax.reduce(shapes.bounds[:, 2:], axis=0)
        self._bounds = np.concatenate((np.fmin(self._bounds[:2], low), np.fmax(self._bounds[2:], high)))
        has_geometry = np.array(kinds) >= 0
        has_box = np.zeros(len(kinds), bool) if boxes is None else np.array(boxes.is_valid().to_pylist())
        if (has_geometry & ~has_box).any():
            self._all_covered = False
        if boxes is not None:
            west, east = (boxes.field(side).to_pylist() for side in ("xmin", "xmax"))
            self._crosses |= any(one is not None and one > other for one, other in zip(west, east, strict=True))

    def metadata(self, names: Iterable[str], more: Iterable[str]) -> str:
        """Give the metadata as JSON.

        Args:
            names: of the file's columns.
            more: columns that are geometries too, each in a system of coordinates of its own.

        """
        geometry: dict[str, Any] = {
            "encoding": "WKB",
            # Readers that are told of two kinds may turn one into the other; told of none, they look at each geometry.
            "geometry_types": sorted(self._kinds) if len(self._kinds) == 1 else [],
        }
        west, south, east, north = self._bounds.tolist()
        if not np.isnan(self._bounds).any():
            geometry["bbox"] = (
                [min(west, -180.0), south, max(east, 180.0), north] if self._crosses else self._bounds.tolist()
            )
        # Readers skip by the statistics of west and east. Of a box with west behind east these hide the item, in its
        # whole row group for some: see `findings/covering-over-the-antimeridian.sh`.
        if _BOX in names and self._all_covered and not self._crosses:
            geometry["covering"] = {_BOX: {side: [_BOX, side] for side in _SIDES}}
        columns = {DEFAULT_GEOMETRY: geometry}
        for name in more:
            columns[name] = {"encoding": "WKB", "geometry_types": [], "crs": None}
        return json.dumps({"version": GEOPARQUET_VERSION, "primary_column": DEFAULT_GEOMETRY, "columns": columns})
