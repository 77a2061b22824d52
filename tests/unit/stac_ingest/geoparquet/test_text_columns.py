"""Columns of any type to JSON text, against the objects that are made of them otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_columns import LEAVES, MORE, columns
from stac_ingest.geoparquet import text_columns, text_pool
from stac_ingest.geoparquet.row_codegen import ColumnSet
from stac_ingest.geoparquet.row_template import NULL
from stac_ingest.geoparquet.struct_columns import object_of, value_or
from stac_ingest.geoparquet.text_columns import TextColumns
from stac_ingest.geoparquet.text_pool import NotPlainError


def lines_of(*members: pa.Array, keeps_nulls: bool = False) -> list[bytes]:
    """Make an object of each row, with members `0`, `1` and so on, as text."""
    found = TextColumns(len(members[0]), keeps_nulls=keeps_nulls)
    template = object_of(((str(number), member) for number, member in enumerate(members)), found)
    texts = found.texts(template)
    return [bytes(memoryview(texts.data)[a:b]) for a, b in zip(texts.ends, texts.ends[1:], strict=False)]


def objects_of(*members: pa.Array, keeps_nulls: bool = False) -> tuple[list[Any], bool]:
    """Make the same as objects; and say whether a value came otherwise than it is stored."""
    found = ColumnSet(len(members[0]), keeps_nulls=keeps_nulls)
    template = object_of(((str(number), member) for number, member in enumerate(members)), found)
    rows = list(found.rows(template))
    return rows, bool(found.altered or found.broken)


def assert_same(*members: pa.Array, keeps_nulls: bool = False) -> None:
    """Check that texts are what orjson makes of objects, and that what is altered or too large is refused."""
    try:
        expected, is_altered = objects_of(*members, keeps_nulls=keeps_nulls)
        texts = [orjson.dumps(value) for value in expected]
    except (TypeError, pa.ArrowIndexError):  # a number of more than 64 bits; an empty dictionary, in a null's members
        is_altered = True
    if is_altered:
        with pytest.raises((NotPlainError, pa.ArrowException)):
            lines_of(*members, keeps_nulls=keeps_nulls)
    else:
        assert lines_of(*members, keeps_nulls=keeps_nulls) == texts


@settings(max_examples=100, deadline=None)
@given(column=columns(LEAVES + MORE), keeps_nulls=st.booleans())
def test_texts_are_what_orjson_makes_of_the_values(column: pa.Array, keeps_nulls: bool) -> None:
    """Whatever its type and wherever its nulls are, each row's text is that of its value, to the byte."""
    assert_same(column, keeps_nulls=keeps_nulls)


@settings(max_examples=50, deadline=None)
@given(data=st.data(), count=st.integers(1, 5), rows=st.integers(1, 4))
def test_commas_are_between_members_that_are_there(data: st.DataObject, count: int, rows: int) -> None:
    """Members come in the order of the columns, and those that are null in a row are left out with their comma."""
    members = []
    for _ in range(count):
        kind, value = data.draw(st.sampled_from(LEAVES + MORE))
        members.append(pa.array(data.draw(st.lists(st.none() | value, min_size=rows, max_size=rows)), kind))
    assert_same(*members)


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3), min_size=1, max_size=5))
def test_floats_of_all_magnitudes(values: list[list[float]]) -> None:
    """Floats are written as orjson writes them, alone and in lists, and integral ones stay floats."""
    assert_same(pa.array(values), pa.array([sum(map(float, row[:1])) for row in values]))


def test_numbers_that_are_not_finite_are_refused() -> None:
    """NaN and the infinities are refused wherever they are a value, and don't matter in place of a null."""
    for odd in (float("nan"), float("inf"), float("-inf")):
        for column in (pa.array([odd, 1.0]), pa.array([odd, odd]), pa.array([[odd, 1.0], []]), pa.array([{"a": odd}])):
            assert_same(column)
        raw = pa.array([odd, 1.0])
        masked = pa.Array.from_buffers(pa.float64(), 2, [pa.py_buffer(b"\2"), raw.buffers()[1]])
        assert lines_of(masked) == [b"{}", b'{"0":1.0}']


def test_text_that_is_not_utf8_is_refused() -> None:
    """It is in a list, a dictionary, the names of a map, or the same in all rows."""
    raw = pa.array([b"a", b"\xff"])
    text = pa.Array.from_buffers(pa.string(), 2, raw.buffers())
    ends = pa.array([0, 1, 2], pa.int32())
    for column in (
        text,
        text.slice(1),
        pa.ListArray.from_arrays(ends, text),
        pa.MapArray.from_arrays(ends, text, pa.array([1, 2])),
        pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), text),
    ):
        with pytest.raises(NotPlainError):
            lines_of(column)


