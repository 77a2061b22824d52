"""Whatever a server writes as links, following them is safe or refused."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.api.links import VisitedRequests, next_request
from stac_ingest.errors import LinkRefused, PaginationLoop
from stac_ingest.http.client import Response
from stac_ingest.http.request import Request
from stac_ingest.http.retries import _redirected
from stac_ingest.http.urls import display, network_scope, origin, resolve

BASES = ["https://stac.example.com/v1/search", "http://127.0.0.1:8000/search", "https://10.0.0.5/"]
MARKS = [
    "http:",
    "https:",
    "//",
    "/",
    "..",
    "?",
    "#",
    "@",
    ":",
    "%00",
    "%",
    "\\",
    "[",
    "]",
    " ",
    "\t",
    "\r\n",
    "é",
    "\u2100",
]
HOSTS = ["127.0.0.1", "127.0.0.2", "localhost", "169.254.10.20", "::1", "10.0.0.1", "8.8.8.8", "stac.example.com"]
PIECES = st.sampled_from([*MARKS, *HOSTS, "a=b&c"])
HREFS = st.lists(PIECES | st.text(max_size=3), max_size=8).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
LINKS = st.fixed_dictionaries(
    {"rel": st.just("next"), "href": HREFS | VALUES},
    optional={
        "method": st.sampled_from(["POST", "post", "GET", "DELETE"]) | VALUES,
        "merge": st.booleans() | VALUES,
        "body": st.dictionaries(st.text(max_size=5), VALUES, max_size=3) | VALUES,
        "headers": st.dictionaries(st.text(max_size=8), VALUES, max_size=3) | VALUES,
    },
)


def sound(url, base):
    """Say whether a URL may be asked by who came from `base`."""
    scheme, host, _ = origin(url)
    base_scheme, base_host, _ = origin(base)
    assert scheme == "https" or (scheme, base_scheme) == ("http", "http")
    assert (
        host == base_host
        or network_scope(host) == network_scope(base_host)
        or {network_scope(host), network_scope(base_host)} == {None, "the internet"}
    )
    assert "@" not in url.partition("//")[2].partition("/")[0]
    assert url.isascii()
    assert url.isprintable()


@settings(max_examples=200, deadline=None)
@given(HREFS, st.sampled_from(BASES))
def test_resolved_links_are_sound(href, base):
    """A link is refused, or leads to a web address within reach, as secure as before and fit to be sent."""
    try:
        url = resolve(href, base)
    except LinkRefused:
        return
    sound(url, base)
    assert len(display(url)) < 600


@settings(max_examples=200, deadline=None)
@given(st.lists(LINKS | VALUES, max_size=3), st.sampled_from(BASES), st.booleans())
def test_following_next_is_sound(links, base, post):
    """Any links give no request, a refused one, or one that can be sent, once."""
    asked = Request("POST" if post else "GET", base, {"X-Cursor": "1"}, {"limit": 10} if post else None)
    links = orjson.loads(json.dumps(links))
    try:
        found = next_request(links, asked)
        if found is None:
            return
        visited = VisitedRequests(asked)
        visited.add(found)
        with pytest.raises(PaginationLoop):
            visited.add(found)
    except (LinkRefused, PaginationLoop):
        return
    sound(found.url, base)
    assert found.method in ("GET", "POST")
    orjson.dumps(found.body)
    for name, value in found.headers.items():
        assert name.isascii()
        assert not set("\r\n\0: ") & set(name)
        assert not set("\r\n\0") & set(value)
        assert name.lower() not in ("host", "content-length", "cookie")


@settings(deadline=None)
@given(
    st.text(max_size=10) | st.binary(max_size=10).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    st.sampled_from(BASES),
)
def test_redirects_are_sound(location, base):
    """Any bytes of a Location header are refused, or lead somewhere within reach."""
    try:
        found = _redirected(Request("GET", base), Response(302, {"Location": location}, b"", base), 1)
    except LinkRefused:
        return
    sound(found.url, base)
