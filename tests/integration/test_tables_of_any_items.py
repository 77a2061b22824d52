"""Items of all kinds, in tables that others write and in JSON: read as they were, or as others rightly read them."""

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

from any_items import beside_nulls, collections
from ingest_bench.writer_table.arrow_types import retyped
from ingest_bench.writer_table.differences import differences
from ingest_bench.writer_table.rows import flat, items_of_table
from ingest_bench.writer_table.writers import NESTED, TYPES, WKB_AND_PROPERTIES, by_duckdb, table_of
from stac_ingest import IngestModule, WorkflowContext

FORMS = ("collection", "list", "folder")
EXAMPLES = 200 if "TEST_LONG" in os.environ else 10


async def read(path: Path) -> list[dict[str, Any]]:
    context, module = WorkflowContext(), IngestModule({"mode": "file", "source": str(path)})
    items = [item async for item in module.fetch(context)]
    assert context.failure_collector.get_all() == []
    assert context.changes.get_all() == []
    return items


@settings(max_examples=EXAMPLES, deadline=None)
@given(items=collections(), kind=st.sampled_from(["plain", *TYPES]), data=st.data())
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
@given(items=collections(), select=st.sampled_from([NESTED, WKB_AND_PROPERTIES]), depth=st.sampled_from([-1, 1, 2, 3]))
async def test_tables_of_duckdb(items: list[dict[str, Any]], select: str, depth: int) -> None:
    """Items that DuckDB read from JSON, with types of its own to any depth, come back from its tables as they were."""
    for item in items:  # DuckDB refuses names that differ in case alone
        item["assets"].pop("b01", None)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        by_duckdb(items, path, select=select, read=f", maximum_depth := {depth}, sample_size := -1")
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
    """Items in JSON, of any form, are what Python's own parser makes of them: values, types, the order of members."""
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
