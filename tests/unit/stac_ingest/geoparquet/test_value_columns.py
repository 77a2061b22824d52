"""Values to columns: the narrowest type that holds all of them, and a count of what no type holds."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from stac_ingest.geoparquet.json_text import JSON
from stac_ingest.geoparquet.value_columns import MAX_DEPTH, ColumnMaker

MISSING: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2.5], pa.float64()),
        ([1, "x"], JSON),
        ([1.5, True], JSON),
        ([2**53 + 1, 0.5], JSON),
        ([2**64, 1], JSON),
        ([[1.5], [True]], JSON),
        ([{"a": 1}, {"b": "x"}], pa.struct([("a", pa.int64()), ("b", pa.string())])),
        ([{"a": 1}, {"a": "x", "b": 1}], pa.struct([("a", JSON), ("b", pa.int64())])),
        ([{"a": 1}, "x"], JSON),
        ([{"a": 1}, [1]], JSON),
        (
            [[{"nodata": "nan", "scale": 1.5}, {"nodata": 0}], [], None],
            pa.list_(pa.struct([("nodata", JSON), ("scale", pa.float64())])),
        ),
        (
            [{"bands": [{"at": [{"x": 1}, {"x": "y"}]}]}],
            pa.struct([("bands", pa.list_(pa.struct([("at", pa.list_(pa.struct([("x", JSON)])))])))]),
        ),
    ],
)
def test_only_what_shares_no_type_is_json(values: list[Any], kind: pa.DataType) -> None:
    """A member of two types is JSON by itself: the list or object around it stays one, for every other reader."""
    assert ColumnMaker().column(values).type == kind


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ([{"a": None}, MISSING, {"a": 1}], 1),
        ([{"a": None}, {"a": None}], 2),
        ([{"a": {"b": None}}, {"a": None}, None, {"a": {"b": {"c": None}}}], 3),
        ([[{"a": None}, {"a": 1}], None, [], [{}]], 1),
        ([[None, 1], [None]], 0),
        ([{"a": None, "b": 1}, {"a": 1, "b": "x"}], 1),
        ([[{"a": None}], ["x"]], 0),
        ([{"a": None}, "x"], 0),
    ],
)
def test_null_members_are_counted_once(values: list[Any], count: int) -> None:
    """Members that are null and not missing are counted, at any depth; elements and what is JSON stay as they are."""
    maker = ColumnMaker()
    maker.column(values)
    assert maker.null_members == count


def test_values_without_nulls_are_not_looked_at() -> None:
    """To count costs nothing where the column has no null and no float: no object is asked for a member again."""

    class Counted(dict[str, Any]):
        asked = 0

        def get(self, *arguments: Any) -> Any:
            Counted.asked += 1
            return super().get(*arguments)

    maker = ColumnMaker()
    maker._null_members(
        pa.array([{"a": 1, "b": {"c": "x", "d": [1, 2]}}] * 100),
        lambda: [Counted(a=1, b={"c": "x", "d": [1, 2]})] * 100,
    )
    assert Counted.asked <= 100  # `b` is looked into for its list


def test_what_is_nested_deeply_is_json() -> None:
    """Beyond some levels, which Arrow's files and other readers can't have, a value is JSON as a whole."""
    deep: Any = 1
    for _ in range(2 * MAX_DEPTH):
        deep = {"a": [deep]}
    assert ColumnMaker().column([deep]).type == JSON
    assert ColumnMaker().column([deep, 1]).type == JSON
