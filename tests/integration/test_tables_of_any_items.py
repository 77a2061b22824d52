"""Items of all kinds, in tables that others write and in JSON: read by us as they were, or as others rightly read them."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import orjson
import pyarrow.parquet as pq
import pytest
import rustac
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_bench.writer_table.arrow_types import retyped
from ingest_bench.writer_table.differences import Difference, differences
from ingest_bench.writer_table.rows import flat, items_of_table
from ingest_bench.writer_table.writers import _NESTED, _WKB_AND_PROPERTIES, _TYPES, _duckdb, table_of
from stac_ingest import IngestModule, WorkflowContext

EXAMPLES = 200 if "TEST_LONG" in os.environ else 20

degrees = st.floats(-90, 90, allow_nan=False).map(lambda value: value + 0.0)
plain_text = st.text(st.characters(exclude_categories=["C"]), max_size=8)
whole = st.integers(-(2**53), 2**53)


@st.composite
def instants(draw: st.DrawFn) -> str:
    """Draw an instant as RFC 3339 has it: any offset, up to six digits of a second."""
    zone = dt.timezone(dt.timedelta(minutes=draw(st.integers(-840, 840))))
    moment = draw(st.datetimes(dt.datetime(1900, 1, 2), dt.datetime(2200, 1, 1), timezones=st.just(zone)))
    text = moment.isoformat(timespec=draw(st.sampled_from(["seconds", "milliseconds", "microseconds"])))
    return text.replace("+00:00", "Z") if zone.utcoffset(None) == dt.timedelta(0) else text


@st.composite
def geometries(draw: st.DrawFn) -> dict[str, Any] | None:
    """Draw a geometry in two or three dimensions, or none."""
    size = draw(st.integers(2, 3))
    position = st.lists(degrees, min_size=size, max_size=size)
    ring = st.lists(position, min_size=3, max_size=5).map(lambda points: [*points, points[0]])
    line = st.lists(position, min_size=2, max_size=4)
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "Point": position,
        "LineString": line,
        "Polygon": st.lists(ring, min_size=1, max_size=2),
        "MultiPoint": st.lists(position, min_size=1, max_size=3),
        "MultiLineString": st.lists(line, min_size=1, max_size=2),
        "MultiPolygon": st.lists(st.lists(ring, min_size=1, max_size=1), min_size=1, max_size=2),
    }
    kind = draw(st.sampled_from([None, *kinds]))
    return None if kind is None else {"type": kind, "coordinates": draw(kinds[kind])}


def some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


properties = some(
    created=instants(),
    updated=st.none() | instants(),
    gsd=whole | degrees,
    flag=st.booleans() | st.none(),
    title=plain_text,
    shape=st.lists(whole, max_size=3),
    nested=st.lists(st.lists(whole | st.none(), max_size=2), max_size=3),
    deep=some(a=whole | st.none(), b=st.lists(plain_text, max_size=2)).filter(bool),
)
asset = st.fixed_dictionaries(
    {"href": plain_text},
    optional={
        "title": plain_text | st.none(),
        "roles": st.lists(plain_text, max_size=2),
        "bands": st.lists(st.fixed_dictionaries({"name": plain_text}, optional={"nodata": degrees}), max_size=2),
    },
)


@st.composite
def collections(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw a few items that share what they like."""
    items = []
    for number in range(draw(st.integers(1, 4))):
        own = draw(properties)
        dated = (
            {"datetime": draw(instants())}
            if draw(st.booleans())
            else {"datetime": None, "start_datetime": draw(instants())}
        )
        box = draw(
            st.none() | st.sampled_from([4, 6]).flatmap(lambda size: st.lists(degrees, min_size=size, max_size=size))
        )
        keys = draw(st.lists(st.sampled_from(["B01", "b01", "data", "a b", "ü"]), max_size=2, unique=True))
        assets = {key: draw(asset) for key in ([*keys, "first"] if number == 0 else keys)}
        items.append(
            {
                "type": "Feature",
                "stac_version": "1.1.0",
                "stac_extensions": draw(st.lists(plain_text, max_size=2)),
                "id": f"{number}-{draw(plain_text)}",
                "collection": "c",
                "geometry": draw(geometries()),
                **({} if box is None else {"bbox": box}),
                "properties": {**dated, **own},
                "links": draw(st.lists(st.fixed_dictionaries({"rel": plain_text, "href": plain_text}), max_size=2)),
                "assets": assets,
            }
        )
    return items


