"""The form in which items are compared, and the members in which they differ."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import collections
from stac_ingest.audit.differences import MOST_MEMBERS, differing_members
from stac_ingest.core.canonical import CanonicalForm
from stac_ingest.core.instants import same_instant
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.outputs.geoparquet import read_part

FORM = CanonicalForm(nulls=True)
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)


def item(**properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": "a", "properties": properties}


def same(one: dict[str, Any], other: dict[str, Any], *, nulls: bool = True) -> bool:
    form = CanonicalForm(nulls=nulls)
    return form.digest(one) == form.digest(other)


@given(st.dictionaries(st.text(max_size=3), values, max_size=4))
@settings(max_examples=30, deadline=None)
def test_the_order_of_members_does_not_count(properties: dict[str, Any]) -> None:
    """Whatever JSON holds, an item whose members come in another order is the same, and is itself left as it is."""
    before = copy.deepcopy(properties)
    assert same(item(**properties), item(**dict(reversed(properties.items()))))
    assert properties == before


@given(values, values)
@settings(max_examples=30, deadline=None)
def test_other_values_are_different(one: Any, other: Any) -> None:
    """Two items are the same just where no member of them is named as differing."""
    pair = item(x=one), item(x=other)
    assert same(*pair) == (differing_members(*map(FORM, pair)) == [])


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (0.0, -0.0), (2**60, float(2**60)), (math.nan, "nan")])
def test_numbers_are_the_same_by_their_values(one: Any, other: Any) -> None:
    """1 and 1.0 are one number; a NaN is what our outputs write for it."""
    assert same(item(nodata=one), item(nodata=other))


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), (2**60 + 1, float(2**60)), ("1", 1), (10**400, 1)])
def test_what_is_no_number_of_that_value_is_different(one: Any, other: Any) -> None:
    """A truth value is no number, and two whole numbers beyond 53 bits aren't one because a float can't tell them."""
    assert not same(item(n=one), item(n=other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2024-01-01T02:00:00.500+02:00", "2024-01-01T00:00:00.5Z"),
        ("2024-01-01t00:00:00z", "2024-01-01T00:00:00.000000Z"),
        ("2024-01-01T00:30:00+01:00", "2023-12-31T23:30:00Z"),
        ("2024-01-01 00:00Z", "2024-01-01T00:00:00-00:00"),
    ],
)
def test_an_instant_is_the_same_however_it_is_written(one: str, other: str) -> None:
    """The usual properties are compared as instants; the same texts in another property are not."""
    assert same_instant(one) == same_instant(other)
    assert same(item(updated=one), item(updated=other))
    assert not same(item(title=one), item(title=other))


@pytest.mark.parametrize(
    "text", ["2024-01-01T00:00:00", "2024-01-01", "0001-01-01T00:00:00+23:59", "2024-13-01T00:00+01:00", "", "x"]
)
def test_what_is_no_instant_stays(text: str) -> None:
    """A text that says no moment, or one that can't be told in UTC, is compared as it is."""
    assert same_instant(text) == text


def test_nulls_count_where_both_sides_have_them() -> None:
    """A null member is a missing one to a table, in any depth; a null element of a list never is."""
    pair = item(x=None, deep=[{"y": None, "z": 1}]), item(deep=[{"z": 1}])
    assert not same(*pair)
    assert same(*pair, nulls=False)
    assert not same(item(x=[None]), item(x=[]), nulls=False)


def test_empty_members_are_missing_ones_in_a_table() -> None:
    """Links and assets that an item lacks are empty in a table."""
    pair = {**item(), "links": [], "assets": {}}, item()
    assert same(*pair, nulls=False)
    assert not same(*pair)


def test_what_is_nested_too_deeply_is_compared_as_it_is() -> None:
    """An item that is nested deeper than a function can follow is compared without its numbers made alike."""
    deep: Any = json.loads("[" * 900 + "1" + "]" * 900)
    assert same(item(x=deep), item(x=deep))


def test_members_are_named_by_their_paths() -> None:
    """Differing members are named by where they are, and not more than a few of them."""
    one, other = item(a={"b": [1, {"c": 2}]}, d=1), item(a={"b": [1, {"c": 3}]}, e=1)
    assert differing_members(one, other) == ["properties.a.b.1.c", "properties.d", "properties.e"]
    assert len(differing_members(item(**{f"n{n}": n for n in range(99)}), item())) == MOST_MEMBERS
    assert differing_members(item(x=[1]), item(x=[1, 2])) == ["properties.x"]


@given(collections())
@settings(max_examples=15, deadline=None)
def test_what_a_table_gives_back_is_the_same(items: list[dict[str, Any]]) -> None:
    """Items of all kinds are the same after they were in a GeoParquet file, null members and spellings aside."""
    with TemporaryDirectory() as folder:
        with GeoParquetWriter(Path(folder) / "items.parquet") as writer:
            writer.write(items)
        read = list(read_part(Path(folder) / "items.parquet"))
    for before, after in zip(items, read, strict=True):
        assert same(before, after, nulls=False)
