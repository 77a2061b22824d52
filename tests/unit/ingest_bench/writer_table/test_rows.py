"""Items to rows and back, by which our own reading is judged."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from ingest_bench.writer_table.arrow_types import retyped
from ingest_bench.writer_table.differences import differences
from ingest_bench.writer_table.items import SETS
from ingest_bench.writer_table.rows import items_of_table, simple
from ingest_bench.writer_table.writers import TYPES, table_of


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("kind", ["plain", *TYPES])
def test_items_come_back_from_a_table(name, kind):
    """In memory, every type holds the items but for nulls and members that rows have no place for."""
    items = SETS[name]()
    table = table_of(items) if kind == "plain" else retyped(table_of(items), kind)
    found = differences(items, json.loads(json.dumps(items_of_table(table))))
    assert {one.path for one in found if one.what != "null lost"} <= {"renders", "properties.renders"}


def test_each_kind_is_another_table():
    """Each kind of types changes the schema, so no row of the table of writers is another one's twin."""
    table = table_of(SETS["usual items"]())
    schemas = [retyped(table, kind).schema for kind in TYPES]
    assert all(not schema.equals(table.schema) for schema in schemas)
    assert all(not one.equals(other) for number, one in enumerate(schemas) for other in schemas[:number])


def test_values_that_json_has_no_form_for():
    """Bytes, NaN and arrays come as text, nothing and lists."""
    array = pa.array([1, 2]).to_numpy()
    assert simple({"a": b"\1", "c": array, "d": None}) == {"a": "01", "c": [1, 2]}
    assert simple([float("nan"), None]) == [None, None]
