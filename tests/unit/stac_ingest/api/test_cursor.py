"""Following cursors: loops, empty pages, page sizes; numbered pages; the list of work."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.api.cursor import MAX_EMPTY_PAGES, Cursor
from stac_ingest.api.page_numbers import PageNumbering
from stac_ingest.api.pages import parse_page
from stac_ingest.core.work_queue import WorkQueue
from stac_ingest.errors import DataProcessingError, PaginationLoop, ResponseError
from stac_ingest.http.client import Response
from stac_ingest.http.request import Request
from stac_ingest.summary import IngestSummary

URL = "http://127.0.0.1/search"
FIRST = Request("POST", URL, body={"collections": ["c"], "limit": 4})


class ScriptedClient:
    """Answers from a function of the request's body; counts what is asked and what is under way."""

    def __init__(self, page):
        self.page, self.requests, self.now, self.peak = page, [], 0, 0

    async def send(self, request, *, gives_up_early=False, not_needed=None):
        self.requests.append(request)
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            await asyncio.sleep(0)
            return Response(200, {}, orjson.dumps(self.page(request)), request.url)
        finally:
            self.now -= 1


def features(*numbers):
    return [{"id": str(n)} for n in numbers]


def linked(items, body=None, **link):
    links = [{"rel": "next", "href": URL, "method": "POST", "body": body, **link}] if body is not None else []
    return {"features": items, "links": links}


async def collect(client, *, read_ahead=True, enough=None, first=FIRST):
    summary = IngestSummary()
    cursor = Cursor(client, summary, first, read_ahead=read_ahead, enough=enough)
    ids = []
    error = None
    try:
        async for page in cursor.pages():
            ids += [item["id"] for item in parse_page(page.body, page.url)["features"]]
    except DataProcessingError as caught:
        error = caught
    return ids, summary, error


STYLES = {
    "echo": lambda own, at: {"body": {**own, "token": at}},
    "merge": lambda own, at: {"body": {"token": at}, "merge": True},
    "lower": lambda own, at: {"body": {**own, "token": at}, "method": "post", "href": "/search"},
}


@given(
    sizes=st.lists(st.integers(0, 4), min_size=1, max_size=12),
    style=st.sampled_from(sorted(STYLES)),
    read_ahead=st.booleans(),
)
def test_any_layout_of_pages_is_walked(sizes, style, read_ahead):
    """Whatever the sizes of the pages, empty ones too, and the style of `next`, every item comes once, in order."""

    def page(request):
        assert request.body["collections"] == ["c"]
        at = int(request.body.get("token", 0))
        items = features(*(f"{at}-{i}" for i in range(sizes[at])))
        own = {"collections": ["c"], "limit": 4}
        return linked(items, **STYLES[style](own, at + 1)) if at + 1 < len(sizes) else linked(items)

    client = ScriptedClient(page)
    ids, summary, error = asyncio.run(collect(client, read_ahead=read_ahead))
    assert error is None
    assert ids == [f"{at}-{i}" for at, size in enumerate(sizes) for i in range(size)]
    assert len(client.requests) == summary.pages == len(sizes)
    assert client.peak == 1
    assert summary.empty_pages == sum(size == 0 for size in sizes[:-1])


@pytest.mark.parametrize("back_to", [0, 1, 2])
async def test_loops_end(back_to):
    """A `next` to the page itself or to an earlier one stops with a typed error; what came before is delivered."""

    def page(request):
        at = request.body.get("token", 0)
        following = at + 1 if at < 2 else back_to
        body = {"collections": ["c"], "limit": 4}
        return linked(features(at), body if following == 0 else {**body, "token": following})

    ids, _, error = await collect(ScriptedClient(page))
    assert ids == ["0", "1", "2"]
    assert isinstance(error, PaginationLoop)


async def test_empty_pages_without_end_are_an_error():
    """Empty pages with ever new links are followed only so far."""
    client = ScriptedClient(lambda request: linked([], {"token": request.body.get("token", 0) + 1}))
    ids, summary, error = await collect(client)
    assert ids == []
    assert isinstance(error, DataProcessingError)
    assert len(client.requests) == summary.empty_pages == MAX_EMPTY_PAGES


async def test_a_broken_page_keeps_those_before():
    """An error in the middle comes after the pages before it were delivered, with read-ahead too."""

    def page(request):
        at = request.body.get("token", 0)
        return linked(features(at), {"token": at + 1}) if at < 3 else {"errors": ["lost"]}

    ids, _, error = await collect(ScriptedClient(page))
    assert ids == ["0", "1", "2"]
    assert isinstance(error, ResponseError)


@pytest.mark.parametrize(("read_ahead", "expected"), [(True, 2), (False, 1)])
async def test_read_ahead_is_one_request(read_ahead, expected):
    """The next page is asked for before this one is handed over, if so set; closing then ends that request."""
    client = ScriptedClient(lambda request: linked(features(1), {"token": request.body.get("token", 0) + 1}))
    cursor = Cursor(client, IngestSummary(), FIRST, read_ahead=read_ahead)
    async with aclosing(cursor.pages()) as pages:
        async for _ in pages:
            break
    assert len(client.requests) == expected
    assert client.now == 0


async def test_no_read_ahead_beyond_enough():
    """When the items asked for have come, no further page is on its way."""
    client = ScriptedClient(lambda request: linked(features(1, 2, 3, 4), {"token": request.body.get("token", 0) + 1}))
    cursor = Cursor(client, IngestSummary(), FIRST, read_ahead=True, enough=8)
    seen = 0
    async with aclosing(cursor.pages()) as pages:
        async for _ in pages:
            seen += 1
            if seen == 2:
                break
    assert len(client.requests) == 2


