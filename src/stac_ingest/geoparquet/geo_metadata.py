"""What a file says of its geometries, by GeoParquet 1.1."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.geoparquet.stac_schema import DEFAULT_GEOMETRY

GEOPARQUET_VERSION = "1.1.0"
_BOX = "bbox"
_SIDES = ("xmin", "ymin", "xmax", "ymax")


class Outline(NamedTuple):
    """What the geometries of some items have in common."""

    kinds: frozenset[str]
    """Their types as GeoParquet writes them: `Polygon`, or `Polygon Z` of one with heights."""
    bounds: tuple[float, float, float, float]
    """West, south, east and north of all of them, by their coordinates; NaN where there is no point."""


NOWHERE = (math.nan, math.nan, math.nan, math.nan)
"""The bounds of geometries without a point."""


class GeoSummary:
    """What is known of the geometries and boxes seen so far."""

    def __init__(self) -> None:
        self._kinds: frozenset[str] = frozenset()
        self._bounds = list(NOWHERE)
        self._all_covered = True
        """Whether each geometry comes with a box: readers that look at the boxes don't find the others."""
        self._crosses = False
        """Whether a box goes over the antimeridian: then west and east of all can't be had from coordinates."""

    def add(self, outline: Outline, geometries: pa.Array, boxes: pa.Array | None) -> None:
        """Take in the geometries of some items.

        Args:
            outline: of the geometries.
            geometries: a geometry for each item, null where it has none.
            boxes: a struct of sides for each item; None where no item has a box.

        """
        self._kinds |= outline.kinds
        west, south, east, north = zip(self._bounds, outline.bounds, strict=True)
        self._bounds = [*map(_least, (west, south)), *map(_most, (east, north))]
        if boxes is None:
            self._all_covered = self._all_covered and geometries.null_count == len(geometries)
            return
        if boxes.null_count and pc.any(pc.and_(boxes.is_null(), geometries.is_valid())).as_py():
            self._all_covered = False
        sides = [boxes.field(side) for side in ("xmin", "xmax")]
        self._crosses |= bool(pc.any(pc.and_(boxes.is_valid(), pc.greater(*sides))).as_py())

    def metadata(self, names: Iterable[str], more: Iterable[str], covering: str | None = None) -> str:
        """Give the metadata as JSON.

        Args:
            names: of the file's columns.
            more: columns that are geometries too, each in a system of coordinates of its own.
            covering: a column of boxes that cover the geometries, none of them over the antimeridian; None where the
                items' own boxes do for it, or nothing does.

        """
        geometry: dict[str, Any] = {
            "encoding": "WKB",
            # Readers that are told of two kinds may turn one into the other; told of none, they look at each geometry.
            "geometry_types": sorted(self._kinds) if len(self._kinds) == 1 else [],
        }
        west, south, east, north = self._bounds
        if not any(map(math.isnan, self._bounds)):
            geometry["bbox"] = [min(west, -180.0), south, max(east, 180.0), north] if self._crosses else self._bounds
        # Readers skip by the statistics of west and east. Of a box with west behind east these hide the item, in its
        # whole row group for some: see `findings/covering-over-the-antimeridian.sh`.
        if covering is None and _BOX in names and self._all_covered and not self._crosses:
            covering = _BOX
        if covering is not None:
            geometry["covering"] = {_BOX: {side: [covering, side] for side in _SIDES}}
        columns = {DEFAULT_GEOMETRY: geometry}
        for name in more:
            columns[name] = {"encoding": "WKB", "geometry_types": [], "crs": None}
        return json.dumps({"version": GEOPARQUET_VERSION, "primary_column": DEFAULT_GEOMETRY, "columns": columns})


def _least(numbers: Iterable[float]) -> float:
    return min((number for number in numbers if not math.isnan(number)), default=math.nan)


def _most(numbers: Iterable[float]) -> float:
    return max((number for number in numbers if not math.isnan(number)), default=math.nan)
