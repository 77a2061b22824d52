"""GeoJSON to EWKB, against GEOS."""

from __future__ import annotations

import orjson
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import geometries
from stac_ingest.errors import ItemError
from stac_ingest.outputs.pgstac.ewkb import ewkb

SRID = 4326


def encoded(geometry):
    """Encode a geometry, and return what was said to be lost, too."""
    said = []
    return ewkb(geometry, said.append), said


@settings(max_examples=150, deadline=None)
@given(geometries().filter(bool), st.integers(0, 2))
def test_geos_reads_what_was_written(geometry, depth):
    """Every kind of geometry, alone and in collections, comes out of GEOS with the same coordinates and the SRID."""
    for _ in range(depth):
        geometry = {"type": "GeometryCollection", "geometries": [geometry]}
    data, said = encoded(geometry)
    shape = shapely.from_wkb(data)
    assert shapely.get_srid(shape) == SRID
    assert said == []
    assert orjson.loads(shapely.to_geojson(shape)) == geometry


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "coordinates", "geometries"]), inner, max_size=3)
    ),
    max_leaves=8,
)
kinds = st.sampled_from(["Point", "Polygon", "MultiPolygon", "GeometryCollection", "LineString", "Blob", 3, None])


@given(anything, kinds)
@settings(max_examples=300, deadline=None)
def test_anything_else_is_an_error_of_its_item(value, kind):
    """Whatever stands in for a geometry is encoded, or is an `ItemError`: never another error."""
    for geometry in ({"type": kind, "coordinates": value}, {"type": kind, "geometries": value}, {"type": kind}):
        try:
            data, _ = encoded(geometry)
        except ItemError:
            continue
        assert isinstance(data, bytes)


def test_what_is_left_out_is_said():
    """Members of one's own and numbers beyond the third are named; positions of unlike length are refused."""
    _, said = encoded({"type": "Point", "coordinates": [1, 2, 3, 4], "crs": 1})
    assert len(said) == 2
    assert "crs" in said[0]
    with pytest.raises(ItemError, match="two and of three"):
        encoded({"type": "LineString", "coordinates": [[1, 2], [1, 2, 3]]})
    nested = {"type": "Point", "coordinates": [1, 2]}
    for _ in range(100):
        nested = {"type": "GeometryCollection", "geometries": [nested]}
    with pytest.raises(ItemError, match="deeper"):
        encoded(nested)


def test_an_empty_point():
    """A point without a position is one of no numbers, as PostGIS has it."""
    data, _ = encoded({"type": "Point", "coordinates": []})
    assert shapely.from_wkb(data).is_empty
