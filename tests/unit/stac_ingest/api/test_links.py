"""Following `next`, whatever the server makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.api.links import VisitedRequests, next_request
from stac_ingest.errors import PaginationLoop, ResponseError
from stac_ingest.http import urls
from stac_ingest.http.request import Request
from stac_ingest.http.urls import display, origin, resolve, same_origin, split_credentials

ROOT = "https://stac.example.com/v1"
POST = Request("POST", f"{ROOT}/search", body={"collections": ["c"], "limit": 10})
GET = Request("GET", f"{ROOT}/search?collections=c&limit=10")


def link(**members):
    return {"rel": "next", "href": f"{ROOT}/search", **members}


@pytest.mark.parametrize(
    ("request_", "found", "expected"),
    [
        pytest.param(
            POST,
            link(method="POST", body={"collections": ["c"], "limit": 10, "token": "next:7"}),
            Request("POST", f"{ROOT}/search", body={"collections": ["c"], "limit": 10, "token": "next:7"}),
            id="whole body echoed, no merge",
        ),
        pytest.param(
            GET,
            link(href=f"{ROOT}/collections/c/items?token=next:c:i%2F7"),
            Request("GET", f"{ROOT}/collections/c/items?token=next:c:i%2F7"),
            id="token in the href, kept byte for byte",
        ),
        pytest.param(
            POST,
            link(method="POST", merge=False, body={"next": "2020,id", "limit": 10}),
            Request("POST", f"{ROOT}/search", body={"next": "2020,id", "limit": 10}),
            id="merge false",
        ),
        pytest.param(
            POST,
            link(method="POST", merge=True, body={"token": "t", "limit": 5}),
            Request("POST", f"{ROOT}/search", body={"collections": ["c"], "limit": 5, "token": "t"}),
            id="merge true lays over the request's own body",
        ),
        pytest.param(
            POST,
            link(href=f"{ROOT}/search?collections=c&cursor=opaque"),
            Request("GET", f"{ROOT}/search?collections=c&cursor=opaque"),
            id="GET link answered to a POST",
        ),
        pytest.param(GET, link(href="?page=2"), Request("GET", f"{ROOT}/search?page=2"), id="relative href"),
        pytest.param(
            GET, link(href="/items?a=1"), Request("GET", "https://stac.example.com/items?a=1"), id="rooted href"
        ),
        pytest.param(
            POST,
            link(method="post", body={"page": 2}),
            Request("POST", f"{ROOT}/search", body={"page": 2}),
            id="lower-case method",
        ),
        pytest.param(
            POST,
            link(method="POST", href=f"{ROOT}/search?page=2"),
            Request("POST", f"{ROOT}/search?page=2", body=POST.body),
            id="POST without a body keeps the filters",
        ),
        pytest.param(
            GET,
            link(href=f"{ROOT}/search?startRecord=11", headers={"X-Cursor": "7", "X-List": ["a", "b"]}),
            Request("GET", f"{ROOT}/search?startRecord=11", {"X-Cursor": "7", "X-List": "a, b"}),
            id="extra headers",
        ),
        pytest.param(
            GET,
            link(href="http://stac.example.com/v1/search?page=2"),
            Request("GET", f"{ROOT}/search?page=2"),
            id="https is kept on the same host",
        ),
        pytest.param(
            GET, link(href=f"{ROOT}/search?q=a b\u00e9"), Request("GET", f"{ROOT}/search?q=a%20b%C3%A9"), id="escaped"
        ),
    ],
)
def test_next_patterns(request_, found, expected):
    """Each pattern met in the wild leads to the request that its server wants."""
    assert next_request([{"href": "no rel"}, "no link", {"rel": "self", "href": "/"}, found], request_) == expected


@pytest.mark.parametrize("links", [[], [None], [{"rel": "next"}], [{"rel": "next", "href": 5}], [{"rel": ["next"]}]])
def test_no_next(links):
    """What isn't a usable `next` link ends the walk instead of breaking it."""
    assert next_request(links, GET) is None


def test_same_way_is_preferred():
    """A server that offers `next` both ways is followed the way it was asked."""
    both = [link(href=f"{ROOT}/search?token=t"), link(method="POST", body={"token": "t"})]
    assert next_request(both, POST).method == "POST"
    assert next_request(both, GET).method == "GET"


