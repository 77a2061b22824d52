"""Columns of geometries in GeoArrow's own encodings, as text and as objects, read as GEOS reads the same in binary."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.geoparquet.geometry_columns import shapes_of
from stac_ingest.geoparquet.geometry_encodings import GEOJSON, NATIVE, TEXT, WKB, encoding_of

numbers = st.floats(-180, 180, allow_nan=False).map(lambda value: value + 0.0)
DEPTHS = {"point": 0, "linestring": 1, "multipoint": 1, "polygon": 2, "multilinestring": 2, "multipolygon": 3}
AXES = ("x", "y", "z", "m")


def nested(depth: int, size: int, closed: bool) -> st.SearchStrategy[Any]:
    """Draw coordinates: positions in so many lists; the innermost list is a ring where `closed`."""
    position = st.lists(numbers, min_size=size, max_size=size)
    if depth == 0:
        return position
    row = st.lists(position, min_size=3 if closed else 2, max_size=5)
    made: st.SearchStrategy[Any] = row.map(lambda points: [*points, points[0]]) if closed else row
    for _ in range(depth - 1):
        made = st.lists(made, min_size=1, max_size=3)
    return made


def stored(coordinates: list[Any], depth: int, size: int, *, by_axis: bool, wide: bool) -> pa.Array:
    """Make a native column of coordinates."""
    position = pa.struct([(axis, pa.float64()) for axis in AXES[:size]]) if by_axis else pa.list_(pa.float64(), size)

    def as_stored(value: Any, level: int) -> Any:
        if value is None or (level == 0 and not by_axis):
            return value
        if level == 0:
            return dict(zip(AXES, value, strict=False))
        return [as_stored(one, level - 1) for one in value]

    kind: pa.DataType = position
    for _ in range(depth):
        kind = pa.large_list(kind) if wide else pa.list_(kind)
    return pa.array([as_stored(value, depth) for value in coordinates], kind)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), encoding=st.sampled_from(sorted(NATIVE)), size=st.integers(2, 4), by_axis=st.booleans())
def test_native_columns_hold_their_coordinates(data: st.DataObject, encoding: str, size: int, by_axis: bool) -> None:
    """Coordinates come as stored, at every depth, null included; of four numbers the measure is left out, and told."""
    depth = DEPTHS[encoding]
    shapes = nested(depth, size, closed="polygon" in encoding)
    drawn = data.draw(st.lists(st.none() | shapes, min_size=1, max_size=5))
    column = stored(drawn, depth, size, by_axis=by_axis, wide=data.draw(st.booleans()))
    offset = data.draw(st.integers(0, len(drawn) - 1))
    measured: list[int] = []
    found, bad = shapes_of(column.slice(offset), encoding, measured)
    expected = [None if shape is None else kept(shape, depth) for shape in drawn[offset:]]
    assert [None if one is None else one["coordinates"] for one in found] == expected
    assert bad == []
    assert measured == [row for row, shape in enumerate(expected) if shape is not None and size > 3]


def kept(shape: Any, depth: int) -> Any:
    return shape[:3] if depth == 0 else [kept(one, depth - 1) for one in shape]


def test_a_native_geometry_reads_as_its_binary_form() -> None:
    """Each encoding has the type of GeoJSON that GEOS gives to the same geometry."""
    ring = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]
    coordinates = {0: [1.0, 2.0], 1: ring, 2: [ring], 3: [[ring], [ring]]}
    for encoding, name in NATIVE.items():
        value = coordinates[DEPTHS[encoding]]
        wkb = shapely.to_wkb(shapely.from_geojson(orjson.dumps({"type": name, "coordinates": value})))
        column = stored([value], DEPTHS[encoding], 2, by_axis=True, wide=False)
        assert list(shapes_of(column, encoding, [])[0]) == list(shapes_of(pa.array([wkb]), WKB, [])[0])


@pytest.mark.parametrize("by_axis", [True, False])
def test_native_coordinates_that_are_no_numbers(by_axis: bool) -> None:
    """A point of NaN alone is an empty one; other coordinates that are no numbers cost their rows."""
    nan, inf = float("nan"), float("inf")
    points = stored([[nan, nan], [1.0, nan], [inf, 1.0], [1.0, 2.0]], 0, 2, by_axis=by_axis, wide=False)
    found, bad = shapes_of(points, "point", [])
    assert next(iter(found)) == {"type": "Point", "coordinates": []}
    assert bad == [1, 2]
    lines = stored([[[1.0, 1.0], [nan, 1.0]], [[1.0, 1.0], [2.0, 1.0]]], 1, 2, by_axis=by_axis, wide=False)
    assert shapes_of(lines, "linestring", [])[1] == [0]


def test_a_measure_in_the_place_of_a_height() -> None:
    """Positions whose list is called `xym` have no height, and their measure is told."""
    kind = pa.list_(pa.field("xym", pa.float64()), 3)
    measured: list[int] = []
    found, _ = shapes_of(pa.array([[1.0, 2.0, 3.0], None], kind), "point", measured)
    assert list(found) == [{"type": "Point", "coordinates": [1.0, 2.0]}, None]
    assert measured == [0]


@pytest.mark.parametrize("text", ["POINT M (1 2 3)", "POINT ZM (1 2 9 3)"])
def test_measures_of_binary_and_text_are_told(text: str) -> None:
    """A measure is left out of Well-Known Binary and Text alike, and its row is named."""
    shape = shapely.from_wkt(text)
    for column, encoding in ((pa.array([shapely.to_wkb(shape, flavor="iso")]), WKB), (pa.array([text]), TEXT)):
        measured: list[int] = []
        found, bad = shapes_of(column, encoding, measured)
        assert (next(iter(found))["coordinates"][:2], bad, measured) == ([1.0, 2.0], [], [0])


def test_texts_are_geojson_or_well_known_text() -> None:
    """Each text is read for what it is; one that is neither costs its row, and null and a JSON null are none."""
    texts = ['{"type": "Point", "coordinates": [1, 2]}', "POINT (1 2)", "LINESTRING EMPTY", "oops", "{}", None, "null"]
    found, bad = shapes_of(pa.array(texts), TEXT, [])
    assert list(found) == [
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "Point", "coordinates": [1.0, 2.0]},
        {"type": "LineString", "coordinates": []},
        *[None] * 4,
    ]
    assert bad == [3, 4]


def test_objects_are_geojson() -> None:
    """Structs come as they are, without null members; one without a type costs its row."""
    kind = pa.struct(
        [("type", pa.string()), ("coordinates", pa.list_(pa.float64())), ("geometries", pa.list_(pa.int8()))]
    )
    rows = [{"type": "Point", "coordinates": [1.0, 2.0]}, {"type": None, "coordinates": [1.0]}, None]
    found, bad = shapes_of(pa.array(rows, kind), GEOJSON, [])
    assert next(iter(found)) == {"type": "Point", "coordinates": [1.0, 2.0]}
    assert bad == [1]


@pytest.mark.parametrize(
    ("kind", "said", "encoding"),
    [
        (pa.binary(), None, WKB),
        (pa.large_binary(), "WKB", WKB),
        (pa.string(), None, TEXT),
        (pa.json_(), None, TEXT),
        (pa.dictionary(pa.int8(), pa.string()), None, TEXT),
        (pa.null(), None, GEOJSON),
        (pa.struct([("type", pa.string()), ("coordinates", pa.list_(pa.float64()))]), None, GEOJSON),
        (pa.struct([("x", pa.float64()), ("y", pa.float64())]), None, "point"),
        (pa.list_(pa.list_(pa.float64(), 2)), "multipoint", "multipoint"),
        (pa.list_(pa.list_(pa.float64(), 2)), None, None),
        (pa.int64(), "WKB", None),
        (pa.struct([("lat", pa.float64())]), None, None),
    ],
    ids=str,
)
def test_the_encoding_of_a_column(kind: pa.DataType, said: str | None, encoding: str | None) -> None:
    """The type tells the encoding, and the metadata where several share a type; what is no geometry has none."""
    assert encoding_of(pa.field("geometry", kind), said) == encoding


def test_the_encoding_that_a_field_names() -> None:
    """GeoArrow's extension name on the field tells lines from points of the same type."""
    kind = pa.list_(pa.struct([("x", pa.float64()), ("y", pa.float64())]))
    for name in ("linestring", "multipoint"):
        field = pa.field("geometry", kind, metadata={"ARROW:extension:name": f"geoarrow.{name}"})
        assert encoding_of(field, None) == name


def test_no_row_is_no_trouble() -> None:
    """Columns without rows give no geometry, in every encoding."""
    for encoding, depth in DEPTHS.items():
        assert list(shapes_of(stored([], depth, 2, by_axis=True, wide=False), encoding, [])[0]) == []
    assert np.array(shapes_of(pa.array([], pa.binary()), WKB, [])[1]).size == 0
