"""Pages that a parser refuses whole: every sound item is saved, and nothing is made up."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.api.pages import parse_page
from stac_ingest.api.salvage import parse_lenient
from stac_ingest.errors import ItemError, ResponseError

TEXT = st.text(st.characters(codec="utf-8"), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | st.just("features"), inner, max_size=3),
    max_leaves=8,
)
BROKEN = [b'{"id":NaN', b'{"a":1,}', b"[" * 2_000 + b"]" * 2_000, b'"\\ud83d"', b"nonsense", b'{"id":1 2}', b"tru"]


def page(members, rest=b'"links":[],"numberMatched":3'):
    return b'{"type":"FeatureCollection","features":[' + b",".join(members) + b"]," + rest + b"}"


@settings(deadline=None)
@given(st.lists(JSON, max_size=5), st.dictionaries(TEXT, JSON, max_size=3), st.booleans())
def test_a_sound_page_is_read_as_a_parser_reads_it(features, rest, last):
    """Whatever the members hold, brackets and quotes in texts too, cutting them apart changes nothing."""
    rest.pop("features", None)
    whole = {**rest, "features": features} if last else {"features": features, **rest}
    for separators in ((",", ":"), (" , ", " : ")):
        assert parse_lenient(json.dumps(whole, separators=separators).encode()) == whole


@settings(deadline=None)
@given(
    st.lists(JSON.map(lambda value: json.dumps(value).encode()) | st.sampled_from(BROKEN[1:]), min_size=1, max_size=6)
)
def test_one_bad_item_costs_one_item(members):
    """Each member is what it is by itself, and an error where it is no JSON; the rest of the page stays."""
    found = parse_lenient(page(members))
    assert found["numberMatched"] == 3
    assert len(found["features"]) == len(members)
    for text, value in zip(members, found["features"], strict=True):
        if text in (b"nonsense", b"tru", b'{"a":1,}', b'{"id":1 2}', BROKEN[2]):
            assert isinstance(value, ItemError)
        elif text != b'"\\ud83d"':
            assert value == json.loads(text)


@settings(deadline=None)
@given(st.lists(JSON, min_size=1, max_size=3), st.data())
def test_a_page_that_was_cut_off_is_no_page(features, data):
    """Nobody knows what is missing from half a page: it is an error, never a shorter page."""
    whole = page([json.dumps(feature).encode() for feature in features])
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert parse_lenient(whole[:cut]) is None
    with pytest.raises(ResponseError):
        parse_page(whole[:cut], "http://h/")


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text('[]{},:"\\ abfeatures01', max_size=60).map(str.encode))
def test_no_bytes_break_it(body):
    """Any bytes are a page, or aren't one."""
    found = parse_lenient(body)
    assert found is None or isinstance(found["features"], list)


def test_nan_is_taken_as_in_files():
    """A page with NaN in an item is read: the item too, as it would be from a file."""
    found = parse_page(page([b'{"id":"a","cover":NaN}', b'{"id":"b"}']), "http://h/")
    assert [item["id"] for item in found["features"]] == ["a", "b"]


def test_an_error_under_a_broken_item_is_still_an_error():
    """A page that carries an error message is not taken for items because it needed saving."""
    with pytest.raises(ResponseError, match="answers with an error"):
        parse_page(page([b"nonsense"], b'"errors":["timeout"]'), "http://h/")