def test_special_characters_are_escaped_where_they_are() -> None:
    """Texts that need it are escaped as orjson does, beside others, at the ends of a column and in long ones."""
    hostile = [
        '"',
        "\\",
        "\x00",
        "\x1f",
        "\x7f",
        "\u2028",
        "é",
        "\U0001f600",
        "",
        "plain",
        'x"' * 9,
        "a" * 300_000 + '"',
    ]
    for first in range(len(hostile)):
        rows = hostile[first:] + hostile[:first]
        assert_same(pa.array(rows), pa.array([""] * len(rows)), pa.array([rows[:2]] * len(rows)), pa.array(rows[::-1]))
    assert_same(pa.array([None, *hostile, None]).slice(1))


@pytest.mark.parametrize("text", ['{"a":[1, null]}', "[1.50]", '"x"', "not json", "null", "", "1e3", '{"a":1,"a":2}'])
def test_json_is_written_as_orjson_writes_its_value(text: str) -> None:
    """JSON text becomes what it stands for, without spaces and with a name's last value; other text stays a text."""
    assert_same(pa.ExtensionArray.from_storage(pa.json_(), pa.array([text, None, text, "1"], pa.string())))


@pytest.mark.parametrize("text", ["123456789012345678901234567890", "[NaN, 1234567890123456789]"])
def test_numbers_of_json_that_orjson_changes_are_refused(text: str) -> None:
    """Integers beyond 64 bits, and what only Python's parser calls a number, go the way that keeps or names them."""
    with pytest.raises(NotPlainError):
        lines_of(pa.ExtensionArray.from_storage(pa.json_(), pa.array([text], pa.string())))


def test_names_that_come_twice_are_refused() -> None:
    """An object has each name once, whether columns or the entries of a map say them."""
    twice = pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])
    again = pa.array([[("a", 1), ("b", 2)], [("a", 3), ("a", 4)]], pa.map_(pa.string(), pa.int64()))
    for column in (twice, again):
        with pytest.raises(NotPlainError):
            lines_of(column)
    assert lines_of(again.slice(0, 1)) == [b'{"0":{"a":1,"b":2}}']


def test_each_value_of_a_dictionary_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a column of 10,000 rows that share four texts, four are looked at; JSON is parsed once for each text."""
    looked_at = list[int]()
    parsed = list[str]()
    escaped, parse = text_pool._escaped, text_columns.parse_json_text
    monkeypatch.setattr(
        text_pool, "_escaped", lambda pool, start: looked_at.append(len(pool) - start) or escaped(pool, start)
    )
    monkeypatch.setattr(text_columns, "parse_json_text", lambda text: parsed.append(text) or parse(text))
    rows = ["a", 'b"', "c", "d"] * 2_500
    lines = lines_of(pa.array(rows).dictionary_encode())
    assert looked_at == [4]
    assert lines == [orjson.dumps({"0": text}) for text in rows]
    lines_of(pa.ExtensionArray.from_storage(pa.json_(), pa.array(["[1]", "[2]"] * 500, pa.string())))
    assert parsed == ["[1]", "[2]"]


def test_a_dictionary_that_lacks_a_value_is_refused() -> None:
    """An index beyond the dictionary is no row of another column; in place of a null it doesn't matter."""
    values = pa.array(["a", "b"])
    broken = pa.DictionaryArray.from_arrays(pa.array([0, 7], pa.int8()), values, safe=False)
    with pytest.raises(NotPlainError):
        lines_of(broken)
    indices = pa.Array.from_buffers(pa.int8(), 2, [pa.py_buffer(b"\1"), pa.py_buffer(b"\0\7")])
    assert lines_of(pa.DictionaryArray.from_arrays(indices, values, safe=False)) == [b'{"0":"a"}', b"{}"]
    nothing = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(["a", None]))
    assert lines_of(nothing) == [b'{"0":"a"}', b"{}"]


def test_deep_nesting() -> None:
    """Lists in objects in lists, forty deep, empty ones among them."""
    value: Any = [1.5]
    for _ in range(20):
        value = [{"a": value, "b": []}, {"a": None}]
    assert_same(pa.array([value, [], value]))


def test_texts_that_are_too_long_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that share a long text would be longer together than Arrow's offsets reach: nothing is made of them."""
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(1_000), pa.int32()), pa.array(["x" * 1_000]))
    assert len(lines_of(column)) == 1_000
    monkeypatch.setattr(text_columns, "MAX_BYTES", 500_000)
    with pytest.raises(NotPlainError):
        lines_of(column)


def test_no_rows() -> None:
    """A column without rows has no texts, whatever its type."""
    for kind in (pa.string(), pa.list_(pa.struct([("a", pa.int64())])), pa.map_(pa.string(), pa.list_(pa.float64()))):
        assert lines_of(pa.array([], kind)) == []
        found = TextColumns(0)
        assert len(found.texts(value_or(pa.array([], kind), NULL, found)).ends) == 1
