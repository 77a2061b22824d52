"""What counts as a difference between items, and what doesn't."""

from __future__ import annotations

import pytest

from ingest_bench.writer_table.differences import differences


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (10, 10.0),
        ("2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00"),
        ("2024-01-01T00:00:00.5Z", "2024-01-01t00:00:00.500000z"),
        ([1, {"a": None}], [1, {"a": None}]),
    ],
)
def test_alike(one, other):
    """Numbers are alike by value, instants by moment, everything else by itself."""
    assert differences([{"id": "a", "x": one}], [{"id": "a", "x": other}]) == []


@pytest.mark.parametrize(
    ("one", "other", "path", "what"),
    [
        (1, True, "x", "1 became True"),
        (1, "1", "x", "1 became '1'"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.001Z", "x", "'2024-01-01T00:00:00Z' became"),
        ([1], [1, 2], "x", "[1] became [1, 2]"),
        ([{"a": 1}], [{"a": 2}], "x[].a", "1 became 2"),
        ([[1]], [[2]], "x[]", "1 became 2"),
        ({"a": None}, {}, "x.a", "null lost"),
        ({"a": []}, {}, "x.a", "empty lost"),
        ({"a": 1}, {}, "x.a", "value lost"),
        ({}, {"a": 1}, "x.a", "value added"),
        ("a" * 99, "b", "x", "…"),
    ],
)
def test_unlike(one, other, path, what):
    """A difference has the path of its member, and says what became of it."""
    (found,) = differences([{"id": "a", "x": one}], [{"id": "a", "x": other}])
    assert found.path == path
    assert what in found.what


def test_items_that_are_missing_or_too_many():
    """An item that didn't come, one that nobody wrote and one that came twice are differences."""
    found = differences([{"id": "a"}, {"id": "b"}], [{"id": "b"}, {"id": "b"}, {"id": "c"}])
    assert found == [("a", "no item"), ("c", "an item that isn't there"), ("id", "items twice")]
