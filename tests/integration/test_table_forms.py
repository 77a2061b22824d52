"""Tables of items in the forms that other programs give them: each comes as items, or is refused in words."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.cli.main import main
from stac_ingest.errors import DataProcessingError

POINT = shapely.to_wkb(shapely.Point(1.5, 2.5))
ASSETS = pa.array([{"data": {"href": "x"}}] * 2)
INSTANT = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def table(**columns: Any) -> pa.Table:
    """Make a table of two items."""
    return pa.table({"id": ["a", "b"], "geometry": pa.array([POINT, POINT]), **columns})


async def read(path: Path, content: pa.Table | None = None) -> tuple[list[dict[str, Any]], WorkflowContext, list[str]]:
    """Give the items of a file, the context that took what was changed, and the remarks."""
    if content is not None:
        pq.write_table(content, path)
    context, module = WorkflowContext(), IngestModule({"mode": "file", "source": str(path)})
    items = [item async for item in module.fetch(context)]
    assert orjson.loads(orjson.dumps(items)) == items
    return items, context, module.summary.notes


def changes(context: WorkflowContext) -> list[tuple[str, str]]:
    return [(change.item_id, change.member) for change in context.changes.get_all()]


OBJECTS = [{"datetime": "2024-01-01T00:00:00Z", "gsd": 1.5, "deep": {"x": [1]}}, {"gsd": 2.5, "deep": {"x": []}}]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(OBJECTS),
        pa.array([json.dumps(value) for value in OBJECTS]),
        pa.array([json.dumps(value) for value in OBJECTS], pa.large_string()),
        pa.array([json.dumps(value) for value in OBJECTS], pa.string_view()),
        pa.array([json.dumps(value) for value in OBJECTS]).dictionary_encode(),
        pa.ExtensionArray.from_storage(pa.json_(), pa.array([json.dumps(value) for value in OBJECTS])),
    ],
    ids=["struct", "text", "large text", "text view", "dictionary of text", "JSON"],
)
async def test_a_column_of_properties_is_merged(tmp_path: Path, column: pa.Array) -> None:
    """The members of the objects in a column `properties` are properties, and no property is called so."""
    items, context, _ = await read(tmp_path / "a.parquet", table(properties=column, assets=ASSETS))
    expected = [OBJECTS[0], {"datetime": None, **OBJECTS[1]} if pa.types.is_struct(column.type) else OBJECTS[1]]
    assert [item["properties"] for item in items] == expected
    assert changes(context) == []


async def test_a_map_of_properties_is_merged(tmp_path: Path) -> None:
    """A map is an object too; a null one has no members."""
    column = pa.array([[("a", 1), ("b", None)], None], pa.map_(pa.string(), pa.int64()))
    items, _, _ = await read(tmp_path / "a.parquet", table(properties=column))
    assert [item["properties"] for item in items] == [{"a": 1, "b": None}, {}]


async def test_what_columns_and_properties_both_hold_comes_once(tmp_path: Path) -> None:
    """Alike values are one, an instant however it is written; of unlike ones that of `properties` stays and is told."""
    column = pa.array([{"gsd": 1.5, "at": INSTANT, "id": "own"}, {"gsd": 2.5, "at": INSTANT, "id": None}])
    columns = {"gsd": [1.5, 9.5], "at": ["2024-01-01T01:00:00+01:00", None], "more": [1, 2]}
    items, context, notes = await read(tmp_path / "a.parquet", table(properties=column, **columns))
    stamp = "2024-01-01T00:00:00Z"
    assert items[0]["properties"] == {"gsd": 1.5, "at": stamp, "id": "own", "more": 1}
    assert items[1]["properties"] == {"gsd": 2.5, "at": stamp, "more": 2}
    assert changes(context) == [("b", "properties.gsd")]
    assert "9.5" in context.changes.get_all()[0].what
    assert notes == ["columns beside `properties` were taken as properties: gsd, at, more"]


async def test_a_property_called_properties_stays(tmp_path: Path) -> None:
    """A column `properties` of numbers, or a text that is no JSON object, is a property like any other."""
    items, _, _ = await read(tmp_path / "a.parquet", table(properties=[1, None], assets=ASSETS))
    assert [item["properties"] for item in items] == [{"properties": 1}, {}]
    items, _, _ = await read(tmp_path / "b.parquet", table(properties=["{}", "text"]))
    assert [item["properties"] for item in items] == [{}, {"properties": "text"}]


def full(name: str, **members: Any) -> dict[str, Any]:
    plain = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": ["https://example.com/v1.0.0/schema.json"],
        "id": name,
        "geometry": {"type": "Polygon", "coordinates": [[[0.5, 0.5], [1.5, 0.5], [1.5, 1.5], [0.5, 0.5]]]},
        "bbox": [0.5, 0.5, 1.5, 1.5],
        "links": [{"rel": "self", "href": "a.json"}, {"rel": "via", "href": "b", "title": "t"}],
        "assets": {"data": {"href": "a.tif", "roles": ["data"]}},
        "collection": "c",
        "properties": {"datetime": "2024-01-01T00:00:00Z", "gsd": 10.5},
    }
    return {**plain, **members}


PLAIN = [
    full("a"),
    full(
        "b",
        geometry={"type": "Point", "coordinates": [1.5, 2.5]},
        assets={"extra": {"href": "x", "deep": {"a": [1, 2]}}},
        properties={
            "datetime": None,
            "start_datetime": "2024-01-01T00:00:00Z",
            "end_datetime": "2024-01-02T00:00:00.500Z",
            "created": "2024-01-02T00:00:00.123456Z",
            "day": "2024-01-01",
            "time": "12:00:00",
            "uuid": "123e4567-e89b-12d3-a456-426614174000",
        },
        renders={"true": {"bands": [1, 2, 3]}},
    ),
    full("c", geometry=None, links=[]),
]


@pytest.mark.parametrize(
    "options",
    ["", "map_inference_threshold := 1", "maximum_depth := 1", "columns := {", "format := 'newline_delimited'"],
)
async def test_items_that_duckdb_copied_come_as_they_were(tmp_path: Path, options: str) -> None:
    """Items that DuckDB read with its own types, maps and JSON included, and copied without WKB, are the same items."""
    source, path = tmp_path / "items.json", tmp_path / "a.parquet"
    source.write_text("\n".join(map(json.dumps, PLAIN)))
    if options.endswith("{"):
        names = dict.fromkeys(name for item in PLAIN for name in item)
        options += ", ".join(f"{name}: 'JSON'" for name in names) + "}"
    with duckdb.connect() as connection:
        chosen = f", {options}" if options else ""
        connection.execute(f"COPY (SELECT * FROM read_json('{source}'{chosen})) TO '{path}'")
    items, context, _ = await read(path)
    assert items == PLAIN
    assert changes(context) == []


async def test_the_index_of_a_data_frame_is_left_out(tmp_path: Path) -> None:
    """An index is no property, with a name or without one; an index of ids, or of STAC's properties, is one's own."""
    named = {"index_columns": ["id", "fid", "eo:cloud_cover", "datetime", {"kind": "range", "name": None}]}
    columns = {
        "datetime": ["x", "y"],
        "fid": [1, 2],
        "eo:cloud_cover": [1, 2],
        "__index_level_0__": [3, 4],
        "n": [5, 6],
    }
    content = table(**columns).replace_schema_metadata({"pandas": json.dumps(named)})
    items, _, notes = await read(tmp_path / "a.parquet", content)
    assert [item["id"] for item in items] == ["a", "b"]
    assert items[0]["properties"] == {"datetime": "x", "eo:cloud_cover": 1, "n": 5}
    assert notes == ["the index of a data frame, fid, doesn't belong to an item and was left out"]


async def test_a_frame_of_items_written_by_pandas(tmp_path: Path) -> None:
    """A data frame with ids for an index, or filtered so that its index has gaps, gives its items alone."""
    frame = table(datetime=["x", "y"]).to_pandas()
    frame.set_index("id").to_parquet(tmp_path / "a.parquet")
    frame[frame["id"] == "b"].to_parquet(tmp_path / "b.parquet")
    assert [item["id"] for item in (await read(tmp_path / "a.parquet"))[0]] == ["a", "b"]
    (item,) = (await read(tmp_path / "b.parquet"))[0]
    assert (item["id"], item["properties"]) == ("b", {"datetime": "y"})


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([["a"], ["b", None]], pa.large_list(pa.string_view()), [["a"], ["b", None]]),
        ([["a"], None], pa.list_view(pa.string_view()), [["a"], None]),
        ([[1], []], pa.large_list_view(pa.int64()), [[1], []]),
        ([b"0" * 16, None], pa.uuid(), ["30303030-3030-3030-3030-303030303030", None]),
        ([10**17, 5], pa.decimal128(38, 0), [10**17, 5]),
        ([2**63 + 1, None], pa.decimal128(20, 0), [2**63 + 1, None]),
        (["1.25", "2.00"], pa.decimal32(5, 2), [1.25, 2.0]),
        ([[1.5, 2.5], None], pa.list_(pa.float32(), 2), [[1.5, 2.5], None]),
        ([np.float16(0.5), None], pa.float16(), [0.5, None]),
        ([dt.time(1, 2, 3, 500_000), dt.time(0)], pa.time64("us"), ["01:02:03.500", "00:00:00"]),
        (['{"a": 1}', "[null]"], pa.json_(), [{"a": 1}, [None]]),
        ([[("k", "v")], []], pa.map_(pa.string_view(), pa.string_view()), [{"k": "v"}, {}]),
        (
            ["2021-07-30t16:05:11z", "2016-12-31T23:59:60Z"],
            pa.string(),
            ["2021-07-30t16:05:11z", "2016-12-31T23:59:60Z"],
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, pa.DataType) else "",
)
async def test_types_of_other_writers(
    tmp_path: Path, values: list[Any], kind: pa.DataType, expected: list[Any]
) -> None:
    """Values come in the forms that JSON has, whatever type a writer gave their column."""
    if isinstance(kind, pa.BaseExtensionType):
        column: Any = pa.ExtensionArray.from_storage(kind, pa.array(values, kind.storage_type))
    else:
        column = (
            pa.array(values).cast(kind)
            if pa.types.is_decimal(kind) and isinstance(values[0], str)
            else pa.array(values, kind)
        )
    items, context, _ = await read(tmp_path / "a.parquet", table(assets=ASSETS, odd=column))
    assert [item["properties"].get("odd") for item in items] == expected
    assert changes(context) == []


async def test_what_json_has_no_number_for_is_named(tmp_path: Path) -> None:
    """NaN, infinity and decimals that no float equals are left out, made text or rounded, and named by their place."""
    columns = {
        "cover": [float("nan"), 0.5],
        "shape": pa.array([[1.0, float("inf")], []]),
        "area": pa.array(["1.5", "1.23456789012345678901"]).cast(pa.decimal128(38, 20)),
        "assets": pa.array([{"x": {"bands": [{"nodata": 0.0}]}}, {"x": {"bands": [{"nodata": float("nan")}]}}]),
    }
    items, context, _ = await read(tmp_path / "a.parquet", table(**columns))
    assert items[0]["properties"] == {"shape": [1.0, None], "area": 1.5}
    assert items[1]["assets"] == {"x": {"bands": [{"nodata": "nan"}]}}
    assert sorted(changes(context)) == [
        ("a", "properties.cover"),
        ("a", "properties.shape"),
        ("b", "assets.x.bands.nodata"),
        ("b", "properties.area"),
    ]


async def test_bytes_and_durations_are_told(tmp_path: Path) -> None:
    """Bytes come as hexadecimal text and durations as seconds, and a remark says so."""
    columns = {"raw": pa.array([b"\1", None]), "span": pa.array([1, 2], pa.duration("s"))}
    items, _, notes = await read(tmp_path / "a.parquet", table(assets=ASSETS, **columns))
    assert [item["properties"] for item in items] == [{"raw": "01", "span": 1.0}, {"span": 2.0}]
    assert notes == [
        "the bytes of column raw came as hexadecimal text",
        "the durations of column span came as numbers of seconds",
    ]
    rows, _, notes = await read(tmp_path / "b.parquet", pa.table({"id": ["a", "b"], **columns}))
    assert rows == [{"id": "a", "raw": "01", "span": 1.0}, {"id": "b", "raw": None, "span": 2.0}]
    assert notes[1:] == [
        "the bytes of column raw came as hexadecimal text",
        "the durations of column span came as numbers of seconds",
    ]


async def test_members_as_text_are_parsed(tmp_path: Path) -> None:
    """Links, assets, boxes and geometries that a table holds as JSON text, or ids as bytes, are what the text says."""
    content = pa.table(
        {
            "id": pa.array([b"a", b"b"]),
            "geometry": ['{"type": "Point", "coordinates": [1, 2]}', "POINT Z (1 2 3)"],
            "bbox": ["[1, 2, 1, 2]", None],
            "links": ["[]", '[{"rel": "self"}]'],
            "assets": ['{"d": {"href": "x"}}', None],
            "datetime": ["2021-07-30t16:05:11z", None],
        }
    )
    items, _, _ = await read(tmp_path / "a.parquet", content)
    assert items[0]["geometry"] == {"type": "Point", "coordinates": [1, 2]}
    assert items[1]["geometry"] == {"type": "Point", "coordinates": [1.0, 2.0, 3.0]}
    assert (items[0]["id"], items[0]["bbox"], "bbox" in items[1]) == ("a", [1, 2, 1, 2], False)
    assert [item["assets"] for item in items] == [{"d": {"href": "x"}}, {}]
    assert [item["links"] for item in items] == [[], [{"rel": "self"}]]


async def test_what_is_no_feature_is_no_item(tmp_path: Path) -> None:
    """A row whose type is Collection is rejected with that reason; a feature beside it comes."""
    items, context, _ = await read(tmp_path / "a.parquet", table(type=["Feature", "Collection"], assets=ASSETS))
    assert [item["id"] for item in items] == ["a"]
    assert "its type is 'Collection', not Feature" in str(context.failure_collector.get_all()[0].error)


async def test_coordinates_of_another_reference_system_are_told(tmp_path: Path) -> None:
    """Coordinates come as the table has them; that they aren't longitudes and latitudes is said."""
    crs = {"type": "ProjectedCRS", "name": "WGS 84 / UTM zone 32N", "id": {"authority": "EPSG", "code": 32632}}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", "crs": crs}}}
    content = table(assets=ASSETS).replace_schema_metadata({"geo": json.dumps(geo)})
    _, _, notes = await read(tmp_path / "a.parquet", content)
    assert len(notes) == 1
    assert "UTM zone 32N" in notes[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (table(name=["x", "y"]), "a table of features (geometry: geometry), not of STAC items"),
        (table(assets=ASSETS).drop_columns(["id"]), "it has no column id"),
        (
            table(assets=ASSETS).set_column(1, "geometry", [[1, 2]]),
            "its column geometry, of the type int64, isn't a geometry",
        ),
        (pa.Table.from_arrays([pa.array(["a"])] * 2, names=["id", "id"]), "more than one column named 'id'"),
    ],
    ids=["features", "no ids", "no geometry", "twice"],
)
async def test_what_is_no_table_of_items_is_refused_in_words(
    tmp_path: Path, content: pa.Table, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The module raises, and the command ends with a code of failure, both saying what the table is; no traceback."""
    path = tmp_path / "a.parquet"
    pq.write_table(content, path)
    with pytest.raises(DataProcessingError) as error:
        await read(path)
    assert words in str(error.value)


def test_the_command_refuses_features_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends with a code of failure and says what the table is, where it has no ids."""
    pq.write_table(table(name=["x", "y"]).drop_columns(["id"]), tmp_path / "a.parquet")
    code = main([str(tmp_path / "a.parquet"), "--to", "geoparquet", "--output", str(tmp_path / "out")])
    told = capsys.readouterr().err
    assert code not in {0, None}
    assert "a table of features (geometry: geometry), not of STAC items" in told
    assert "serializable" not in told
    assert "Traceback" not in told