async def read(path: Path) -> list[dict[str, Any]]:
    context, module = WorkflowContext(), IngestModule({"mode": "file", "source": str(path)})
    items = [item async for item in module.fetch(context)]
    assert context.failure_collector.get_all() == []
    assert context.changes.get_all() == []
    return items


def beside_nulls(found: list[Difference]) -> list[Difference]:
    return [one for one in found if one.what != "null lost"]


@settings(max_examples=EXAMPLES, deadline=None)
@given(items=collections(), kind=st.sampled_from(["plain", *_TYPES]), data=st.data())
async def test_tables_of_pyarrow(items: list[dict[str, Any]], kind: str, data: st.DataObject) -> None:
    """Items come back from flat rows and nested ones, of whatever Arrow types, as they were but for null members."""
    layout = {
        "times": data.draw(st.sampled_from(["instants", "text"])),
        "box": data.draw(st.sampled_from(["sides", "list"])),
    }
    table = table_of(items, **layout, nested=kind == "plain" and data.draw(st.booleans()))
    if kind != "plain":
        table = retyped(table, kind)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        pq.write_table(table, path, row_group_size=data.draw(st.integers(1, 4)))
        got = await read(path)
        stored = items_of_table(pq.read_table(path))
    if kind != "32-bit":  # which rounds
        assert beside_nulls(differences(items, got)) == []
    assert beside_nulls(differences(json.loads(json.dumps(stored)), got)) == []


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    items=collections(), select=st.sampled_from([_NESTED, _WKB_AND_PROPERTIES]), depth=st.sampled_from([-1, 1, 2, 3])
)
async def test_tables_of_duckdb(items: list[dict[str, Any]], select: str, depth: int) -> None:
    """Items that DuckDB read from JSON, with types of its own to any depth, come back from its tables as they were."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        _duckdb(items, path, select=select, read=f", maximum_depth := {depth}, sample_size := -1")
        got = await read(path)
        with duckdb.connect() as connection:
            stored = connection.execute(f"SELECT id::VARCHAR FROM '{path}'").fetchall()
    assert len(stored) == len(got)
    assert beside_nulls(differences(items, got)) == []


@settings(max_examples=EXAMPLES, deadline=None)
@given(items=collections())
async def test_tables_of_rustac(items: list[dict[str, Any]]) -> None:
    """Of a table of rustac's we read what it holds, by pyarrow's reading."""
    for item in items:
        item["geometry"] = item["geometry"] or {"type": "Point", "coordinates": [0.5, 1.5]}
        item["properties"]["datetime"] = item["properties"]["datetime"] or "2020-01-01T00:00:00Z"
        item["assets"] = item["assets"] or {"first": {"href": "a"}}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        await rustac.write(str(path), items)
        got = await read(path)
        stored = json.loads(json.dumps(items_of_table(pq.read_table(path))))
    assert differences(stored, got) == []


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    items=collections(),
    form=st.sampled_from(["lines", "collection", "list", "folder"]),
    indent=st.sampled_from([None, 2]),
)
async def test_json_is_read_as_json_reads_it(items: list[dict[str, Any]], form: str, indent: int | None) -> None:
    """Items in JSON, of any form, are what Python's own parser makes of them: values, types and the order of members."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "items.json"
        if form == "folder":
            path = Path(folder)
            for number, item in enumerate(items):
                (path / f"{number}.json").write_text(json.dumps(item, indent=indent))
        elif form == "lines":
            path = Path(folder) / "items.ndjson"
            path.write_text("".join(json.dumps(item) + "\n" for item in items))
        else:
            whole_file = items if form == "list" else {"type": "FeatureCollection", "features": items}
            path.write_text(json.dumps(whole_file, indent=indent, ensure_ascii=False))
        got = await read(path)
    assert [json.dumps(item) for item in got] == [json.dumps(item) for item in items]


def test_flat_rows_hold_what_items_do() -> None:
    """The layout of a row has each member and property once, and raises for none of them."""
    item = {
        "id": "a",
        "geometry": None,
        "bbox": [1.0, 2.0, 3.0, 4.0],
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
    }
    row = flat(item)
    assert row["bbox"] == {"xmin": 1.0, "ymin": 2.0, "xmax": 3.0, "ymax": 4.0}
    assert row["datetime"] == dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    assert orjson.dumps(flat(item, times="text", box="list"))
    assert pytest.approx(flat(item, box="list")["bbox"]) == item["bbox"]
