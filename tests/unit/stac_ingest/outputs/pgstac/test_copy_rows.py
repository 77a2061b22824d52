"""Items as rows of a binary COPY."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from any_items import instants
from stac_ingest.changes import ChangeCollector
from stac_ingest.errors import ItemError
from stac_ingest.outputs.pgstac.copy_rows import BaseItem, row_of

NO_BASE = BaseItem({}, None)


def item(**properties):
    return {
        "type": "Feature",
        "id": "i",
        "collection": "c",
        "geometry": {"type": "Point", "coordinates": [1, 2]},
        "properties": properties,
    }


@given(instants())
def test_instants_are_read_to_the_microsecond(text):
    """However a time is written, it is the same instant."""
    row = row_of(item(datetime=text), NO_BASE, ChangeCollector())
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row.start) == datetime.fromisoformat(text)
    assert row.start == row.end


@pytest.mark.parametrize(
    ("properties", "span"),
    [
        ({"datetime": "1970-01-01T00:00:00.0000005Z"}, (1, 1)),
        ({"datetime": "1970-01-01T00:00:00.0000004Z"}, (0, 0)),
        ({"datetime": "1970-01-01"}, (0, 0)),
        (
            {
                "datetime": "1980-01-01T00:00:00Z",
                "start_datetime": "1970-01-01T00:00:00Z",
                "end_datetime": "1970-01-01T00:00:01Z",
            },
            (0, 1_000_000),
        ),
        ({"datetime": "1970-01-01T00:00:00Z", "start_datetime": "1960-01-01T00:00:00Z"}, (0, 0)),
    ],
)
def test_the_span_is_the_one_of_pgstac(properties, span):
    """A range counts where both its ends are there, else the datetime; fractions are rounded as by PostgreSQL."""
    row = row_of(item(**properties), NO_BASE, ChangeCollector())
    assert (row.start, row.end) == span


@pytest.mark.parametrize("text", ["2020", "2020-01", "", "now", "infinity", 2020, None, ["2020-01-01"]])
def test_what_is_no_time(text):
    """What PostgreSQL wouldn't take for a timestamp, or would read in a way of its own, costs the item."""
    with pytest.raises(ItemError, match="datetime"):
        row_of(item(datetime=text), NO_BASE, ChangeCollector())


def test_nul_characters_are_told_from_the_text_of_their_escape():
    """A text with a NUL costs its item; one with a backslash and `u0000` doesn't."""
    row_of(item(datetime="2020-01-01", text="\\u0000 and \\\\u0000"), NO_BASE, ChangeCollector())
    for text in ("\0", "a\\\0", "\\\\\0"):
        with pytest.raises(ItemError, match="NUL"):
            row_of(item(datetime="2020-01-01", text=text), NO_BASE, ChangeCollector())
    with pytest.raises(ItemError, match="NUL"):
        row_of(item(datetime="2020-01-01") | {"private": {"a": "\0"}}, NO_BASE, ChangeCollector())


def test_numbers_that_json_has_none_for_are_named():
    """NaN is left out, and named under the item."""
    changes = ChangeCollector()
    row_of(item(datetime="2020-01-01", nan=float("nan")), NO_BASE, changes)
    assert [(one.collection, one.item_id, one.member) for one in changes.get_all()] == [("c", "i", "properties.nan")]
