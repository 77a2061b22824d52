"""The forms of a search: what a server refuses is written otherwise, with the same filters, for few requests more."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.api.search_forms import Form, SearchClient
from stac_ingest.errors import RateLimited, ResponseError
from stac_ingest.http.client import Response
from stac_ingest.http.request import Request
from stac_ingest.summary import IngestSummary

URL = "http://127.0.0.1/search"
POST, GET = Form("POST", URL), Form("GET", URL)
OWN = Form("GET", "http://127.0.0.1/collections/c/items", own=True)


class Server:
    """Refuses what `refuses` says, a status for a request; keeps what it was asked."""

    def __init__(self, refuses):
        self.refuses, self.asked, self.stopped = refuses, [], None

    async def send(self, request, *, gives_up_early=False, not_needed=None, stops_at_403=True):
        await asyncio.sleep(0)
        if self.stopped is not None:
            raise self.stopped
        self.asked.append(request)
        status = self.refuses(request)
        if status is None:
            return Response(200, {}, b"{}", request.url)
        kind = RateLimited if status == 429 else ResponseError
        error = kind(f"{request.method} answers {status}", url=request.url, status=status)
        if status == 403 and stops_at_403:
            self.stopped = error
        raise error

    def stop(self, error):
        self.stopped = error


def client(server, *forms):
    made = SearchClient(server, IngestSummary())
    made.offer(forms)
    return made


def by_method(**statuses):
    return Server(lambda request: statuses.get(request.method))


SEARCH = {
    "limit": 10,
    "collections": ["c"],
    "bbox": [-1.5, 0, 2.0, 3],
    "datetime": "2020-01-01T00:00:00Z/2021-01-01T00:00:00Z",
    "ids": ["a", "b"],
    "query": {"eo:cloud_cover": {"lt": 10}},
    "filter": {"op": "=", "args": [{"property": "id"}, "a"]},
}


@pytest.mark.parametrize("status", [403, 404, 405, 415, 501])
async def test_a_refused_post_becomes_a_get_with_all_filters(status):
    """One request more, once in a run; bbox, datetime, ids and all that JSON holds are in the query of the GET."""
    server = by_method(POST=status)
    sender = client(server, POST, GET)
    response = await sender.send(POST.request(SEARCH))
    assert [asked.method for asked in server.asked] == ["POST", "GET"]
    assert response.sent is server.asked[1]
    assert {name: server.asked[1].parameter(name) for name in SEARCH} == {
        "limit": "10",
        "collections": "c",
        "bbox": "-1.5,0,2,3",
        "datetime": SEARCH["datetime"],
        "ids": "a,b",
        "query": json.dumps(SEARCH["query"], separators=(",", ":")),
        "filter": json.dumps(SEARCH["filter"], separators=(",", ":")),
    }
    await sender.send(POST.request(SEARCH))
    assert [asked.method for asked in server.asked] == ["POST", "GET", "GET"]


async def test_a_refused_get_becomes_a_post():
    """The other way round: the body is what the query said, as JSON has it."""
    server = by_method(GET=405)
    await client(server, GET, POST).send(GET.request(SEARCH))
    assert server.asked[1].body == SEARCH


async def test_what_neither_method_gets_comes_by_the_collections_own_items():
    """Where nothing answers at the search's URL, the items below the collection are asked for, without its id."""
    server = Server(lambda request: 404 if request.url.startswith(URL) else None)
    search = {name: value for name, value in SEARCH.items() if name not in ("query", "ids", "filter")}
    await client(server, POST, GET, OWN).send(POST.request(search))
    assert server.asked[-1].url.startswith(OWN.url)
    assert server.asked[-1].parameter("collections") is None
    assert server.asked[-1].parameter("bbox") == "-1.5,0,2,3"


async def test_items_are_no_way_out_for_a_query():
    """A collection's own items can't be searched by `query`, and are not read instead."""
    server = Server(lambda request: 404 if request.url.startswith(URL) else None)
    with pytest.raises(ResponseError, match="POST answers 404"):
        await client(server, POST, GET, OWN).send(POST.request(SEARCH))
    assert len(server.asked) == 2


@pytest.mark.parametrize("concurrency", [1, 20])
async def test_a_host_that_forbids_both_is_left_alone(concurrency):
    """A 403 is tried once in the other form, whoever asks at the same time; then nothing more is sent."""
    server = by_method(POST=403, GET=403)
    sender = client(server, POST, GET, OWN)
    asks = (sender.send(POST.request({**SEARCH, "limit": n})) for n in range(1, 1 + concurrency))
    errors = await asyncio.gather(*asks, return_exceptions=True)
    assert {error.status for error in errors} == {403}
    assert [asked.method for asked in server.asked] == ["POST"] * concurrency + ["GET"]
    with pytest.raises(ResponseError):
        await sender.send(POST.request(SEARCH))
    assert len(server.asked) == concurrency + 1


