"""Rows of a table to our own columns: the same, read back, as by way of items, or none at all."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rustac
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import collections
from ingest_bench.writer_table.arrow_types import retyped
from ingest_bench.writer_table.writers import TYPES, table_of
from stac_ingest.changes import ChangeCollector
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.item_columns import ItemColumns, columns_of
from stac_ingest.geoparquet.stac_schema import PLACES_KEY
from stac_ingest.geoparquet.table_metadata import marked_geometries
from stac_ingest.geoparquet.table_rows import TableRows, table_lines, table_rows
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.outputs.geoparquet import read_part

EXAMPLES = 300 if "TEST_LONG" in os.environ else 15
POINT = shapely.to_wkb(shapely.Point(1.5, 2.5))
INSTANT = dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)


def stored(table: pa.Table, folder: str) -> tuple[pa.RecordBatch, Decoder]:
    """Give a table as it is read from a file."""
    path = Path(folder) / "table.parquet"
    pq.write_table(table, path)
    return read(path)


def read(path: Path) -> tuple[pa.RecordBatch, Decoder]:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        decoder = Decoder(schema, marked_geometries(file.schema, schema.names))
        return file.read().combine_chunks().to_batches()[0], decoder


def written(columns: ItemColumns, path: Path) -> list[str]:
    """Write columns, and give the items of the file as text that tells 1 from 1.0."""
    with GeoParquetWriter(path) as writer:
        writer.write_columns(columns)
    return [json.dumps(item, sort_keys=True) for item in read_part(path)]


def assert_same_or_none(batch: pa.RecordBatch, decoder: Decoder, folder: str) -> TableRows | None:
    """Check that rows are those that the decoder makes items of, without any trouble, and come the same."""
    rows = table_rows(batch, decoder)
    if rows is None:
        return None
    rejected: list[Any] = []
    changes = ChangeCollector()
    items = list(decoder.items(batch, "a", lambda *why: rejected.append(why), changes))
    assert (rejected, changes.get_all()) == ([], [])
    assert list(rows.keys) == [(item.get("collection", ""), item["id"]) for item in items]
    expected, found = columns_of(items), rows.columns()
    assert found is not None
    assert (found.null_members, list(found.changes)) == (expected.null_members, list(expected.changes))
    assert found.outline.kinds == expected.outline.kinds
    assert repr(found.outline.bounds) == repr(expected.outline.bounds)
    one, other = Path(folder) / "items.parquet", Path(folder) / "columns.parquet"
    assert written(found, other) == written(expected, one)
    assert pq.read_metadata(other).metadata[b"geo"] == pq.read_metadata(one).metadata[b"geo"]
    return rows


@settings(max_examples=EXAMPLES, deadline=None)
@given(items=collections(), kind=st.sampled_from(["plain", *TYPES]), data=st.data())
def test_tables_of_any_items(items: list[dict[str, Any]], kind: str, data: st.DataObject) -> None:
    """Items in flat rows and nested ones, of whatever Arrow types, come the same both ways."""
    layout = {
        "times": data.draw(st.sampled_from(["instants", "text"])),
        "box": data.draw(st.sampled_from(["sides", "list"])),
    }
    table = table_of(items, **layout, nested=kind == "plain" and data.draw(st.booleans()))
    table = table if kind == "plain" else retyped(table, kind)
    with TemporaryDirectory() as folder:
        assert_same_or_none(*stored(table, folder), folder)


@settings(max_examples=EXAMPLES, deadline=None)
@given(items=collections())
def test_our_own_files(items: list[dict[str, Any]]) -> None:
    """A file of ours comes the same, with members and properties that its columns have other names for."""
    for item in items:
        item["properties"]["id"] = "own"
        item["title"] = item["id"]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ours.parquet"
        with GeoParquetWriter(path) as writer:
            writer.write(items)
        assert_same_or_none(*read(path), folder)


@settings(max_examples=EXAMPLES, deadline=None)
@given(items=collections())
async def test_files_of_rustac(items: list[dict[str, Any]]) -> None:
    """A file of rustac's comes the same."""
    for item in items:
        item["geometry"] = item["geometry"] or {"type": "Point", "coordinates": [0.5, 1.5]}
        item["properties"]["datetime"] = item["properties"]["datetime"] or "2020-01-01T00:00:00Z"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rustac.parquet"
        await rustac.write(str(path), items)
        assert_same_or_none(*read(path), folder)


