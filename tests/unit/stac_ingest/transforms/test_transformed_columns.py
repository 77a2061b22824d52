"""Transforms of columns do what they do to the items that the rows make."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import collections
from stac_ingest.context import WorkflowContext
from stac_ingest.core.rows import ItemRows
from stac_ingest.cql2 import operands_of, predicate_of, read_expression
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.stac_schema import layout_of
from stac_ingest.geoparquet.table_rows import TableRows, table_rows
from stac_ingest.outputs import GeoParquetOutput
from stac_ingest.transforms import FilterItems, UpdateItems
from stac_ingest.transforms.columns import looked_at, updated

EXPRESSIONS = [
    "gsd > 0 OR title LIKE '%a%'",
    "NOT (flag = TRUE AND created < TIMESTAMP('2000-01-01T00:00:00Z'))",
    "T_AFTER(datetime, DATE('2000-01-01')) OR start_datetime IS NULL",
    "S_INTERSECTS(geometry, BBOX(-45, -45, 45, 45))",
    "id LIKE '0%' AND collection = 'c' AND properties.shape IS NULL",
    "nothing IS NULL AND deep IS NOT NULL",
]
UPDATES: list[dict[str, Any]] = [
    {"remove": ["gsd", "nested", "id", "links", "nothing"]},
    {"rename": {"title": "name", "created": "published"}, "remove": ["name"]},
    {"rename": {"gsd": "resolution"}, "set": {"mark": "a", "title": 1, "half": 0.5, "flag": True}},
    {"rename": {"nothing": "gsd"}, "set": {"shape": "x"}, "remove": ["shape"]},
]


def table_of(items: list[dict[str, Any]]) -> pa.RecordBatch:
    """Give items as the rows of a file of our own."""
    with tempfile.TemporaryDirectory() as folder:

        async def write() -> None:
            output, context = GeoParquetOutput(folder), WorkflowContext()
            await output.start(context)
            for item in items:
                await output.bundle(item, context)
            await output.finalize(context)
            await output.close()

        asyncio.run(write())
        return pq.read_table(Path(folder) / "part-00000.parquet").combine_chunks().to_batches()[0]


def items_of(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Decode rows, none of which may be rejected."""
    rejected: list[str] = []
    items = list(Decoder(batch.schema).items(batch, "", lambda origin, _: rejected.append(origin)))
    assert not rejected
    return items


def rows(**columns: Any) -> pa.RecordBatch:
    """Give two rows of a table of another writer."""
    plain = {"id": ["a", "b"], "geometry": [shapely.to_wkb(shapely.Point(1, 2))] * 2, "stac_version": ["1.0.0"] * 2}
    return pa.RecordBatch.from_pydict({**plain, **columns})


@settings(max_examples=20, deadline=None)
@given(collections(), st.sampled_from(UPDATES))
def test_expressions_and_updates_are_those_of_items(items: list[dict[str, Any]], update: dict[str, Any]) -> None:
    """Each expression says the same of the columns it looks at as of whole items, and an update makes the same rows."""
    batch = table_of(items)
    layout, whole = layout_of(batch.schema), items_of(batch)
    assert layout is not None
    for expression in EXPRESSIONS:
        node = read_expression(expression)
        holds, part = predicate_of(node), looked_at(batch, layout, operands_of(node))
        # A column beside another one for a second type of value is left to the items.
        if part is not None:
            assert [*map(holds, part)] == [*map(holds, whole)]
    made = updated(
        batch, layout, rename=update.get("rename", {}), remove=update.get("remove", []), values=update.get("set", {})
    )
    if made is not None:
        assert items_of(made) == [UpdateItems(update).modify(item, WorkflowContext()) for item in whole]


def test_plain_tables_are_looked_at_and_changed_as_columns() -> None:
    """A table of scalars takes this way, and of an expression that asks for one property no other is decoded."""
    batch = rows(gsd=[1.5, None], title=["x", "y"], collection=["c", "c"], links=[[{"rel": "a", "href": "b"}]] * 2)
    layout = layout_of(batch.schema)
    assert layout is not None
    found = looked_at(batch, layout, {"gsd"})
    assert found is not None
    assert [(item["properties"], item["geometry"], item["links"]) for item in found] == [
        ({"gsd": 1.5}, None, []),
        ({}, None, []),
    ]
    made = updated(batch, layout, rename={"gsd": "a:b"}, remove=["title"], values={"c": 1})
    assert made is not None
    assert [item["properties"] for item in items_of(made)] == [{"a:b": 1.5, "c": 1}, {"c": 1}]


@pytest.mark.parametrize("how", ["gsd > 1", {"remove": ["title"]}, {"set": {"x": 1}}, {"remove": ["nothing"]}])
def test_rows_of_a_table_stay_rows_of_a_table(how: Any) -> None:
    """What an expression or an update makes of rows is rows, with the keys and columns of the items they stand for."""
    batch = rows(gsd=[1.5, None], title=["x", "y"], collection=["c", None], datetime=["2024-01-01T00:00:00Z"] * 2)
    table = table_rows(batch, Decoder(batch.schema))
    assert table is not None
    modifier = FilterItems(how) if isinstance(how, str) else UpdateItems(how)
    changed = modifier.modify_rows(table, WorkflowContext())
    assert isinstance(changed, TableRows)
    singly = [made for item in items_of(batch) if (made := modifier.modify(item, WorkflowContext())) is not None]
    assert changed.items() == singly
    assert [*changed.keys] == [*ItemRows.of(singly).keys]
    assert changed.columns() is not None


def test_rows_that_need_more_come_item_by_item() -> None:
    """Links to add, and a column `properties`, aren't known to columns."""
    batch = rows(properties=[{"gsd": 1}] * 2)
    table = TableRows([("", "a"), ("", "b")], batch, Decoder(batch.schema))
    links = [{"rel": "via", "href": "https://example.com/"}]
    for modifier in (FilterItems("gsd = 1"), UpdateItems({"remove": ["gsd"]}), UpdateItems({"links": links})):
        assert modifier.modify_rows(table, WorkflowContext()) is None


@pytest.mark.parametrize(
    ("columns", "change"),
    [
        ({"properties": [{"a": 1}] * 2}, {"remove": ["a"]}),
        ({"a": [1, 2], "b": [1, None]}, {"rename": {"a": "b"}}),
        ({"a": [1, 2]}, {"rename": {"a": "collection"}}),
        ({"a": ["{}", "{}"]}, {"rename": {"a": "properties"}}),
        ({"a": [1, 2]}, {"values": {"b": None}}),
        ({"a": [1, 2]}, {"values": {"b": [1]}}),
        ({"a": [1, 2]}, {"values": {"b": 2**63}}),
        ({"a": [1, 2]}, {"values": {"id": "x"}}),
        ({"a": [1, 2]}, {"values": {"bbox": "x"}}),
        ({"datetime": ["2024-01-01T00:00:00Z"] * 2}, {"remove": ["datetime"]}),
    ],
)
def test_what_columns_may_not_say_is_left_to_items(columns: dict[str, Any], change: dict[str, Any]) -> None:
    """A column `properties`, a name that is taken or means more, null and nested values go item by item."""
    settings: dict[str, Any] = {"rename": {}, "remove": [], "values": {}}
    batch = rows(**columns)
    layout = layout_of(batch.schema)
    assert layout is not None
    assert updated(batch, layout, **settings | change) is None
