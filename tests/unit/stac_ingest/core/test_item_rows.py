"""Batches of items: what goes as lines is what a parser makes of it, and all else is left to the decoder."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import collections
from stac_ingest.core.rows import ItemRows, LineRows, item_rows, line_rows, parsed_rows, text_rows

spellings = st.sampled_from(
    [
        orjson.dumps,
        lambda item: json.dumps(item).encode(),
        lambda item: json.dumps(item, indent=2, ensure_ascii=False).encode(),
        lambda item: b" " + orjson.dumps(item) + b"\r",
    ]
)
NOT_PLAIN = {
    "a number beyond 64 bits": b'{"type":"Feature","id":"a","properties":{"n":123456789012345678901234567890}}',
    "NaN": b'{"type":"Feature","id":"a","properties":{"n":NaN}}',
    "a number that no float holds": b'{"type":"Feature","id":"a","properties":{"n":1e400}}',
    "no type": b'{"id":"a","geometry":null,"properties":{}}',
    "another type": b'{"type":"Collection","id":"a"}',
    "a number as id": b'{"type":"Feature","id":1}',
    "an empty id": b'{"type":"Feature","id":""}',
    "no id": b'{"type":"Feature"}',
    "a list": b"[]",
    "a text": b'"Feature"',
    "no JSON": b'{"type":"Feature","id":"a"',
    "nothing": b"",
}
PLAIN = b'{"type":"Feature","id":"z"}'


@settings(max_examples=60)
@given(collections(), spellings, st.data())
def test_lines_and_objects_are_what_a_parser_makes_of_the_texts(items: list[Any], spell: Any, data: Any) -> None:
    """Lines and objects made of texts are equal to the items, however these are spelled."""
    texts = [spell(item) for item in items]
    lines, objects = line_rows(texts), item_rows(texts)
    assert lines is not None
    assert objects is not None
    assert [json.loads(line) for line in lines.lines()] == list(lines.items()) == list(objects.items()) == items
    assert all(b"\n" not in line for line in lines.lines())
    assert lines.keys == objects.keys == [(item.get("collection", ""), item["id"]) for item in items]
    numbers = data.draw(st.lists(st.sampled_from(range(len(items))), unique=True))
    assert list(lines.take(numbers).items()) == list(objects.take(numbers).items()) == [items[one] for one in numbers]
    assert lines.take(numbers).keys == [lines.keys[number] for number in numbers]


@settings(max_examples=30)
@given(collections(), st.data())
def test_what_is_made_of_an_item_stays_with_its_line(items: list[Any], data: Any) -> None:
    """A function by which lines are wanted is shown each item, and what it returns stays beside the item's line."""
    rows = text_rows(list(map(orjson.dumps, items)), lambda item: ("made of", item["id"]))
    numbers = data.draw(st.lists(st.sampled_from(range(len(items))), unique=True))
    assert isinstance(rows, LineRows)
    for some in (rows, rows.take(numbers)):
        assert [*some.seen] == [("made of", item["id"]) for item in some.items()]


@pytest.mark.parametrize("text", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_is_not_plainly_an_item_is_left_to_the_decoder(text: bytes) -> None:
    """One text that isn't plainly an item, or has a number that orjson would change, holds up its batch."""
    assert line_rows([PLAIN, text, PLAIN]) is None
    assert item_rows([PLAIN, text, PLAIN]) is None


def test_a_name_that_comes_twice_is_written_once() -> None:
    """A line has the last value of a name that a text has twice, as Python's parser takes it."""
    rows = line_rows([b'{"type":"Feature","id":"a","properties":{"n":1,"n":2},"id":"b"}'])
    assert rows is not None
    assert rows.lines() == [b'{"type":"Feature","id":"b","properties":{"n":2}}']
    assert rows.keys == [("", "b")]


@settings(max_examples=30)
@given(collections())
def test_members_of_a_document_are_the_same_rows(items: list[Any]) -> None:
    """What a document holds gives the same lines and objects as the texts of its members."""
    lines, objects = parsed_rows(items, as_lines=True), parsed_rows(items, as_lines=False)
    assert isinstance(lines, LineRows)
    assert isinstance(objects, ItemRows)
    assert lines == line_rows(list(map(orjson.dumps, items)))
    assert list(objects.items()) == items


@pytest.mark.parametrize("member", [None, [], {"type": "Feature"}, {"type": "Feature", "id": 1}, {"id": "a"}])
def test_members_that_are_not_plainly_items_are_left_to_the_decoder(member: object) -> None:
    """One member that is none keeps a document from going fast."""
    good = {"type": "Feature", "id": "z"}
    assert parsed_rows([good, member], as_lines=True) is None
    assert parsed_rows([good, member], as_lines=False) is None


def test_rows_of_any_table_have_an_empty_key() -> None:
    """What has no id that is text is handed on with an empty one, which the pipeline refuses."""
    assert ItemRows.of([{"id": 1}, {"a": 2}, {"id": "x", "collection": "c"}]).keys == [("", ""), ("", ""), ("c", "x")]