LEAVES: list[tuple[pa.DataType, list[Any]]] = [
    (pa.null(), [None]),
    (pa.bool_(), [True, False]),
    (pa.int8(), [-1, 1]),
    (pa.int64(), [0, 1, 2**53 + 1]),
    (pa.uint64(), [1, 2**63]),
    (pa.float32(), [0.5, float("nan")]),
    (pa.float64(), [0.0, 1.0, -0.0, 1e300, float("inf")]),
    (pa.decimal128(6, 2), [Decimal("1.25")]),
    (pa.string(), ["", "a", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.1234567+01:00", "Feature", "[]", "{}"]),
    (pa.large_string(), ["a", "Feature"]),
    (pa.string_view(), ["a"]),
    (pa.dictionary(pa.int32(), pa.string()), ["a", "Feature"]),
    (pa.binary(), [b"a", POINT]),
    (pa.date32(), [INSTANT.date()]),
    (pa.time64("us"), [INSTANT.time()]),
    (pa.duration("ms"), [dt.timedelta(1)]),
    (pa.timestamp("us"), [INSTANT.replace(tzinfo=None), dt.datetime(9999, 12, 31, 23)]),  # noqa: DTZ001 - meant
    (pa.timestamp("ns", "UTC"), [INSTANT]),
    (pa.timestamp("ms", "Europe/Zurich"), [INSTANT]),
]
NAMES = (
    "x",
    "datetime",
    "created",
    "bbox",
    "links",
    "assets",
    "type",
    "collection",
    "stac_extensions",
    "proj:geometry",
)


@st.composite
def arrays(draw: st.DrawFn, rows: int, depth: int = 2) -> pa.Array:
    """Draw a column of any type, nulls among the rows."""
    form = draw(st.sampled_from(["leaf", "leaf", "struct", "list", "json"] if depth else ["leaf", "json"]))
    missing = pa.array(draw(st.lists(st.booleans(), min_size=rows, max_size=rows)), pa.bool_())
    if form == "json":
        texts = st.none() | st.sampled_from(['{"a":1}', '{"a":null}', "[1,2.5]", "null", "1", "no JSON"])
        values = pa.array(draw(st.lists(texts, min_size=rows, max_size=rows)), pa.string())
        return pa.ExtensionArray.from_storage(pa.json_(), values)
    if form == "struct":
        names = draw(st.lists(st.sampled_from(["a", "b", "href", "xmin"]), min_size=1, max_size=2, unique=True))
        members = [draw(arrays(rows, depth - 1)) for _ in names]
        return pa.StructArray.from_arrays(members, names=names, mask=missing)
    if form == "list":
        lengths = draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows))
        ends = [sum(lengths[:number]) for number in range(rows + 1)]
        kind = draw(st.sampled_from([pa.ListArray, pa.LargeListArray]))
        return kind.from_arrays(ends, draw(arrays(ends[-1], depth - 1)), mask=missing)
    kind, values = draw(st.sampled_from(LEAVES))
    value = st.none() | st.sampled_from(values)
    return pa.array(draw(st.lists(value, min_size=rows, max_size=rows)), kind)


@settings(max_examples=4 * EXAMPLES, deadline=None)
@given(names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True), data=st.data())
def test_columns_of_any_type_come_the_same_or_not_at_all(names: list[str], data: st.DataObject) -> None:
    """Whatever type a column has, wherever in an item it belongs: fast is the same as safe, and doubt is safe."""
    columns = {"id": pa.array(["a", "b", "c"]), "geometry": pa.array([POINT, None, POINT]), "stac_version": ["1"] * 3}
    columns |= {name: data.draw(arrays(3)) for name in names}
    with TemporaryDirectory() as folder:
        try:
            batch, decoder = stored(pa.table(columns), folder)
        except pa.ArrowException:  # Parquet has no place for it
            return
        if decoder.layout is not None:
            assert_same_or_none(batch, decoder, folder)


def items_table(**columns: Any) -> pa.Table:
    plain = {"id": ["a", "b"], "geometry": pa.array([POINT, POINT]), "assets": pa.array([{"data": {"href": "x"}}] * 2)}
    return pa.table(plain | columns)


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"geometry": pa.array([None, POINT], pa.binary())},
        {"geometry": pa.array([shapely.to_wkb(shapely.Point(1, 2), byte_order=0), POINT])},
        {"geometry": pa.array([shapely.to_wkb(shapely.Point(1, 2, 3), flavor="extended")] * 2)},
        {"bbox": pa.array([[0.0, 1.0, 2.0, 3.0], None])},
        {"bbox": pa.array([{"xmin": 0, "ymin": 1, "xmax": 2, "ymax": 3}, None])},
        {"created": pa.array([INSTANT, None], pa.timestamp("ns", "UTC"))},
        {"created": pa.array([1, 1500], pa.int64()).cast(pa.timestamp("ns"))},
        {"links": pa.array([None, [{"href": "y"}]])},
        {"assets": pa.array([None, {"data": {"href": "x", "at": INSTANT}}])},
        {"x": pa.array(["a", None]).dictionary_encode(), "y": pa.array([0.1, 2.5], pa.float32())},
        {"x": pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a":null}', None]))},
        {"properties": pa.array([{"datetime": "2024-01-01T00:00:00Z", "gsd": 1.5}, {"datetime": None, "gsd": None}])},
        {"__index_level_0__": [7, 8]},
    ],
)
def test_usual_tables_are_fast(columns: dict[str, Any]) -> None:
    """What writers do is known: nulls, boxes and times of all forms, JSON, dictionaries, nested properties."""
    with TemporaryDirectory() as folder:
        assert assert_same_or_none(*stored(items_table(**columns), folder), folder) is not None