async def test_a_403_stays_one_where_the_other_method_is_not_there():
    """What forbids POST and doesn't know GET has forbidden the search."""
    server = by_method(POST=403, GET=405)
    with pytest.raises(ResponseError, match="POST answers 403"):
        await client(server, POST, GET, OWN).send(POST.request(SEARCH))
    assert server.stopped.status == 403


@pytest.mark.parametrize("status", [400, 401, 429, 500])
async def test_what_is_no_refusal_of_a_method(status):
    """A login that is missing, a wrong filter or a broken server is an error at once."""
    server = by_method(POST=status)
    with pytest.raises(ResponseError):
        await client(server, POST, GET).send(POST.request(SEARCH))
    assert len(server.asked) == 1


async def test_a_403_after_answers_is_the_last():
    """A method that was answered before isn't refused by a later 403."""
    statuses = iter([None, 403])
    server = Server(lambda _: next(statuses))
    sender = client(server, POST, GET)
    await sender.send(POST.request(SEARCH))
    with pytest.raises(ResponseError):
        await sender.send(POST.request(SEARCH))
    assert len(server.asked) == 2
    assert server.stopped is not None


def opens(request):
    return ".." in str(request.parameter("datetime"))


@pytest.mark.parametrize("status", [400, 404, 422, 500])
@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("../2020-01-01T00:00:00Z", "0001-01-01T00:00:00Z/2020-01-01T00:00:00Z"),
        ("2020-01-01T00:00:00Z/..", "2020-01-01T00:00:00Z/9999-12-31T23:59:59Z"),
    ],
)
async def test_an_open_end_that_is_refused_is_closed(given, sent, status):
    """Far ends stand for open ones from then on, and a note says so."""
    server = Server(lambda request: status if opens(request) else None)
    sender = client(server, POST)
    await sender.send(POST.request({"datetime": given}))
    await sender.send(POST.request({"datetime": given}))
    assert [asked.parameter("datetime") for asked in server.asked] == [given, sent, sent]
    assert any("open intervals" in note for note in sender._summary.notes)


async def test_an_interval_that_is_refused_in_any_form():
    """It is asked twice, and the refusal is the server's first; the next one costs a single request."""
    server = Server(lambda request: 400 if "/" in str(request.parameter("datetime")) else None)
    sender = client(server, POST)
    for _ in range(2):
        with pytest.raises(ResponseError):
            await sender.send(POST.request({"datetime": "../2020-01-01T00:00:00Z"}))
    assert len(server.asked) == 3


async def test_a_link_of_the_server_is_sent_as_it_is():
    """What the server wrote isn't rewritten, whatever it answers."""
    server = by_method(POST=405)
    with pytest.raises(ResponseError):
        await client(server, POST, GET).send(Request("POST", URL, body={"token": "x"}))
    assert len(server.asked) == 1


names = st.text("abcäö-_.:/ ", min_size=1, max_size=8)


@given(
    ids=st.lists(names, max_size=3),
    bbox=st.none() | st.lists(st.floats(-90, 90), min_size=4, max_size=4),
    query=st.none() | st.dictionaries(names, st.integers() | names, max_size=3),
    limit=st.integers(1, 1000),
)
def test_both_methods_ask_for_the_same(ids, bbox, query, limit):
    """Whatever the filters, the query of a GET holds what the body of the POST does."""
    given = {"limit": limit, "ids": ids or None, "bbox": bbox, "query": query}
    search = {name: value for name, value in given.items() if value is not None}
    body, query_ = POST.request(search), GET.request(search)
    for name, value in search.items():
        text = query_.parameter(name)
        assert body.parameter(name) == value
        if name == "query":
            assert json.loads(text) == value
        elif name == "bbox":
            assert [float(part) for part in text.split(",")] == value
        else:
            assert text == (",".join(value) if name == "ids" else str(value))


def test_a_changed_page_size_holds_in_every_form():
    """The size that a cursor has come to is part of the search, however it is written next."""
    assert POST.request({"limit": 100}).with_parameter("limit", 50).search == {"limit": 50}
    assert GET.request({"limit": 100}).with_parameter("limit", 50).search == {"limit": 50}
