"""Rows of STAC-GeoParquet for tests, and geometries of all kinds in their binary form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa
import shapely
from hypothesis import strategies as st

from stac_ingest.changes import ChangeCollector
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.json_lines import json_lines

POINT = shapely.to_wkb(shapely.Point(1.5, 2.5))
WKT = [
    "POINT (1.5 2.25)",
    "POINT Z (1 2 3)",
    "POINT EMPTY",
    "LINESTRING (0 0, 1 1)",
    "POLYGON ((0 0, 1 0, 1 1, 0 0))",
    "POLYGON ((0 0, 4 0, 4 4, 0 0), (1 0.5, 2 0.5, 2 1, 1 0.5))",
    "POLYGON Z ((0 0 1, 1 0 1, 1 1 1, 0 0 1))",
    "POLYGON EMPTY",
    "MULTIPOINT (1 2, 3 4)",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
    "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1))",
    "GEOMETRYCOLLECTION EMPTY",
]

coordinates = st.floats(allow_nan=False, allow_infinity=False)


def batch_of(rows: Sequence[dict[str, Any]], types: dict[str, pa.DataType] | None = None, geo: Any = None) -> Any:
    """Make a batch of STAC rows from what differs from a plain one."""
    plain = {"id": "i", "geometry": POINT, "assets": {"a": {"href": "x"}}, "links": [{"rel": "self", "href": "y"}]}
    full = [{**plain, **row} for row in rows]
    columns = {
        name: pa.array([row.get(name) for row in full], (types or {}).get(name))
        for name in dict.fromkeys(name for row in full for name in row)
    }
    metadata = {"geo": geo if isinstance(geo, str) else json.dumps(geo)} if geo is not None else None
    return pa.RecordBatch.from_pydict(columns).replace_schema_metadata(metadata)


@st.composite
def shapes(draw: st.DrawFn) -> bytes | None:
    """Draw the binary form of a geometry, in any byte order and flavour."""
    form = draw(st.sampled_from(["none", "wkt", "point", "ring", "multi"]))
    if form == "none":
        return None
    if form == "wkt":
        shape = shapely.from_wkt(draw(st.sampled_from(WKT)))
    elif form == "point":
        shape = shapely.Point(draw(coordinates), draw(coordinates))
    else:
        ring = draw(st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=6))
        shape = shapely.Polygon([*ring, ring[0]])
        shape = shapely.MultiPolygon([shape]) if form == "multi" else shape
    flavor = draw(st.sampled_from(["iso", "extended"]))
    found: bytes = shapely.to_wkb(shape, byte_order=draw(st.sampled_from([0, 1])), flavor=flavor)
    return found


def lines_and_items(batch: pa.RecordBatch, decoder: Decoder) -> tuple[list[bytes] | None, list[dict[str, Any]] | None]:
    """Read a batch both ways: its lines, and its items, or None where a row or a value isn't taken as it is."""
    lines = json_lines(batch, decoder)
    rejected: list[str] = []
    changes = ChangeCollector()
    items = list(decoder.items(batch, "file", lambda origin, _: rejected.append(origin), changes))
    return None if lines is None else list(map(bytes, lines.lines())), None if rejected or changes.changes else items


def assert_lines(batch: pa.RecordBatch, decoder: Decoder) -> list[bytes]:
    """Check that lines are what orjson makes of items, and are there where these come as they are stored."""
    lines, items = lines_and_items(batch, decoder)
    try:
        expected = None if items is None else list(map(orjson.dumps, items))
    except TypeError:  # a number of more than 64 bits
        expected = None
    assert lines == expected
    return lines or []
