"""Columns of values whose types are plain to see, against those that Arrow finds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import collections
from stac_ingest.geoparquet.object_columns import MAX_DEPTH, UNLIKE, ObjectColumns, UnusualError
from stac_ingest.geoparquet.value_columns import ColumnMaker

_plain = st.sampled_from([None, True, False, 0, 1, 10, 2**53 + 1, 2**70, 0.0, 1.0, 10.5, 1e300, "", "x", "é"])
_names = st.sampled_from(["a", "b", "c", "ü"])


def _within(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=3) | st.dictionaries(_names, values, max_size=3)


anything = st.recursive(_plain, _within, max_leaves=8)


@st.composite
def alike(draw: st.DrawFn) -> list[Any]:
    """Draw values most of which are of one form, as those of one place in items are."""
    usual = draw(anything)
    return [draw(st.just(usual) | anything) for _ in range(draw(st.integers(0, 5)))]


def both_ways(values: list[Any]) -> bool:
    """Compare the ways, and tell whether the first made a column."""
    maker, found, made = ColumnMaker(), ColumnMaker(), ObjectColumns()
    expected = found.searched(values)
    column = maker.column(values)
    assert column.type == expected.type
    assert repr(column.to_pylist()) == repr(expected.to_pylist())  # where 1, 1.0 and True aren't the same
    assert (maker.null_members, maker.all_finite) == (found.null_members, found.all_finite)
    try:
        (usual,) = made.columns(values, [len(values)])
    except (UnusualError, *UNLIKE):
        return False
    usual.validate(full=True)
    assert usual.equals(expected)
    assert made.null_members == found.null_members
    return True


@settings(max_examples=500, deadline=None)
@given(alike())
def test_columns_are_those_that_arrow_finds(values: list[Any]) -> None:
    """Type, values and count of null members are the same both ways, whatever the values are."""
    both_ways(values)


@settings(max_examples=40, deadline=None)
@given(collections())
def test_members_of_items_become_the_same_columns(items: list[dict[str, Any]]) -> None:
    """So they are for the assets, links and properties of items."""
    for name in ("assets", "links", "properties"):
        both_ways([item[name] for item in items])


def test_usual_items_take_the_fast_way() -> None:
    """Missing, null and empty members, nulls in lists and numbers of two kinds need no search for a type."""
    band = {"name": "B01", "wavelength": 0.5}
    assets = {"a": {"href": "x", "bands": [band, band]}, "b": {"href": "y", "bands": [], "size": 3}}
    assert both_ways([assets, assets])
    assert both_ways([assets, {"a": {"href": None, "bands": [{"name": "B02"}, None]}}, None])
    assert both_ways([{"gsd": 10, "flag": True}, {"gsd": 10.5}])
    assert both_ways([[{"rel": "self"}], None, []])


@pytest.mark.parametrize(
    "values",
    [
        [1, "x"],
        [1.5, True],
        [{"a": 1}, [1]],
        [{}, {}],
        [2**70],
        [float("nan")],
        [[1, [2]]],
        [{"a": 2**53 + 1}, {"a": 0.5}],
    ],
    ids=str,
)
def test_what_shares_no_type_takes_the_other_way(values: list[Any]) -> None:
    """Values of several types, and numbers that a column of them would change, aren't made columns of."""
    assert not both_ways(values)


def test_objects_deeper_than_a_file_takes_take_the_other_way() -> None:
    """As many objects and lists in one another as are allowed are a column; one more is JSON, both ways."""
    deep: Any = 1
    for _ in range(MAX_DEPTH):
        deep = {"a": deep}
    assert both_ways([deep])
    assert not both_ways([[deep]])
    assert json.loads(ColumnMaker().column([[deep]]).storage[0].as_py()) == [deep]


def test_objects_without_common_members_are_left_to_arrow() -> None:
    """Where each object has a member of its own, their number times that of the members is not looked at."""
    assert not both_ways([{str(number): number} for number in range(50)])