async def test_pages_that_fail_are_halved():
    """A page size that the server can't manage is halved until it can, for the rest of the chain, and noted."""

    def page(request):
        if request.body["limit"] > 2:
            raise ResponseError("too much", url=URL, status=413)
        at = request.body.get("at", 0)
        items = features(*range(at, min(at + request.body["limit"], 20)))
        return linked(items, {**request.body, "at": at + 2, "limit": 16}) if at < 18 else linked(items)

    client = ScriptedClient(page)
    ids, summary, error = await collect(client, first=Request("POST", URL, body={"limit": 16}))
    assert error is None
    assert ids == [str(n) for n in range(20)]
    assert [r.body["limit"] for r in client.requests[:4]] == [16, 8, 4, 2]
    assert len(client.requests) == 3 + 10
    assert any("page of 16 items failed" in note for note in summary.notes)


async def test_numbered_pages_are_not_halved():
    """Page 3 of another size is another page, so there the error stands."""

    def page(request):
        raise ResponseError("too much", url=URL, status=413)

    _, _, error = await collect(ScriptedClient(page), first=Request("POST", URL, body={"limit": 16, "page": 3}))
    assert isinstance(error, ResponseError)


async def test_pages_are_filled_evenly():
    """A few items over whole pages are spread over them, unless that would take pages much larger than asked for."""
    for total, expected in ((504, [100, 101, 101, 101, 101]), (560, [100] * 6)):

        def page(request, total=total):
            at, limit = request.body.get("at", 0), request.body["limit"]
            items = features(*range(at, min(at + limit, total)))
            return linked(items, {"limit": 100, "at": at + limit}) if at + limit < total else linked(items)

        client = ScriptedClient(page)
        first = Request("POST", URL, body={"limit": 100})
        cursor = Cursor(client, IngestSummary(), first, read_ahead=True)
        got = await cursor.fetch(first)
        cursor.expect(first, total - 100)
        count = [len(parse_page(p.body, p.url)["features"]) async for p in cursor.pages(got)]
        assert sum(count) == total
        assert [r.body["limit"] for r in client.requests] == expected


async def test_a_larger_page_that_is_refused_is_taken_back():
    """A server that insists on its limit costs one request more, not the chunk."""

    def page(request):
        if request.body["limit"] > 100:
            raise ResponseError("limit must be 100 or less", url=URL, status=400)
        at = request.body.get("at", 0)
        return linked(features(*range(at, at + 100)), {"limit": 100, "at": at + 100}) if at < 300 else linked([])

    client = ScriptedClient(page)
    first = Request("POST", URL, body={"limit": 100})
    cursor = Cursor(client, IngestSummary(), first, read_ahead=False)
    got = await cursor.fetch(first)
    cursor.expect(first, 203)
    assert len([p async for p in cursor.pages(got)]) == 3
    assert [r.body["limit"] for r in client.requests] == [100, 102, 100, 100, 100]


GET = Request("GET", f"{URL}?limit=10")


@pytest.mark.parametrize(
    ("first", "following", "expected"),
    [
        (GET, GET.with_parameter("page", 2), PageNumbering("page", 2, 1)),
        (FIRST, FIRST.with_parameter("page", 2), PageNumbering("page", 2, 1)),
        (GET.with_parameter("page", 1), GET.with_parameter("page", 2), PageNumbering("page", 2, 1)),
        (GET, GET.with_parameter("offset", 10), PageNumbering("offset", 10, 10)),
        (FIRST, FIRST.with_parameter("skip", 10), PageNumbering("skip", 10, 10)),
        (GET, GET.with_parameter("startRecord", 11), PageNumbering("startRecord", 11, 10)),
        (GET, GET.with_parameter("token", "2"), None),
        (GET, GET.with_parameter("page", 7), None),
        (GET, GET.with_parameter("page", "next:2"), None),
        (GET, GET.with_parameter("offset", 77), None),
        (FIRST, FIRST.with_parameter("next", 10), None),
    ],
)
def test_recognising_numbers(first, following, expected):
    """Only what can't be anything else is taken for a page number or an offset."""
    assert PageNumbering.detect(first, following, 10) == expected


def test_numbered_requests_count_on():
    """Pages from the second on are asked for by what the first page held, whatever limit was asked for."""
    following = GET.with_parameter("offset", 10)
    made = [PageNumbering("offset", 10, 10).request(following, index) for index in range(3)]
    assert [r.parameter("offset") for r in made] == ["10", "20", "30"]


async def test_queue_finds_work_for_idle_workers():
    """With nothing left on the list, work is looked for while some workers are busy, never more than there are idle."""
    asked, found = [], iter(["c", None, "d", None, None])

    def find(idle):
        asked.append(idle)
        return next(found)

    queue = WorkQueue(["a", "b"], capacity=lambda: 3, find=find)
    units = queue.units()
    assert [await anext(units) for _ in range(3)] == ["a", "b", "c"]
    assert asked == [1]
    waiting = asyncio.ensure_future(anext(units))
    await asyncio.sleep(0)
    queue.done()
    await asyncio.sleep(0)
    assert asked == [1, 1]
    queue.notify()
    assert await waiting == "d"
    for _ in range(3):
        queue.done()
    assert [unit async for unit in units] == []
    assert asked == [1, 1, 1]


async def test_queue_waits_for_work_under_way():
    """The list ends when it is empty and no unit under way can add to it; what is added comes first, in order."""
    queue = WorkQueue(["a", "b"])
    units = queue.units()
    assert [await anext(units), await anext(units)] == ["a", "b"]
    waiting = asyncio.create_task(anext(units))
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.add(["a1", "a2"])
    queue.done()
    assert await waiting == "a1"
    assert await anext(units) == "a2"
    for _ in range(3):
        queue.done()
    with pytest.raises(StopAsyncIteration):
        await anext(units)
