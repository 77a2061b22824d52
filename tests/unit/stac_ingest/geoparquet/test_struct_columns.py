"""Columns of any type to Python objects, against what Arrow itself says the columns hold."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_columns import LEAVES, columns
from stac_ingest.geoparquet.row_codegen import ColumnSet
from stac_ingest.geoparquet.row_template import NULL
from stac_ingest.geoparquet.struct_columns import object_of, value_or


def values_of(column: pa.Array) -> list[Any]:
    """Make Python values of a column."""
    found = ColumnSet(len(column))
    return list(found.rows(value_or(column, NULL, found)))


def objects_of(members: list[tuple[str, pa.Array]], rows: int) -> list[Any]:
    """Make objects of columns."""
    found = ColumnSet(rows)
    return list(found.rows(object_of(members, found)))


def expected(value: Any, kind: pa.DataType) -> Any:
    """Give what JSON has for a value: members that are null are left out, elements and map values are not."""
    if value is None:
        return None
    if pa.types.is_struct(kind):
        members = {field.name: expected(value[field.name], field.type) for field in kind}
        return {name: member for name, member in members.items() if member is not None}
    if pa.types.is_map(kind):
        return {name: expected(member, kind.item_type) for name, member in value}
    if pa.types.is_list(kind):
        return [expected(member, kind.value_type) for member in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@settings(max_examples=100, deadline=None)
@given(column=columns())
def test_values_are_what_the_column_holds(column: pa.Array) -> None:
    """Whatever its type and wherever its nulls are, each row's value is what JSON has for that row."""
    got = values_of(column)
    wanted = [expected(value, column.type) for value in column.to_pylist()]
    assert repr(got) == repr(wanted)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), count=st.integers(1, 5))
def test_objects_have_the_members_that_are_not_null(data: st.DataObject, count: int) -> None:
    """Members come in the order of the columns, and those that are null in a row are not in that row's object."""
    members = []
    for number in range(count):
        kind, value = data.draw(st.sampled_from(LEAVES))
        members.append((f"m{number}", pa.array(data.draw(st.lists(st.none() | value, min_size=4, max_size=4)), kind)))
    rows = [{name: expected(column[row].as_py(), column.type) for name, column in members} for row in range(4)]
    wanted = [{name: value for name, value in row.items() if value is not None} for row in rows]
    assert repr(objects_of(members, 4)) == repr(wanted)


@pytest.mark.parametrize("members", [1, 2, 3])
def test_a_row_without_any_member_stays_in_its_place(members: int) -> None:
    """An object all of whose members are null is empty, and the rows after it don't move up."""
    columns_ = [(f"m{number}", pa.array([None, number, None, number], pa.int64())) for number in range(members)]
    full = {f"m{number}": number for number in range(members)}
    assert objects_of(columns_, 4) == [{}, full, {}, full]


def test_a_dictionary_is_written_by_its_values() -> None:
    """A dictionary-encoded column reads like the plain one, its nulls included."""
    column = pa.array(["a", None, "a"]).dictionary_encode()
    assert values_of(column) == ["a", None, "a"]


def test_json_is_written_as_it_is_and_what_is_not_json_as_text() -> None:
    """JSON text of a column of that type becomes a value; text that would break out of its place stays a text."""
    texts_ = ['{"k":[1,null]}', '1},"id":"x"', None]
    column = pa.ExtensionArray.from_storage(pa.json_(), pa.array(texts_, pa.string()))
    assert values_of(column) == [{"k": [1, None]}, '1},"id":"x"', None]


def test_no_two_items_share_an_object() -> None:
    """What is the same in every row is made anew for each, so changing one item changes no other."""
    kind = pa.struct([("roles", pa.list_(pa.string())), ("bands", pa.list_(pa.struct([("name", pa.string())])))])
    column = pa.array([{"roles": ["data"], "bands": [{"name": "red"}]}] * 2, kind)
    first, second = values_of(column)
    first["roles"].append("more")
    first["bands"][0]["name"] = "blue"
    assert second == {"roles": ["data"], "bands": [{"name": "red"}]}


def test_numbers_that_are_equal_keep_their_types() -> None:
    """A constant 1 and a constant 1.0 make recipes of their own, though Python calls them equal."""
    assert repr(values_of(pa.array([1, 1]))) == "[1, 1]"
    assert repr(values_of(pa.array([1.0, 1.0]))) == "[1.0, 1.0]"
    assert repr(values_of(pa.array([-0.0, -0.0]))) == "[-0.0, -0.0]"
