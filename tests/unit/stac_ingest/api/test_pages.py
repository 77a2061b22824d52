"""Reading links and counts without parsing a page whole."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stac_ingest.api import pages
from stac_ingest.api.pages import page_counts, parse_page, read_page
from stac_ingest.core.text import beginning
from stac_ingest.errors import ResponseError

URL = "http://127.0.0.1/search"
LINKS = [{"rel": "next", "href": "/search?token=2"}]

names = st.sampled_from(["links", "a", 'x"links', "numberMatched", "features", "lin\\ks", "\\"])
values = st.recursive(
    st.one_of(st.none(), st.integers(0, 9), st.sampled_from(["links", '"links":[]', "\\", '"', '{"links": 1}'])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=12,
)


@given(st.dictionaries(names, values, max_size=5), st.lists(values, min_size=1, max_size=3), st.booleans())
@example({'x"links': [1]}, [1], False)
def test_links_agree_with_the_whole(members, features, indent):
    """Whatever the items and the other members hold, a page's links are those of the outermost object."""
    document = {**members, "features": features}
    page = read_page(orjson.dumps(document, option=orjson.OPT_INDENT_2 if indent else None), URL)
    links = document.get("links")
    assert page.links == (links if isinstance(links, list) else [])
    assert not page.empty


@given(st.lists(values, max_size=3), st.integers(0, 3))
def test_read_page_agrees_with_full_parsing(features, place):
    """Wherever the links stand, the page has them, and is empty exactly when it has no items."""
    members = [("type", "FeatureCollection"), ("features", features), ("numberMatched", 7)]
    members.insert(place, ("links", LINKS))
    page = read_page(orjson.dumps(dict(members)), URL)
    assert page.links == LINKS
    assert page.empty == (not features)


@given(st.lists(values, min_size=1, max_size=3), st.dictionaries(st.sampled_from(["a", "context"]), st.integers(0, 9)))
def test_a_full_page_is_not_parsed(features, more):
    """With links and counts behind the items, as most servers write them, finding `next` costs no full parse."""
    body = orjson.dumps({"features": features, "links": LINKS, **more, "numberMatched": 3, "numberReturned": 1})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "parse_page", lambda *_: pytest.fail("parsed whole"))
        page = read_page(body, URL)
        assert page.links == LINKS
        assert page_counts(page) == (3, 1)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"numberMatched": 5, "numberReturned": 2, "features": [1]}, (5, 2)),
        ({"context": {"matched": 5, "returned": 2}, "features": [1]}, (5, 2)),
        ({"features": [{"numberMatched": 9}], "links": []}, (None, 1)),
        ({"numberMatched": None, "features": []}, (None, 0)),
        ({"numberMatched": "7", "numberReturned": -1, "features": [1, 2]}, (None, 2)),
        ({"numberMatched": True, "features": [1]}, (None, 1)),
    ],
)
def test_counts(members, expected):
    """Counts are found in both spellings, and nonsense is no count."""
    assert page_counts(read_page(orjson.dumps(members), URL)) == expected


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (b"<html><body>Bad gateway</body></html>", "HTML"),
        (b'{"features":[{"id":"a"', "broken JSON"),
        (b"", "broken JSON"),
        (b'{"errors":["bad token"]}', "error"),
        (b'{"features":[{"id":"a"}],"links":[],"errors":[{"message":"shard"}]}', "error"),
        (b'{"errors":["x"],"features":null}', "error"),
        (b'{"code":"Oops","description":"d"}', "no items"),
        (b'{"features":{}}', "no items"),
        (b"[]", "isn't an object"),
        (b"null", "isn't an object"),
    ],
)
def test_what_is_no_page(body, match):
    """An answer that isn't a page is an error with URL and first bytes, never taken for the end."""
    with pytest.raises(ResponseError, match=match) as caught:
        read_page(body, "http://u:p@127.0.0.1/search")
    assert caught.value.url == URL
    assert beginning(body) in str(caught.value)


def test_null_features_are_none():
    """`features: null` is an empty page with its links."""
    page = read_page(orjson.dumps({"features": None, "links": LINKS}), URL)
    assert page.empty
    assert page.links == LINKS
    assert parse_page(page.body, URL)["features"] == []


def test_beginning_is_short_and_printable():
    """What a message shows of a body is bounded and on one line."""
    shown = beginning(b"\x1b[31m\n" + b"x" * 10_000)
    assert len(shown) < 200
    assert shown.isprintable()
