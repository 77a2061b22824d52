"""Rows of STAC-GeoParquet to items: what is geometry, what is a box, what is missing, what is broken."""

from __future__ import annotations

import struct
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from any_rows import POINT, batch_of, shapes
from stac_ingest.config import IngestConfig
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.stac_schema import layout_of
from stac_ingest.geoparquet.wkb import geojson_column
from stac_ingest.sources import geoparquet as source
from stac_ingest.summary import IngestSummary

EMPTY = {"Point": {"type": "Point", "coordinates": []}, "Polygon": {"type": "Polygon", "coordinates": []}}


def items_of(batch: pa.RecordBatch, rejected: list[tuple[str, str]] | None = None) -> list[dict[str, Any]]:
    """Decode a batch; without a list for what is rejected, nothing may be."""
    decoder = Decoder(batch.schema)

    def reject(origin: str, error: Exception) -> None:
        assert rejected is not None, error
        rejected.append((origin, str(error)))

    return list(decoder.items(batch, "file", reject))


@settings(max_examples=150, deadline=None)
@given(binary=st.lists(shapes(), max_size=8))
def test_geometries_read_as_geos_reads_them(binary: list[bytes | None]) -> None:
    """Each geometry is the GeoJSON that GEOS gives for it, to the last digit, whichever way it was decoded."""
    shapes_found, bad = geojson_column(pa.array(binary, pa.binary()))
    assert bad == []
    for found, raw in zip(shapes_found, binary, strict=True):
        shape = None if raw is None else shapely.from_wkb(raw)
        wanted = None if shape is None else orjson.loads(shapely.to_geojson(shape))
        if shape is not None and shape.is_empty:
            wanted = EMPTY.get(shape.geom_type, wanted)
        assert found == wanted


@pytest.mark.parametrize("cut", [0, 1, 5, 12, 20, -1])
def test_bytes_that_are_no_geometry_are_named(cut: int) -> None:
    """Truncated binary is null and its row is named; its neighbours are read."""
    whole = shapely.to_wkb(shapely.box(0, 0, 1, 1))
    found, bad = geojson_column(pa.array([whole, whole[:cut], POINT]))
    assert bad == [1]
    assert [shape is not None for shape in found] == [True, False, True]


@pytest.mark.parametrize("kind", range(8, 18))
def test_curves_and_the_like_are_named(kind: int) -> None:
    """Geometries that GeoJSON doesn't have, alone or in a collection, cost their rows, and not those beside them."""
    curve = struct.pack("<BII6d", 1, kind, 3, 0.0, 0.0, 1.0, 1.0, 2.0, 0.0)
    collection = struct.pack("<BII", 1, 7, 1) + curve
    line = shapely.to_wkb(shapely.LineString([(0, 0), (1, 1)]))
    found, bad = geojson_column(pa.array([line, curve, POINT, collection, line, None]))
    assert bad == [1, 3]
    assert [shape is not None for shape in found] == [True, False, True, False, True, False]


def test_a_ring_that_lies_about_its_length_is_named() -> None:
    """A count of points that the bytes don't hold is no reason to read beyond them."""
    lying = struct.pack("<BII I2d", 1, 3, 1, 9, 1.0, 2.0)
    assert geojson_column(pa.array([lying, lying + POINT]))[1] == [0, 1]


def test_a_column_without_a_single_byte_is_read() -> None:
    """Rows that are empty, and not null, are named, also where no row of the column holds a byte."""
    found, bad = geojson_column(pa.array([b"", None, b""]))
    assert (list(found), bad) == ([None, None, None], [0, 2])


def wkb(ring: list[tuple[float, float]]) -> bytes:
    """Write a polygon of one ring."""
    return struct.pack("<BIII", 1, 3, 1, len(ring)) + struct.pack(f"<{2 * len(ring)}d", *chain(*ring))


@pytest.mark.parametrize("points", range(1, 6))
def test_a_ring_of_too_few_points_is_named(points: int) -> None:
    """A polygon that is no more than a line costs its row where GEOS refuses it; others come as they are."""
    ring = [*[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)][: points - 1], (0.0, 0.0)]
    refused = shapely.from_wkb(wkb(ring), on_invalid="ignore") is None
    found, bad = geojson_column(pa.array([POINT, wkb(ring)]))
    shape = list(found)[1]
    assert refused == (points < 3)
    assert bad == ([1] if refused else [])
    assert shape == (None if refused else {"type": "Polygon", "coordinates": [[list(point) for point in ring]]})


