"""The columns that say what a filter asks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stac_ingest.filters.columns import filter_columns
from stac_ingest.geoparquet.writer import GeoParquetWriter

INSTANT = pa.timestamp("us", "UTC")
CORNERS = [("xmin", pa.float64()), ("ymin", pa.float64()), ("xmax", pa.float64()), ("ymax", pa.float64())]
ITEM = {"id": pa.string(), "assets": pa.string(), "geometry": pa.binary()}
FLAT = {side: ("bbox", side) for side, _ in CORNERS}


def columns(covering: Any = None, **kinds: pa.DataType) -> Any:
    """Look at a schema with these columns beside those of every item."""
    geo = {"columns": {"geometry": {"covering": covering}}}
    schema = pa.schema(list({**ITEM, **kinds}.items()), metadata={"geo": json.dumps(geo)})
    return filter_columns(schema)


def test_the_columns_of_stac_geoparquet() -> None:
    """Box, times and collection are found; heights too, where both sides are there."""
    found = columns(bbox=pa.struct(CORNERS), datetime=INSTANT, end_datetime=INSTANT, collection=pa.string())
    assert (found.sides, found.times, found.collection) == (FLAT, ("datetime", "end_datetime"), "collection")
    assert found.exact
    heights = [("zmin", pa.float64()), ("zmax", pa.float64())]
    assert columns(bbox=pa.struct([*CORNERS, *heights])).sides.keys() == {*FLAT, "zmin", "zmax"}
    assert columns(bbox=pa.struct([*CORNERS, heights[0]])).sides == FLAT


def test_a_covering_stands_in_for_a_box() -> None:
    """What `geo` names is used where items have no box of their own, and not otherwise."""
    covering = {"bbox": {side: ["cover", side] for side, _ in CORNERS}}
    struct = pa.struct([(side, pa.float32()) for side, _ in CORNERS])
    found = columns(covering, cover=struct)
    assert (found.sides["xmin"], found.exact, found.geometry) == (("cover", "xmin"), False, "geometry")
    assert columns(covering, cover=struct, bbox=pa.list_(pa.float64())).sides == {}


@pytest.mark.parametrize("covering", [None, 5, {"bbox": 5}, {"bbox": {"xmin": ["cover"]}}, {"bbox": {"xmin": []}}])
def test_a_covering_that_is_none_says_nothing(covering: Any) -> None:
    """Metadata of strangers may be anything."""
    assert columns(covering, cover=pa.struct(CORNERS)).sides == {}


@pytest.mark.parametrize(
    "kinds",
    [
        {"datetime": pa.string(), "start_datetime": INSTANT},
        {"datetime": INSTANT, "properties": pa.struct([("datetime", INSTANT)])},
        {},
    ],
)
def test_times_that_stand_elsewhere_are_no_ground(kinds: dict[str, pa.DataType]) -> None:
    """Where one of the times isn't a column of instants, none of them leaves a row out."""
    assert columns(**kinds).times == ()


def test_a_time_that_is_always_null_is_none() -> None:
    """The others decide."""
    assert columns(datetime=pa.null(), start_datetime=INSTANT).times == ("start_datetime",)


def test_a_table_of_something_else_has_none() -> None:
    """Rows that are no items are judged one by one."""
    found = filter_columns(pa.schema([("id", pa.string()), ("datetime", INSTANT)]))
    assert (found.sides, found.times, found.collection, found.geometry) == ({}, (), None, None)


def test_what_is_written_in_two_columns_is_no_ground(tmp_path: Path) -> None:
    """A leap second, which no timestamp is, is in the years that are asked for, though its column doesn't say so."""
    moments = ["2016-12-31T23:59:60Z", "2001-01-01T00:00:00Z"]
    items = [
        {
            "type": "Feature",
            "id": moment,
            "geometry": {"type": "Point", "coordinates": [1.0, 2.0], "note": "x"},
            "bbox": [1, 2, 1, 2**60 + 1],
            "properties": {"datetime": moment},
        }
        for moment in moments
    ]
    with GeoParquetWriter(tmp_path / "a.parquet") as writer:
        writer.write(items)
    found = filter_columns(pq.read_schema(tmp_path / "a.parquet"))
    assert (found.times, found.sides, found.geometry) == ((), {}, None)
