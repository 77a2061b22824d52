"""Whether geometries reach into a box."""

from __future__ import annotations

from typing import Any

import pytest
import shapely
import shapely.geometry
from filter_shapes import flat_boxes, rectangle, ring
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.filters.boxes import requested_box
from stac_ingest.filters.geometries import geometry_test, has_points

POINT = st.tuples(st.integers(-20, 20), st.integers(-20, 20)).map(list)
LINES = st.lists(POINT, min_size=2, max_size=5)
SHAPES = st.one_of(
    POINT.map(lambda point: {"type": "Point", "coordinates": point}),
    LINES.map(lambda line: {"type": "LineString", "coordinates": line}),
    st.lists(POINT, min_size=3, max_size=5).map(lambda line: {"type": "Polygon", "coordinates": [[*line, line[0]]]}),
    st.lists(POINT, max_size=4).map(lambda points: {"type": "MultiPoint", "coordinates": points}),
)
GEOMETRIES = st.recursive(
    SHAPES,
    lambda inner: st.lists(inner, max_size=3).map(lambda some: {"type": "GeometryCollection", "geometries": some}),
    max_leaves=4,
)


def reaches(geometry: dict[str, Any], wanted: list[float], own: list[float] | None = None) -> bool | None:
    """Ask the test of a box."""
    return geometry_test(requested_box(wanted))(geometry, None if own is None else requested_box(own))


@given(GEOMETRIES, flat_boxes())
def test_plane_geometries_are_what_shapely_finds(geometry: dict[str, Any], wanted: list[float]) -> None:
    """Points, lines, polygons that may cross themselves, and collections in collections, as strips have it."""
    west, south, east, north = wanted
    strips = [(west, east)] if west <= east else [(west, 1000), (-1000, east)]
    shape = shapely.geometry.shape(geometry)
    parts = list(_simple(shape))
    edges = [shapely.MultiPoint([(w, south), (e, north)]).envelope for w, e in strips]
    expected = any(part.intersects(edge) for part in parts for edge in edges) if parts else None
    assert reaches(geometry, wanted) == expected


def _simple(shape: Any) -> Any:
    if hasattr(shape, "geoms"):
        for part in shape.geoms:
            yield from _simple(part)
    elif not shape.is_empty:
        yield shape


@given(flat_boxes(), flat_boxes())
def test_rectangles_reach_where_their_boxes_overlap(own: list[float], wanted: list[float]) -> None:
    """A geometry that fills its box reaches wherever the box does, cut at the antimeridian or not."""
    assert bool(reaches(rectangle(own), wanted, own)) == requested_box(own).overlaps(requested_box(wanted))


@pytest.mark.parametrize(
    "uncut",
    [
        ring(179, 0, -179, 2),  # from edge to edge the long way round
        ring(179, 0, 181, 2),
        ring(-181, 0, -179, 2),
    ],
)
def test_a_geometry_that_is_not_cut_is_taken_by_its_box(uncut: Any) -> None:
    """Where the box crosses the antimeridian and the geometry lies elsewhere on the plane, the box decides."""
    assert reaches({"type": "Polygon", "coordinates": uncut}, [179.4, 0, 179.6, 1], [179, 0, -179, 2])


def test_a_cut_geometry_is_exact_on_both_sides() -> None:
    """A point on either side is found where it is, and not elsewhere in the box."""
    points = {"type": "MultiPoint", "coordinates": [[179, 0], [-179, 2]]}
    own = [179, 0, -179, 2]
    assert reaches(points, [178, -1, 179, 0], own)
    assert not reaches(points, [178, 1, 179, 2], own)
    assert reaches(points, [178, 1, -178, 3], own)
    assert not reaches(points, [179.5, -1, -179.5, 3], own)


def test_longitudes_of_other_planets() -> None:
    """Longitudes from 0 to 360 are compared as they are, in a box across their own edge too."""
    halves = {"type": "MultiPolygon", "coordinates": [ring(350, 0, 360, 1), ring(0, 0, 10, 1)]}
    assert reaches(halves, [355, 0, 358, 1], [350, 0, 10, 1])
    assert reaches(halves, [340, 0, 5, 1], [350, 0, 10, 1])
    assert not reaches(halves, [100, 0, 300, 1], [350, 0, 10, 1])


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Polygon", "coordinates": []},
        {"type": "MultiPolygon", "coordinates": []},
        {"type": "GeometryCollection", "geometries": []},
        {"type": "GeometryCollection", "geometries": [{"type": "LineString", "coordinates": []}]},
    ],
)
def test_an_empty_geometry_has_no_place(geometry: dict[str, Any]) -> None:
    """It reaches nowhere, whatever its box says."""
    assert reaches(geometry, [-180, -90, 180, 90], [0, 0, 1, 1]) is None
    assert not has_points(geometry)


@pytest.mark.parametrize("geometry", [{"type": "Polygon", "coordinates": [[[0, 0]]]}, {"type": "Blob"}, {}])
def test_what_can_not_be_read_is_taken_by_its_box(geometry: dict[str, Any]) -> None:
    """Without a box there is nothing to go by."""
    assert reaches(geometry, [0, 0, 1, 1], [0, 0, 1, 1])
    assert reaches(geometry, [0, 0, 1, 1]) is None


def test_heights_of_a_geometry() -> None:
    """They count where the item's box has none; a geometry without any is at all of them."""
    point = {"type": "Point", "coordinates": [1, 1, 50]}
    assert not reaches(point, [0, 0, 100, 2, 2, 200])
    assert reaches(point, [0, 0, 50, 2, 2, 200], [1, 1, 1, 1])
    assert reaches({"type": "Point", "coordinates": [1, 1]}, [0, 0, 100, 2, 2, 200])
