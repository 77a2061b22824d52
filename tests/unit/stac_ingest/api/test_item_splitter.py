"""Pages cut into items: the same items as a parser's, whatever lies between and inside them."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.api import item_splitter as module
from stac_ingest.api.item_splitter import exact_features, features
from stac_ingest.api.pages import parse_page
from stac_ingest.errors import ItemError, ResponseError

URL = "http://127.0.0.1/items"
SLY = ['},{"type":"Feature"', '"features":[', "]}", '}, {"id":', '\\"features\\":[']
"""Texts that look like the places where a page is cut."""

TEXT = st.text(st.characters(codec="utf-8"), max_size=4) | st.sampled_from(SLY)
KEYS = TEXT | st.sampled_from(["type", "id", "features", "errors", 'x"features'])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT | st.just("Feature"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
ITEMS = st.dictionaries(KEYS, JSON, max_size=3).map(lambda more: {"type": "Feature", **more}) | JSON
FORMS = st.sampled_from([(None, (",", ":")), (None, (", ", ": ")), (2, (",", ": ")), (0, (",", ":"))])
BROKEN = [b'{"type":"Feature","id":tru}', b'{"type":"Feature","a":1,}', b"nonsense"]


def items_of(body):
    """List the members, or say that the page is none."""
    try:
        return [str(found) if isinstance(found, ItemError) else found for found in features(body, URL)]
    except ResponseError:
        return None


def whole_items_of(body):
    """Do the same with a page that is parsed whole."""
    try:
        return [str(f) if isinstance(f, ItemError) else f for f in parse_page(body, URL)["features"]]
    except ResponseError:
        return None


@settings(deadline=None, max_examples=400)
@given(st.lists(ITEMS, max_size=5), st.dictionaries(KEYS, JSON, max_size=2), st.booleans(), FORMS)
def test_cutting_agrees_with_parsing(members, rest, behind, form):
    """Whatever the items hold and however they are laid out, the same ones come as from a page that is parsed whole."""
    rest.pop("features", None)
    page = {"type": "FeatureCollection", "features": members, **rest}
    if not behind:
        page = {**rest, **page}
    indent, separators = form
    body = json.dumps(page, indent=indent, separators=separators, ensure_ascii=False).encode()
    assert items_of(body) == whole_items_of(body)


@settings(deadline=None)
@given(st.lists(st.integers(0, 9).map(lambda i: b'{"type":"Feature","id":"%d"}' % i) | st.sampled_from(BROKEN)))
def test_a_broken_item_costs_itself(members):
    """Where an item is no JSON, what comes is what comes of the whole page: the others, and an error in its place."""
    body = b'{"features":[' + b",".join(members) + b'],"links":[]}'
    assert items_of(body) == whole_items_of(body)


@settings(deadline=None)
@given(st.integers(1, 200))
def test_a_page_that_was_cut_off_gives_nothing(length):
    """No item comes of a page whose end is missing: nobody knows what else is."""
    body = orjson.dumps({"features": [{"type": "Feature", "id": str(i)} for i in range(9)], "links": []})
    assert items_of(body[:-length]) is None


def test_an_error_behind_the_items_comes_before_them():
    """A page that says of itself that it is an error gives no item first."""
    body = orjson.dumps({"features": [{"type": "Feature", "id": str(i)} for i in range(3)], "errors": ["no"]})
    with pytest.raises(ResponseError, match="answers with an error"):
        next(features(body, URL))


def test_a_gap_in_the_outline_is_an_error():
    """A bracket that is missing in the middle ends the page with an error, behind the items before them."""
    items = b'{"type":"Feature","id":"a"},{"type":"Feature","id":"b",{"type":"Feature"},{"type":"Feature"}'
    body = b'{"features":[' + items + b'],"links":[]}'
    found = features(body, URL)
    assert next(found)["id"] == "a"
    with pytest.raises(ResponseError):
        next(found)


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("first", ["type", "id"])
def test_items_are_parsed_one_at_a_time(monkeypatch, separators, first):
    """No item is parsed before it is asked for, but the last, with which the page's end is looked at."""
    page = {"features": [{first: "Feature", "n": i} for i in range(100)], "links": [{"rel": "next"}]}
    body = json.dumps(page, separators=separators).encode()
    parsed = []

    class Counting:
        JSONDecodeError = orjson.JSONDecodeError

        @staticmethod
        def loads(data):
            parsed.append(len(data))
            return orjson.loads(data)

    monkeypatch.setattr(module, "orjson", Counting)
    found = features(body, URL)
    for taken in range(1, 100):
        next(found)
        assert len(parsed) == taken + 2
    assert next(found)["n"] == 99
    assert max(parsed) < 100


def test_whole_numbers_beyond_64_bits_are_kept_where_they_are_asked_for() -> None:
    """Read exactly, a page's items have every digit; a page that isn't one is an error as ever."""
    page = b'{"type": "FeatureCollection", "features": [{"id": "a", "x": 12345678901234567890123}, {"id": NaN}, 7]}'
    assert next(iter(exact_features(page, URL))) == {"id": "a", "x": 12345678901234567890123}
    assert len(list(exact_features(page, URL))) == 3
    with pytest.raises(ResponseError):
        list(exact_features(b"<html>", URL))
