"""What counts as JSON and as an item."""

from __future__ import annotations

import json
import math
from codecs import BOM_UTF8
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.json_items import checked, parse
from stac_ingest.errors import ItemError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(VALUES)
def test_it_reads_what_the_standard_library_writes(value: Any) -> None:
    """Whatever the standard library writes is read back equal."""
    assert parse(json.dumps(value).encode()) == json.loads(json.dumps(value))


@given(st.binary(max_size=40) | st.sampled_from([BOM_UTF8, BOM_UTF8 + b"1", BOM_UTF8 * 2 + b"1", b" " + BOM_UTF8]))
def test_any_bytes_are_a_value_or_a_value_error(data: bytes) -> None:
    """No input raises anything but a ValueError: where today's module did, but for one byte order mark."""
    try:
        expected: Any = json.loads(data.removeprefix(BOM_UTF8).decode())
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011 - which words depends on the input
            parse(data)
    else:
        assert repr(parse(data)) == repr(expected)


def test_not_a_number_is_taken() -> None:
    """NaN and Infinity, which JSON doesn't have, are read as they always were."""
    found = parse(b'{"a": NaN, "b": -Infinity}')
    assert isinstance(found, dict)
    assert math.isnan(found["a"])
    assert found["b"] == -math.inf


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'\xef\xbb\xbf\xef\xbb\xbf{"id": "a"}', "BOM"),
        ('{"id": "a"}'.encode("utf-16"), "utf-8"),
        (b'{"id": "\xe9"}', "utf-8"),
        (b'{"a":' * 1_100 + b"1" + b"}" * 1_100, "nested too deeply"),
        (b"[" * 1_100 + b"]" * 1_100, "nested too deeply"),
        (b"1" * 5000 + b"x", "."),
        (b"", "."),
    ],
)
def test_what_is_refused(data: bytes, words: str) -> None:
    """A second byte order mark, other encodings, deep nesting and what isn't JSON raise a ValueError that says why."""
    with pytest.raises(ValueError, match=words):
        parse(data)


NO_ITEMS: list[Any] = [
    None,
    7,
    "a",
    [],
    {},
    *({"type": "Feature", "id": wrong} for wrong in (7, None, "", "\ud800")),
    {"id": "a"},
    {"id": "a", "links": []},
    {"id": "a", "assets": {}, "extent": {}},
    {"id": "a", "type": None, "geometry": None},
    *({"id": "a", "type": kind, "geometry": None} for kind in ("Catalog", "Collection", "feature", 7)),
]


@pytest.mark.parametrize("found", NO_ITEMS)
def test_what_is_no_item(found: object) -> None:
    """What isn't an object with an id that can be written down is an ItemError."""
    with pytest.raises(ItemError, match="not an item"):
        checked(found)


def test_a_long_id_is_not_repeated_whole() -> None:
    """A message quotes a wrong id only in part, since it may be of any size."""
    with pytest.raises(ItemError) as caught:
        checked({"id": ["x" * 10_000]})
    assert len(str(caught.value)) < 200
