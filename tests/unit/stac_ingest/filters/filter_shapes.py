"""Items of a shape, and strategies for boxes, for the tests of filters."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

DEGREES = st.integers(-180, 180)
LATITUDES = st.tuples(st.integers(-90, 90), st.integers(-90, 90)).map(sorted)


def ring(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    """Return the coordinates of a rectangle."""
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def rectangle(bbox: list[float]) -> dict[str, Any]:
    """Return the geometry of a box, cut where it crosses the antimeridian."""
    flat = bbox if len(bbox) == 4 else [bbox[0], bbox[1], bbox[3], bbox[4]]
    west, south, east, north = flat
    if west <= east:
        return {"type": "Polygon", "coordinates": ring(west, south, east, north)}
    halves = [ring(west, south, 180, north), ring(-180, south, east, north)]
    return {"type": "MultiPolygon", "coordinates": halves}


def item(item_id: str = "a", bbox: list[float] | None = None, **members: Any) -> dict[str, Any]:
    """Return an item; a box is its geometry, too, where nothing else is said."""
    box = {} if bbox is None else {"bbox": bbox, "geometry": rectangle(bbox)}
    found = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": item_id,
        "geometry": None,
        "properties": {"datetime": "2024-06-01T12:00:00Z"},
        "links": [],
        "assets": {},
    }
    return {**found, **box, **members}


@st.composite
def flat_boxes(draw: st.DrawFn) -> list[float]:
    """Give boxes of four numbers, some across the antimeridian, some without width or height."""
    south, north = draw(LATITUDES)
    return [draw(DEGREES), south, draw(DEGREES), north]


@st.composite
def solid_boxes(draw: st.DrawFn) -> list[float]:
    """Give boxes of six numbers."""
    west, south, east, north = draw(flat_boxes())
    bottom, top = sorted((draw(st.integers(-9, 9)), draw(st.integers(-9, 9))))
    return [west, south, bottom, east, north, top]
