"""Columns of a table that grows part by part: the types stay, and the items come back as they were."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import beside_nulls, collections
from ingest_bench.writer_table.differences import differences
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.growing_table import GrowingTable
from stac_ingest.geoparquet.item_columns import columns_of
from stac_ingest.geoparquet.spool import Spool
from stac_ingest.geoparquet.stored_types import described_batch, described_schema

Item = dict[str, Any]
DAY = {"datetime": "2024-01-01T00:00:00Z"}


def item(item_id: str, *, assets: Item | None = None, **properties: Any) -> Item:
    found: Item = {"type": "Feature", "stac_version": "1.0.0", "id": item_id, "collection": "c", "geometry": None}
    return {**found, "properties": {**DAY, **properties}, "links": [], "assets": assets or {"a": {"href": "x"}}}


def part(table: GrowingTable, folder: str, items: list[Item]) -> pa.Table:
    """Take in items as a part, and return its rows as a format stores them."""
    spool = Spool(Path(folder) / "spool")
    table.begin(spool)
    spool.add(columns_of(items).columns)
    batches = list(table.admit(spool))
    spool.remove()
    return pa.Table.from_batches(batches, table.schema)


def stored(parts: list[list[Item]], *, resumed: bool = False) -> tuple[GrowingTable, list[pa.Table]]:
    table, tables = GrowingTable(), []
    with TemporaryDirectory() as folder:
        for items in parts:
            tables.append(part(table, folder, items))
            if resumed:
                table = GrowingTable(table.schema, table.description)
    return table, tables


def read(table: GrowingTable, tables: list[pa.Table]) -> list[Item]:
    """Read the rows under the table's last schema, as its formats do: what a part hadn't is null."""
    whole = pa.concat_tables(tables, promote_options="default").select(table.schema.names)
    schema = described_schema(whole.schema, table.description)
    rows = (described_batch(batch, schema) for batch in whole.to_batches())
    return [found for batch in rows for found in Decoder(schema).items(batch, "", lambda *_: None)]


def types(schema: pa.Schema) -> dict[str, str]:
    found: dict[str, str] = {}

    def look(name: str, kind: pa.DataType) -> None:
        if pa.types.is_struct(kind):
            for field in kind:
                look(f"{name}.{field.name}", field.type)
        elif pa.types.is_list(kind):
            look(f"{name}[]", kind.value_type)
        else:
            found[name] = str(kind)

    for field in schema:
        look(field.name, field.type)
    return found


@settings(max_examples=25, deadline=None)
@given(parts=st.lists(collections(), min_size=1, max_size=4), resumed=st.booleans())
def test_items_of_any_parts_come_back(parts: list[list[Item]], resumed: bool) -> None:
    """Whatever JSON the parts hold, all items come back but for null members, and no column's type ever changes."""
    for number, items in enumerate(parts):
        for one in items:
            one["id"] = f"{number}-{one['id']}"
    table, tables = stored(parts, resumed=resumed)
    assert beside_nulls(differences([one for items in parts for one in items], read(table, tables))) == []
    last = types(table.schema)
    for written in tables:
        assert types(written.schema).items() <= last.items()
        assert {"null"}.isdisjoint(types(written.schema).values())


@pytest.mark.parametrize(
    ("first", "later"),
    [(1, 1.5), (1, "one"), (1.5, 2**63 - 1), ("a", {"b": 1}), (["a"], [1]), ({"a": 1}, {"a": "x", "b": 2}), (True, 1)],
)
def test_a_value_of_another_type_is_kept_beside_its_column(first: Any, later: Any) -> None:
    """The column keeps its type and the values that fit it; the other one is JSON in a column that is named."""
    parts = [[item("a", x=first)], [item("b", x=later)], [item("c", x=first)]]
    table, tables = stored(parts)
    assert table.kept_apart == {"x": "properties.x"}
    assert read(table, tables) == [one for items in parts for one in items]
    assert tables[1].column("x").to_pylist() == [None]
    assert json.loads(tables[1].column("properties.x")[0].as_py()) == later
    assert tables[2].column("x").null_count == 0
    assert tables[2].column("properties.x").null_count == 1


def test_members_are_added_where_types_agree() -> None:
    """A new asset, a member of one and a property become columns; nothing is kept apart."""
    parts = [[item("a")], [item("b", assets={"a": {"href": "x", "n": 1}, "b": {"href": "y"}}, new=1)]]
    table, tables = stored(parts)
    assert table.kept_apart == {}
    assert read(table, tables) == [one for items in parts for one in items]


def test_names_that_differ_in_case_alone_or_have_unusual_letters() -> None:
    """Formats whose names have no case, or no spaces, get other names, and objects with such members are JSON."""
    odd = item("a", assets={"B01": {"href": "x"}, "b01": {"href": "y"}}, Eo=1, eo=2, deep={"a b": 1}, **{"my prop": 3})
    table, tables = stored([[odd]])
    names = table.schema.names
    assert len({name.casefold() for name in names}) == len(names)
    assert not any(set(name) & set(" ,;{}()\n\t=") for name in types(table.schema))
    assert read(table, tables) == [odd]


def test_nanoseconds_are_texts_beside_microseconds() -> None:
    """The instant is for searching, and its text has every digit."""
    fine = item("a", created="2024-01-01T00:00:00.123456789Z")
    table, tables = stored([[item("b", created="2024-01-01T00:00:00Z")], [fine]])
    assert str(table.schema.field("created").type) == "timestamp[us, tz=UTC]"
    assert read(table, tables)[1] == fine