def test_headers_stay_at_the_origin_that_named_them():
    """Headers of a link to another origin are not sent there, nor are those of the request before."""
    asked = Request("GET", f"{ROOT}/search", {"X-Cursor": "1"})
    away = link(href="https://other.example.org/s", headers={"Authorization": "secret"}, merge=True)
    assert next_request([away], asked).headers == {}


def test_merge_keeps_the_headers_of_the_request():
    """With merge, the request's own headers are sent on to the same origin."""
    asked = Request("GET", f"{ROOT}/search", {"X-Cursor": "1", "X-Kept": "k"})
    found = next_request([link(merge=True, headers={"X-Cursor": "2"})], asked)
    assert found.headers == {"X-Cursor": "2", "X-Kept": "k"}


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil"}, {"Content-Length": "0"}, {"X\r\nY": "1"}, {"X": "1\r\nY: 2"}, {"Cookie": "a"}, "text", None],
)
def test_dangerous_headers_are_dropped(headers):
    """A link can't set the client's own headers or smuggle further ones in."""
    assert next_request([link(headers=headers)], GET).headers == {}


@pytest.mark.parametrize(
    ("href", "base"),
    [
        ("http://other.example.org/s", ROOT),
        ("http://stac.example.com:8080/s", ROOT),
        ("file:///etc/passwd", ROOT),
        ("javascript:alert(1)", ROOT),
        ("https://127.0.0.1/s", ROOT),
        ("https://[::1]/s", ROOT),
        ("https://169.254.10.20/s", ROOT),
        ("https://localhost/s", ROOT),
        ("https://stac.example.com:port/s", ROOT),
        ("https://public.example.org/s", "http://127.0.0.1:8000/"),
        ("//user@", ROOT),
    ],
)
def test_links_that_are_not_followed(href, base):
    """A link can't lower https to http elsewhere, change the scheme, or cross between outside and inside."""
    with pytest.raises(ResponseError):
        resolve(href, base)


def test_a_host_that_still_has_credentials_is_refused(monkeypatch):
    """Where taking the credentials out of a link has left some, it isn't followed."""
    monkeypatch.setattr(urls, "split_credentials", lambda url: (url, None))
    with pytest.raises(ResponseError, match="is not a web address"):
        resolve("https://user@stac.example.com/s", ROOT)


def test_another_origin_may_be_followed():
    """Some APIs page over to another public host; that is allowed, without credentials."""
    assert resolve("https://u:p@cdn.example.org/s?a=1", ROOT) == "https://cdn.example.org/s?a=1"


def test_credentials():
    """User and password leave the URL, become a header, and are never shown; nor are values of secret parameters."""
    assert split_credentials("https://u:p%40@h.org/a?b=1") == ("https://h.org/a?b=1", "Basic dTpwQA==")
    assert split_credentials("https://h.org/a@b") == ("https://h.org/a@b", None)
    assert display("https://u:p@h.org/a?sig=abc&b=1") == "https://h.org/a?sig=%2A%2A%2A&b=1"


def test_origin():
    """The default port is the same origin as no port, another one is not."""
    assert origin("https://H.org/x") == ("https", "h.org", 443)
    assert same_origin("https://h.org:443/", "https://h.org/x")
    assert not same_origin("https://h.org:8443/", "https://h.org/x")


def test_trail_finds_loops():
    """A request made before, or the first one, is a loop, and the error names it."""
    visited = VisitedRequests(POST)
    visited.add(GET)
    with pytest.raises(PaginationLoop, match=r"GET https://stac\.example\.com/v1/search"):
        visited.add(GET)
    with pytest.raises(PaginationLoop, match='"limit":10'):
        visited.add(Request("POST", POST.url, body={"limit": 10, "collections": ["c"]}))


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.integers(-9, 9), st.text(max_size=3)), max_size=4))
def test_key_ignores_the_order_of_members(body):
    """Two bodies that differ in order only are the same request."""
    turned = dict(reversed(body.items()))
    assert Request("POST", ROOT, body=body).key == Request("POST", ROOT, body=turned).key


def test_parameters():
    """A parameter is read and set in body or query alike; others keep their bytes."""
    assert POST.with_parameter("limit", 5).body == {"collections": ["c"], "limit": 5}
    changed = Request("GET", "http://h/s?limit=10&token=next:a%2Fb").with_parameter("limit", 5)
    assert changed.url == "http://h/s?token=next:a%2Fb&limit=5"
    assert changed.parameter("limit") == "5"
    assert changed.parameter("page") is None