@pytest.mark.parametrize(
    "columns",
    [
        {"id": ["a", None]},
        {"id": ["a", ""]},
        {"id": [1, 2]},
        {"type": ["Feature", "Catalog"]},
        {"x": [float("nan"), 1.0]},
        {"assets": pa.array([{"data": {"nodata": float("nan")}}] * 2)},
        {"x": pa.array([2**63, 1], pa.uint64())},
        {"x": pa.array([Decimal("0.1"), None])},
        {"x": pa.array([b"a", b"b"])},
        {"x": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64()))},
        {"x": pa.ExtensionArray.from_storage(pa.json_(), pa.array(["null", "1e400"]))},
        {"geometry": pa.array([b"none", POINT])},
        {"geometry": pa.array([shapely.to_wkb(shapely.Point()), POINT])},
        {"geometry": pa.array([shapely.to_wkb(shapely.GeometryCollection([shapely.Point(1, 2)])), POINT])},
        {"geometry": pa.array([shapely.to_wkb(shapely.Point(float("inf"), 2)), POINT])},
        {"geometry": pa.array([shapely.to_wkb(shapely.from_wkt("POINT M (1 2 3)")), POINT])},
        {"geometry": pa.array(['{"type":"Point","coordinates":[1,2]}'] * 2)},
        {"bbox": pa.array([[0.0, 1.0, 2.0], None])},
        {"bbox": pa.array([{"xmin": 0.0, "ymin": 1.0, "xmax": 2.0, "ymax": None}] * 2)},
        {"created": ["yesterday", None]},
        {"properties": pa.array([{"gsd": 1.5}, None]), "gsd": [1.0, 2.0]},
    ],
)
def test_what_is_doubtful_is_decoded(columns: dict[str, Any]) -> None:
    """No row of a batch is taken where one is no item, comes otherwise than it is stored, or isn't known."""
    with TemporaryDirectory() as folder:
        batch, decoder = stored(items_table(**columns), folder)
        assert table_rows(batch, decoder) is None


def test_text_that_is_no_utf8_is_decoded() -> None:
    """Arrow reads such text without a word; its row is found one by one."""
    odd = pa.array([b"\xff", b"a"]).view(pa.string())
    for columns in (
        {"x": odd},
        {"id": odd},
        {"collection": odd},
        {"x": pa.StructArray.from_arrays([odd], names=["y"])},
    ):
        with TemporaryDirectory() as folder:
            assert table_rows(*stored(items_table(**columns), folder)) is None


def test_rows_are_taken_without_items(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of the rows, in another order, have their own keys, columns and items; items are made where asked for."""
    made: list[int] = []
    items: Callable[..., Any] = Decoder.items

    def counted(self: Decoder, batch: pa.RecordBatch, *rest: Any) -> Any:
        made.append(len(batch))
        return items(self, batch, *rest)

    monkeypatch.setattr(Decoder, "items", counted)
    with TemporaryDirectory() as folder:
        rows = table_rows(*stored(items_table(collection=["c", None]), folder))
    assert rows is not None
    assert rows.keys == [("c", "a"), ("", "b")]
    taken = rows.take([1])
    columns = taken.columns()
    assert taken.keys == [("", "b")]
    assert columns is not None
    assert {len(column) for column in columns.columns.values()} == {1}
    assert made == []
    assert [item["id"] for item in taken.items()] == ["b"]
    assert rows.take([]).columns() is None


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["x", "y"], pa.string_view()),
        pa.array([POINT, None], pa.binary_view()),
        pa.array([["x"], []], pa.list_view(pa.string())),
    ],
    ids=lambda column: str(column.type),
)
def test_rows_with_views_are_taken(column: pa.Array) -> None:
    """Arrow takes no rows of views, and yet those of a batch that has some can be left out."""
    name = "geometry" if pa.types.is_binary_view(column.type) else "x"
    with TemporaryDirectory() as folder:
        batch, decoder = stored(items_table(**{name: column}), folder)
        rows = table_rows(batch, decoder)
        assert rows is not None
        assert rows.take([1]).items() == list(decoder.items(batch, "", pytest.fail))[1:]
        columns = rows.take([1]).columns()
    assert columns is not None
    assert {len(made) for made in columns.columns.values()} == {1}


def test_collections_that_are_elsewhere_are_decoded() -> None:
    """Where the file says that another column holds the collections, no keys are made of the one of that name."""
    table = items_table(collection=["c", "c"], other=["d", None])
    table = table.replace_schema_metadata({PLACES_KEY: json.dumps({"places": {"other": ["collection"]}})})
    with TemporaryDirectory() as folder:
        batch, decoder = stored(table, folder)
        assert [item["collection"] for item in decoder.items(batch, "", pytest.fail)] == ["d", "c"]
        assert table_lines(batch, decoder) is None
        assert table_rows(batch, decoder) is None