def test_coordinates_that_are_no_numbers_are_named() -> None:
    """A ring with NaN and a point at infinity are no GeoJSON; an empty point, which is NaN in binary, is."""
    ring = struct.pack("<BIII8d", 1, 3, 1, 4, 0.0, 0.0, 1.0, float("nan"), 1.0, 1.0, 0.0, 0.0)
    far = struct.pack("<BIdd", 1, 1, float("inf"), 1.0)
    found, bad = geojson_column(pa.array([ring, far, shapely.to_wkb(shapely.Point()), POINT]))
    assert bad == [0, 1]
    assert list(found)[2] == {"type": "Point", "coordinates": []}


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ({"xmin": 1.0, "ymin": 2.0, "xmax": 3.0, "ymax": 4.0}, [1, 2, 3, 4]),
        ({"xmin": 1.0, "ymin": 2.0, "zmin": 0.0, "xmax": 3.0, "ymax": 4.0, "zmax": 5.0}, [1, 2, 0, 3, 4, 5]),
        ({"xmin": 1.0, "ymin": 2.0, "zmin": None, "xmax": 3.0, "ymax": 4.0, "zmax": None}, [1, 2, 3, 4]),
        ({"xmin": 1.0, "ymin": None, "xmax": 3.0, "ymax": 4.0}, None),
        ({"xmin": float("nan"), "ymin": 2.0, "xmax": 3.0, "ymax": 4.0}, None),
        ([1.0, 2.0, 3.0, 4.0], [1, 2, 3, 4]),
    ],
)
def test_a_box_is_a_list_of_its_sides(box: Any, expected: list[float] | None) -> None:
    """A box comes in the order that GeoJSON has, with heights where it has them, and not at all when it isn't one."""
    solid = {"xmin": 9.0, "ymin": 9.0, "zmin": 9.0, "xmax": 9.0, "ymax": 9.0, "zmax": 9.0}
    first = {"id": "first", "bbox": solid} if isinstance(box, dict) and "zmin" in box else {"id": "first"}
    got = items_of(batch_of([first, {"bbox": box}]))
    assert got[1].get("bbox") == expected


def test_what_an_item_must_have_is_there() -> None:
    """Without columns for them, or with nulls, items have a type, links and assets; an absent date stays absent."""
    (item,) = items_of(batch_of([{"assets": None}], {"assets": pa.struct([("a", pa.struct([("href", pa.string())]))])}))
    assert item == {
        "type": "Feature",
        "id": "i",
        "geometry": {"type": "Point", "coordinates": [1.5, 2.5]},
        "links": [{"rel": "self", "href": "y"}],
        "assets": {},
        "properties": {},
    }


def test_null_is_kept_where_items_have_it() -> None:
    """Geometry and datetime stay null; other members that are null are absent, at every depth."""
    stamp = {"datetime": pa.timestamp("ms", "UTC")}
    row = {"geometry": None, "datetime": None, "gone": None, "deep": {"a": None, "b": {"c": None}}}
    other = {"datetime": 24, "gone": 1, "deep": {"a": 1, "b": {"c": 2}}}
    got = items_of(batch_of([row, other], stamp))
    assert got[0]["geometry"] is None
    assert got[0]["properties"] == {"datetime": None, "deep": {"b": {}}}
    assert got[1]["properties"] == {**other, "datetime": "1970-01-01T00:00:00.024Z"}


@pytest.mark.parametrize(
    "name", ["Foo", "foo", 'a"b', "x'y", "a.b", "", "select", "proj:code", "\n", "properties", "é"]
)
def test_a_column_keeps_its_name(name: str) -> None:
    """Whatever strangers call a column, it is the property of that name, and beside one that differs in case."""
    (item,) = items_of(batch_of([{name: 1, "FOO": 2}]))
    assert item["properties"] == {name: 1, "FOO": 2}


@pytest.mark.parametrize(
    ("geo", "column"),
    [
        ({"primary_column": "shape"}, "shape"),
        ({"primary_column": "nowhere"}, "geometry"),
        ({"primary_column": "id"}, "geometry"),
        ({"primary_column": 7}, "geometry"),
        ({"columns": "none"}, "geometry"),
        ([1], "geometry"),
        ("{", "geometry"),
        (None, "geometry"),
    ],
)
def test_the_geometry_is_the_one_that_metadata_name(geo: Any, column: str) -> None:
    """The primary column is taken when it is there and binary; metadata that lie or are broken don't matter."""
    layout = layout_of(batch_of([{"shape": POINT}], geo=geo).schema)
    assert layout is not None
    assert layout.geometry == column


def test_rows_of_other_tables_are_yielded_as_they_are() -> None:
    """Without a geometry, a table isn't one of items, and rows stay rows."""
    batch = batch_of([{"n": number} for number in range(501)]).drop_columns(["geometry"])
    decoder = Decoder(batch.schema)
    assert not decoder.is_stac
    assert decoder.problem is None
    assert "the rows of a table without the columns of STAC items came as they are" in decoder.remarks[0]
    assert items_of(batch) == batch.to_pylist()


@pytest.mark.parametrize(
    ("missing", "reason"),
    [(["id"], "has no column id, but geometry, assets, links, n."), (["assets", "links"], "but id, geometry, n.")],
)
@pytest.mark.parametrize("geo", [None, {"columns": {"geometry": {}}}])
def test_features_that_are_no_items_are_told_apart(missing: list[str], reason: str, geo: Any) -> None:
    """A table of geometries without ids, or with nothing else of an item, is refused in words, not read as bytes."""
    decoder = Decoder(batch_of([{"n": 1}], geo=geo).drop_columns(missing).schema)
    assert not decoder.is_stac
    assert decoder.problem is not None
    assert decoder.problem.startswith("it is a table of features (geometry: geometry), not of STAC items")
    assert reason in decoder.problem


