"""Geometries to Well-Known Binary without GEOS, against what GEOS makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import geometries
from stac_ingest.geoparquet.geos_shapes import geos_shapes
from stac_ingest.geoparquet.plain_shapes import plain_shapes

SQUARE = [[0, 0], [0, 1.5], [1, 1], [0, 0]]
PLAIN = {
    "point": {"type": "Point", "coordinates": [1, -0.0]},
    "polygon": {"type": "Polygon", "coordinates": [SQUARE]},
    "parts": {"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]},
    "nothing": None,
}


@settings(deadline=None)
@given(st.lists(geometries() | st.sampled_from(list(PLAIN.values())), min_size=1, max_size=4))
def test_plain_shapes_are_those_of_geos(values: list[Any]) -> None:
    """The binary form, the types and the bounds are the same, and GEOS finds no less in them."""
    plain = plain_shapes(values)
    if plain is not None:
        other = geos_shapes("geometry", values, strict=True)
        assert other.originals is None
        assert plain.column.equals(other.column)
        assert plain.outline.kinds == other.outline.kinds
        assert np.array_equal(plain.outline.bounds, other.outline.bounds, equal_nan=True)


@pytest.mark.parametrize("value", PLAIN.values(), ids=list(PLAIN))
def test_footprints_need_no_geos(value: Any) -> None:
    """Points, polygons, multipolygons and none of them are plain."""
    assert plain_shapes([value, *PLAIN.values()]) is not None


@pytest.mark.parametrize(
    "value",
    [
        {"type": "Polygon", "coordinates": [SQUARE, SQUARE]},
        {"type": "Polygon", "coordinates": [SQUARE[:3]]},
        {"type": "Polygon", "coordinates": [[*SQUARE[:3], [0, 0.5]]]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": (SQUARE,)},
        {"type": "MultiPolygon", "coordinates": []},
        {"type": "Point", "coordinates": [1, 2, 3]},
        {"type": "Point", "coordinates": [1, True]},
        {"type": "Point", "coordinates": [1, None]},
        {"type": "Point", "coordinates": [2**53 + 1, 0]},
        {"type": "Point", "coordinates": [10**400, 0]},
        {"type": "Point", "coordinates": [float("nan"), 0]},
        {"type": "Point", "coordinates": "ab"},
        {"type": "Point", "coordinates": [1, 2], "crs": None},
        {"type": "LineString", "coordinates": SQUARE},
        {"type": "Point"},
        "Point",
    ],
    ids=str,
)
def test_what_is_not_plain_is_left_to_geos(value: Any) -> None:
    """Holes, open rings, heights, other members and what is no number are not taken for what they resemble."""
    assert plain_shapes([PLAIN["point"], value]) is None
