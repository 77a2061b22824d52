"""Transforms of batches do what they do to items one by one, and keep the form of the batch."""

from __future__ import annotations

import copy
import math
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import collections
from stac_ingest.context import WorkflowContext
from stac_ingest.core.rows import ItemRows, LineRows, line_rows
from stac_ingest.errors import ItemError
from stac_ingest.transforms import FilterItems, UpdateItems

EXPRESSIONS = [
    "gsd > 0",
    "NOT gsd > 0",
    "flag = TRUE OR title LIKE '%a%'",
    "created < TIMESTAMP('2000-01-01T00:00:00Z')",
    "T_AFTER(datetime, DATE('2000-01-01')) OR start_datetime IS NULL",
    "S_INTERSECTS(geometry, BBOX(-45, -45, 45, 45))",
    "NOT S_INTERSECTS(geometry, POLYGON((0 0, 90 0, 90 90, 0 0)))",
    "id LIKE '0%' AND collection = 'c'",
]
UPDATES: list[dict[str, Any]] = [
    {"remove": ["gsd", "nested"]},
    {"rename": {"title": "gsd", "created": "published"}},
    {"rename": {"gsd": "title", "title": "gsd"}, "set": {"mark": {"a": [1, None]}}},
    {"links": [{"rel": "via", "href": "https://example.com/source"}], "remove": ["flag"]},
    {},
]
CONTEXT = WorkflowContext()


@settings(max_examples=60)
@given(collections(), st.sampled_from([*EXPRESSIONS, *UPDATES]))
def test_batches_are_changed_as_items_are(items: list[dict[str, Any]], how: str | dict[str, Any]) -> None:
    """As objects and as lines, what comes out is what `modify` makes of each item, and as much is unknown."""
    modifier, before = FilterItems(how) if isinstance(how, str) else UpdateItems(how), copy.deepcopy(items)
    singly = [changed for item in items if (changed := modifier.modify(item, CONTEXT)) is not None]
    lines = line_rows(map(orjson.dumps, items))
    assert lines is not None
    for rows, form in ((ItemRows.of(items), ItemRows), (lines, LineRows)):
        fresh = FilterItems(how) if isinstance(how, str) else UpdateItems(how)
        changed_rows = fresh.modify_rows(rows, CONTEXT)
        assert getattr(fresh, "unknown", 0) == getattr(modifier, "unknown", 0)
        assert type(changed_rows) is form
        assert [*changed_rows.items()] == singly
        assert [*changed_rows.keys] == [("c", item["id"]) for item in singly]
        # The order of members is part of what is written.
        assert [*map(orjson.dumps, changed_rows.items())] == [*map(orjson.dumps, singly)]
    assert items == before


def test_lines_that_stay_are_not_written_anew() -> None:
    """A line that an update doesn't touch is the same object afterwards, and so is a batch that is kept whole."""
    texts = [b'{"type":"Feature","id":"a","properties":{"x":1}}', b'{"type":"Feature","id":"b","properties":{}}']
    rows = LineRows([("", "a"), ("", "b")], texts)
    changed = UpdateItems({"remove": ["x"]}).modify_rows(rows, CONTEXT)
    assert changed is not None
    assert changed.lines() == [b'{"type":"Feature","id":"a","properties":{}}', texts[1]]
    assert changed.lines()[1] is texts[1]
    assert FilterItems("id IN ('a', 'b')").modify_rows(rows, CONTEXT) is rows


@pytest.mark.parametrize("value", [math.nan, 2**70, {1: 2}, (1, 2), b"x"])
def test_values_that_json_changes_are_set_in_objects_alone(value: Any) -> None:
    """What the output has to look at isn't encoded behind its back: such a batch comes item by item."""
    rows = LineRows([("", "a")], [b'{"type":"Feature","id":"a"}'])
    assert UpdateItems({"set": {"x": value}}).modify_rows(rows, CONTEXT) is None


def test_an_item_that_cannot_be_updated_is_an_error_of_its_batch() -> None:
    """One malformed item makes the batch come item by item, since its error is raised."""
    rows = LineRows([("", "a")], [b'{"type":"Feature","id":"a","properties":[1]}'])
    with pytest.raises(ItemError, match="properties"):
        UpdateItems({"remove": ["x"]}).modify_rows(rows, CONTEXT)


def test_rows_of_another_form_come_item_by_item() -> None:
    """A form of rows that isn't known here is handed back."""
    rows: Any = object()
    assert FilterItems("TRUE").modify_rows(rows, CONTEXT) is None
    assert UpdateItems({"remove": ["x"]}).modify_rows(rows, CONTEXT) is None