def test_broken_rows_cost_only_themselves() -> None:
    """Text that isn't UTF-8, an id that is none and a broken geometry are each rejected with the reason."""
    spoiled = pa.StringArray.from_buffers(
        4, pa.py_buffer(np.array([0, 1, 2, 3, 4], np.int32)), pa.py_buffer(b"a\xffcd")
    )
    batch = batch_of([{"id": "0"}, {"id": "1"}, {"id": None}, {"id": "3", "geometry": b"no"}])
    rejected: list[tuple[str, str]] = []
    got = items_of(batch.append_column("text", spoiled), rejected)
    assert [item["id"] for item in got] == ["0"]
    assert [origin for origin, _ in rejected] == ["file", "file", "3"]
    assert "Well-Known Binary" in rejected[2][1]


BEYOND = 2**62
KINDS = [pa.timestamp("s"), pa.timestamp("us", "UTC"), pa.date64(), pa.time64("us"), pa.duration("s")]


def times(kind: pa.DataType) -> pa.Array:
    """Make four values, of which the second and the third are beyond what calendars hold."""
    return pa.Array.from_buffers(kind, 4, [None, pa.py_buffer(np.array([0, BEYOND, -BEYOND, 86_400_000], np.int64))])


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("stac", [False, True])
def test_times_beyond_all_calendars_cost_their_rows(kind: pa.DataType, nested: bool, stac: bool) -> None:
    """A time that isn't one is no text in an item, and no end of the run: its row is rejected, the others come."""
    column = times(kind)
    column = pa.ListArray.from_arrays(pa.array([0, 1, 2, 3, 4], pa.int32()), column) if nested else column
    batch = batch_of([{"id": str(number)} for number in range(4)]).append_column("when", column)
    batch = batch if stac else batch.drop_columns(["geometry"])
    rejected: list[tuple[str, str]] = []
    got = items_of(batch, rejected)
    assert [one["id"] for one in got] == ["0", "3"]
    assert [message.partition(":")[0] for _, message in rejected] == ["a row can't be read"] * 2
    assert "<value" not in str(got)


def test_broken_rows_are_found_at_any_depth() -> None:
    """Text that isn't UTF-8 inside lists, maps and objects costs the row that it lies in, and no other."""
    raw = pa.array([b"a", b"b", b"\xff", b"c", b"d", b"\xfe"])
    text = pa.Array.from_buffers(pa.string(), 6, raw.buffers())
    nested = {
        "list": pa.ListArray.from_arrays(pa.array([0, 2, 2, 3, 6]), text),
        "map": pa.MapArray.from_arrays(pa.array([0, 1, 2, 2, 3]), pa.array(["k", "l", "m"]), text.slice(0, 3)),
        "object": pa.StructArray.from_arrays([text.slice(2, 4)], ["member"]),
    }
    expected = {"list": ["2", "3"], "map": ["3"], "object": ["0", "3"]}
    for name, column in nested.items():
        batch = batch_of([{"id": str(number)} for number in range(4)]).append_column(name, column)
        rejected: list[tuple[str, str]] = []
        got = items_of(batch, rejected)
        assert [item["id"] for item in got] == [str(n) for n in range(4) if str(n) not in expected[name]]
        assert len(rejected) == len(expected[name])


async def test_damage_inside_a_file_is_told(tmp_path: Path) -> None:
    """A file whose pages are damaged, but whose footer is whole, yields an error for that row group."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_batches([batch_of([{"id": str(number)} for number in range(50)])]), path)
    whole = bytearray(path.read_bytes())
    whole[4:400] = b"\xff" * 396
    path.write_bytes(whole)
    summary = IngestSummary()
    reader = source.GeoParquetSource([path], IngestConfig(mode="file", source=str(path)), summary)
    rejected: list[str] = []
    async for unit in reader.units():
        async for batch in reader.read(unit):
            assert list(reader.decode(batch, lambda origin, error: rejected.append(f"{origin}: {error}"))) == []
    await reader.close()
    assert len(rejected) == 1
    assert rejected[0].startswith("a.parquet[0]: ")


async def test_bytes_read_are_those_of_the_row_groups_read(tmp_path: Path) -> None:
    """What is counted is compressed bytes, and only of row groups that were begun."""
    path = tmp_path / "a.parquet"
    rows = [{"id": str(number)} for number in range(40)]
    pq.write_table(pa.Table.from_batches([batch_of(rows)]), path, row_group_size=20)
    metadata = pq.read_metadata(path)
    sizes = [
        sum(metadata.row_group(group).column(number).total_compressed_size for number in range(metadata.num_columns))
        for group in range(2)
    ]
    summary = IngestSummary()
    reader = source.GeoParquetSource([path], IngestConfig(mode="file", source=str(path)), summary)
    seen = []
    async for unit in reader.units():
        seen += [summary.bytes_read async for _ in reader.read(unit)]
    await reader.close()
    assert seen == [sizes[0], sum(sizes)]
