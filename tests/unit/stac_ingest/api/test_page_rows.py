"""Rows of a page: the same items as one by one, or none at all; and what is kept of the items that they show."""

from __future__ import annotations

import json

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.api.item_splitter import exact_features
from stac_ingest.api.page_rows import SeenItems, page_rows
from stac_ingest.api.time_chunks.resume import item_times

URL = "http://127.0.0.1/items"
FORMS = st.sampled_from([(None, (",", ":")), (None, (", ", ": ")), (2, (",", ": ")), (0, (",", ":"))])
ITEMS = st.fixed_dictionaries(
    {
        "type": st.just("Feature"),
        "id": st.text(st.characters(codec="utf-8"), min_size=1, max_size=4) | st.just('},{"type":"Feature"'),
        "properties": st.fixed_dictionaries(
            {"n": st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.none()},
            optional={"datetime": st.sampled_from(["2020-01-01T00:00:00Z", "2021", "never", None])},
        ),
    }
)
OTHERS = st.sampled_from([{"type": "Catalog", "id": "c"}, {"id": "untyped", "properties": {}}, {"type": "Feature"}, 1])


def fits(_):
    """Say that an item fits."""


def page_of(members, form=(None, (",", ":"))):
    indent, separators = form
    page = {"type": "FeatureCollection", "features": members, "links": []}
    return json.dumps(page, indent=indent, separators=separators, ensure_ascii=False).encode()


@settings(max_examples=60, deadline=None)
@given(st.lists(ITEMS, min_size=1, max_size=5), FORMS, st.booleans())
def test_rows_hold_what_the_page_does(members, form, as_lines):
    """However a page is laid out, its rows are its items in their order, and each was shown once."""
    body = page_of(members, form)
    shown = []
    seen = SeenItems(shown.append, times=True)
    rows = page_rows(body, seen, as_lines=as_lines)
    if rows is None:
        return
    found = list(rows.items()) if rows.lines() is None else [json.loads(line) for line in rows.lines()]
    expected = list(exact_features(body, URL))
    assert repr(found) == repr(expected)
    assert [key[1] for key in rows.keys] == [item["id"] for item in expected]
    assert shown == expected
    assert seen.misfits == {}
    assert seen.times == list(map(item_times, expected))
    assert all(b"\n" not in line for line in rows.lines() or ())


@settings(deadline=None)
@given(st.lists(ITEMS, max_size=3), OTHERS, st.lists(ITEMS, max_size=3), st.booleans())
def test_a_page_with_anything_else_gives_none(before, other, behind, as_lines):
    """One member that isn't plainly an item, wherever it stands, leaves the page to be looked at member by member."""
    assert page_rows(page_of([*before, other, *behind]), SeenItems(fits, times=False), as_lines=as_lines) is None


@given(st.integers(2, 60), st.booleans())
def test_usual_pages_give_rows(number, as_lines):
    """A page as servers write it is known, also where spaces stand between its members."""
    members = [{"type": "Feature", "id": str(n), "properties": {"n": 10**17 - n}} for n in range(number)]
    for body in (orjson.dumps({"features": members, "links": []}), page_of(members, (None, (", ", ": ")))):
        rows = page_rows(body, SeenItems(fits, times=False), as_lines=as_lines)
        assert rows is not None
        assert len(rows.keys) == number


@given(st.integers(2**64, 2**80) | st.integers(-(2**80), -(2**63) - 1), st.integers(0, 2), st.booleans())
def test_a_number_that_would_be_rounded_gives_none(number, place, as_lines):
    """A whole number beyond 64 bits in any of the items, the last one included, leaves the page to be read exactly."""
    members = [{"type": "Feature", "id": str(n), "n": number if n == place else n} for n in range(3)]
    assert page_rows(page_of(members), SeenItems(fits, times=False), as_lines=as_lines) is None


def test_only_what_is_asked_for_is_kept():
    """Of a page's items those that don't fit are kept, by their numbers, and times only where they are wanted."""
    body = page_of([{"type": "Feature", "id": str(n)} for n in range(5)])
    seen = SeenItems(lambda item: int(item["id"]) % 2 or None, times=False)
    assert page_rows(body, seen, as_lines=True) is not None
    assert [*seen.misfits] == [1, 3]
    assert seen.times == []
