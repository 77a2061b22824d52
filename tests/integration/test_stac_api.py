"""The STAC API source, through the module, against a small server that misbehaves on request."""

from __future__ import annotations

import asyncio
import gzip
import json
from contextlib import aclosing

import pytest
from aiohttp import web
from misbehaving_api import Api, ids_of, ingest, make_items

from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.errors import (
    BudgetExhausted,
    ConfigurationError,
    PaginationLoop,
    RateLimited,
    ResponseError,
    ResponseTooLarge,
)


@pytest.mark.parametrize("post", [True, False])
async def test_sequential_is_exact(post):
    """One request for the root, one for the collection, one a page, never two at once, in the server's order."""
    api = Api(make_items(95), post=post)
    ids, summary, failures, _ = await ingest(api)
    assert ids == ids_of(api.items)
    assert [(method, path) for method, path, _ in api.log[:2]] == [("GET", ""), ("GET", "/collections/c")]
    assert [method for method, _, _ in api.log[2:]] == ["POST" if post else "GET"] * 10
    assert (summary.requests, summary.pages, summary.matched) == (12, 10, 95)
    assert api.peak == summary.in_flight_peak == 1
    assert failures == []
    assert summary.notes == []


async def test_the_document_of_the_collection_is_kept():
    """It was asked for anyway, and a table can hold it."""
    api = Api(make_items(5))
    _, summary, _, _ = await ingest(api)
    assert summary.collections["c"]["id"] == "c"
    assert summary.requests == 3


async def test_settings_are_passed_on():
    """Collection, bbox, datetime, query and limit reach the search; a date becomes the interval it stands for."""
    conforms = ["https://api.stacspec.org/v1.0.0/item-search#query"]
    api = Api(make_items(5), conforms=conforms)
    query = {"eo:cloud_cover": {"lt": 10}}
    await ingest(api, bbox=[0, -1.5, 2, 3], datetime="2020-01", query=query, limit=7)
    assert api.log[-1][2] == {
        "limit": 7,
        "collections": ["c"],
        "bbox": [0, -1.5, 2, 3],
        "datetime": "2020-01-01T00:00:00Z/2020-01-31T23:59:59Z",
        "query": query,
    }
    api = Api(make_items(5), post=False, conforms=conforms)
    await ingest(api, bbox=[0, -1.5, 2, 3], query=query)
    assert api.log[-1][2] == {
        "limit": "10",
        "collections": "c",
        "bbox": "0,-1.5,2,3",
        "query": json.dumps(query, separators=(",", ":")),
    }


async def test_an_api_without_search_is_read_by_its_items():
    """Where the landing page links to no search, the collection's own items are paged, and a note says so."""
    api = Api(make_items(25), search=False)
    ids, summary, _, _ = await ingest(api)
    assert ids == ids_of(api.items)
    assert {path for _, path, _ in api.log[2:]} == {"/collections/c/items"}
    assert any("no item search" in note for note in summary.notes)


async def test_a_missing_collection():
    """The message begins as users' tools expect, one at a time or all at once."""
    for settings in ({}, {"concurrency": 5, "worker_strategy": "time_chunks"}):
        _, _, _, error = await ingest(Api([]), collection_id="a/b", **settings)
        assert str(error).startswith("Collection 'a/b' not found")


async def test_an_unreachable_api():
    """A refused connection is a typed error at once, without retries."""
    module = IngestModule({"mode": "api", "source": "http://127.0.0.1:9", "collection_id": "c"})
    with pytest.raises(ResponseError, match=r"127\.0\.0\.1:9"):
        [item async for item in module.fetch(WorkflowContext())]
    assert module.summary.requests == 1


async def test_what_is_no_api():
    """A landing page without links is refused by name."""

    class Other(Api):
        async def answer(self, request, body):
            return web.json_response({"hello": "world"})

    _, _, _, error = await ingest(Other([]))
    assert "landing page of a STAC API" in str(error)


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize(("limit", "most"), [(10, 4), (4, 2)])
async def test_max_items(concurrency, limit, most):
    """No more items than asked for, no larger pages than needed, and alone no request too many."""
    api = Api(make_items(50))
    ids, _, _, _ = await ingest(api, max_items=most, limit=limit, concurrency=concurrency)
    assert len(ids) == most
    assert {int(body["limit"]) for _, path, body in api.log if path == "/search"} == {min(limit, most)}
    assert api.searches == 1


async def test_max_items_over_pages():
    """With read-ahead, the page after the last one needed is not asked for."""
    api = Api(make_items(95))
    ids, summary, _, _ = await ingest(api, max_items=30)
    assert len(ids) == 30
    assert summary.pages == 3


@pytest.mark.parametrize("paging", ["page", "offset"])
@pytest.mark.parametrize("post", [True, False])
@pytest.mark.parametrize("strategy", ["queue", "semaphore"])
async def test_numbered_pages_are_read_at_once(paging, post, strategy):
    """Pages with numbers are all asked for at once, each one time, within the limit of concurrency."""
    api = Api(make_items(195), paging=paging, post=post, think=0.05)
    ids, summary, _, _ = await ingest(api, concurrency=5, worker_strategy=strategy)
    assert sorted(ids) == ids_of(api.items)
    assert api.searches == 20
    assert summary.duplicates == 0
    assert api.peak == summary.in_flight_peak == 5


async def test_a_clamped_limit_with_numbered_pages():
    """Where the server holds fewer items a page than asked for, the pages are planned from what came."""
    api = Api(make_items(195), paging="offset", most=7)
    ids, _, _, _ = await ingest(api, concurrency=5, worker_strategy="queue", limit=50)
    assert sorted(ids) == ids_of(api.items)
    assert api.searches == 28


async def test_more_came_than_the_count_said():
    """Beyond the planned last page, `next` is followed."""

    def edit(page, body):
        return {**page, "numberMatched": 31}

    api = Api(make_items(64), paging="page", edit=edit)
    ids, summary, _, _ = await ingest(api, concurrency=3, worker_strategy="queue")
    assert sorted(ids) == ids_of(api.items)
    assert any("counts 31 items" in note and "64 came" in note for note in summary.notes)


async def test_a_token_cursor_is_walked_with_a_note():
    """A token cursor can't be parallelised: it is walked alone, and the summary says what may help."""
    api = Api(make_items(95))
    ids, summary, _, _ = await ingest(api, concurrency=5, worker_strategy="queue")
    assert ids == ids_of(api.items)
    assert api.searches == 10
    assert any("time_chunks" in note for note in summary.notes)


async def test_one_bad_numbered_page_costs_that_page():
    """The other pages come."""
    api = Api(
        make_items(100),
        paging="page",
        fault=lambda _, body: web.Response(status=500) if body.get("page") == 4 else None,
    )
    ids, _, failures, error = await ingest(api, concurrency=3, worker_strategy="queue")
    assert error is None
    assert len(ids) == 90
    assert len(failures) == 1


async def test_a_cursor_that_breaks_ends_the_run():
    """With one cursor nothing can follow: what came is delivered, then the error is raised."""
    api = Api(make_items(100), fault=lambda number, _: web.Response(status=500, text="boom") if number == 4 else None)
    ids, _, _, error = await ingest(api)
    assert ids == ids_of(api.items)[:30]
    assert isinstance(error, ResponseError)
    assert error.status == 500
    assert "boom" in str(error)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_forbidden_request_stops_the_run(status):
    """After the first 403 nothing more is asked, chunks or not."""
    api = Api(make_items(1000), fault=lambda number, _: web.Response(status=status) if number > 3 else None)
    _, _, _, error = await ingest(api, concurrency=2, worker_strategy="time_chunks")
    assert error.status == status
    assert api.searches <= 4 + 2


async def test_a_loop_is_named():
    """A `next` that leads to its own page stops the run with what came, and the link in the message."""

    def edit(page, body):
        if body.get("token") == "20":
            page["links"][0]["body"]["token"] = "10"
        return page

    api = Api(make_items(100), edit=edit)
    ids, _, _, error = await ingest(api)
    assert len(ids) == 30
    assert isinstance(error, PaginationLoop)
    assert "/search" in str(error)


async def test_an_item_on_two_pages_comes_once():
    """Repeats are counted, not delivered."""

    def edit(page, body):
        return {**page, "features": [*page["features"], page["features"][0]]}

    api = Api(make_items(30), edit=edit)
    ids, summary, _, _ = await ingest(api)
    assert ids == ids_of(api.items)
    assert summary.duplicates == 3


async def test_bad_items_are_rejected_one_by_one():
    """What isn't an item with an id fails by itself; its page goes on."""

    def edit(page, body):
        return {**page, "features": [None, {"id": 5}, {"id": ""}, *page["features"]]}

    api = Api(make_items(20), edit=edit)
    ids, _, failures, _ = await ingest(api)
    assert ids == ids_of(api.items)
    assert len(failures) == 6
    assert failures[0].item_id.endswith("/search#0")


@pytest.mark.parametrize(
    ("text", "match"),
    [("<html>maintenance</html>", "HTML"), ('{"features":[{"id":"x"', "broken JSON"), ('{"errors":["e"]}', "error")],
)
async def test_answers_that_are_no_pages(text, match):
    """Status 200 does not make a page: the run stops with a typed error instead of ending early."""
    api = Api(make_items(50), fault=lambda number, _: web.Response(text=text) if number == 3 else None)
    ids, _, _, error = await ingest(api)
    assert len(ids) == 20
    assert isinstance(error, ResponseError)
    assert match in str(error)


async def test_null_features_and_empty_pages_are_passed_over():
    """A page of nothing in the middle, with a next link, is not the end."""

    def edit(page, body):
        empty = {"10": None, "20": []}
        return {**page, "features": empty[body["token"]]} if body.get("token") in empty else page

    api = Api(make_items(50), edit=edit)
    ids, summary, _, _ = await ingest(api)
    assert ids == [i for n, i in enumerate(ids_of(api.items)) if not 10 <= n < 30]
    assert summary.empty_pages == 2
    assert any("empty pages" in note for note in summary.notes)


async def test_a_throttling_server_loses_nothing():
    """429 with Retry-After is waited for; all items come."""

    def fault(number, body):
        return web.Response(status=429, headers={"Retry-After": "0.01"}) if number % 4 == 0 else None

    api = Api(make_items(200), fault=fault)
    ids, summary, failures, _ = await ingest(api, retry_attempts=50)
    assert ids == ids_of(api.items)
    assert failures == []
    assert summary.rate_limited == summary.retries > 0


async def test_retry_none_makes_a_refusal_a_failure():
    """The seed's way: a 429 ends the cursor at once."""
    api = Api(make_items(50), fault=lambda number, _: web.Response(status=429) if number == 3 else None)
    ids, _, _, error = await ingest(api, retry="none")
    assert len(ids) == 20
    assert isinstance(error, RateLimited)


async def test_the_budget_ends_the_run():
    """No request beyond the budget, chunks or not."""
    for settings in ({}, {"concurrency": 5, "worker_strategy": "time_chunks"}):
        api = Api(make_items(500))
        _, summary, _, error = await ingest(api, budget={"max_requests": 9}, **settings)
        assert isinstance(error, BudgetExhausted)
        assert len(api.log) == summary.requests == 9


async def test_a_reset_connection_is_retried():
    """A connection that the server drops in the middle of a run is tried again."""

    def fault(number, body):
        return Reset() if number == 2 else None

    class Reset(web.StreamResponse):
        async def prepare(self, request):
            request.transport.abort()
            return await super().prepare(request)

    api = Api(make_items(30), fault=fault)
    ids, summary, _, error = await ingest(api)
    assert error is None
    assert ids == ids_of(api.items)
    assert summary.retries == 1


async def test_a_large_answer_is_cut_off():
    """No more than `max_response_mib` is read, also of what is compressed to little."""
    packed = gzip.compress(b" " * 8 * 2**20)
    assert len(packed) < 2**20
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    api = Api(make_items(5), fault=lambda *_: web.Response(body=packed, headers=headers))
    _, summary, _, error = await ingest(api, max_response_mib=1, limit=1)
    assert isinstance(error, ResponseTooLarge)
    assert summary.bytes_read < 4 * 2**20


async def test_a_slow_answer_times_out():
    """An answer that takes too long is an error that says so."""
    api = Api(make_items(5), think=5)
    _, _, _, error = await ingest(api, timeout=0.05)
    assert "within 0.05 s" in str(error)


async def test_credentials_stay_at_their_origin():
    """User and password of the source go to its own host alone, and into no message or URL."""
    home, away = Api(make_items(30)), Api(make_items(30))
    async with away.serving() as elsewhere:

        def edit(page, body):
            page["links"] = [
                {"rel": "next", "href": f"{elsewhere}/search?token=10&limit=10", "headers": {"X-Key": "k"}}
            ]
            return page

        home.edit = edit
        async with home.serving() as url:
            source = url.replace("http://", "http://user:secret@")
            module = IngestModule({"mode": "api", "source": source, "collection_id": "c", "limit": 10})
            ids = [item["id"] async for item in module.fetch(WorkflowContext())]
    assert ids == ids_of(home.items)
    assert all(headers["Authorization"].startswith("Basic ") for headers in home.headers)
    assert not any("Authorization" in headers or "X-Key" in headers for headers in away.headers)


async def test_leaving_early_ends_all_requests():
    """A consumer that stops leaves no request under way."""
    api = Api(make_items(2000), think=0.01)
    async with api.serving() as url:
        settings = {"mode": "api", "source": url, "collection_id": "c", "limit": 10, "concurrency": 8}
        module = IngestModule({**settings, "worker_strategy": "time_chunks"})
        async with aclosing(module.fetch(WorkflowContext())) as items:
            async for _ in items:
                break
        asked = len(api.log)
        await asyncio.sleep(0.05)
        assert len(api.log) <= asked + 8
        assert [task for task in asyncio.all_tasks() if "ahead" in repr(task) or "fetch" in repr(task)] == []


async def test_an_ignored_filter_is_noticed():
    """Items outside the interval asked for are delivered with a note."""
    api = Api(make_items(20), ignores_datetime=True)
    _, summary, _, _ = await ingest(api, datetime="1999")
    assert any("may ignore `datetime`" in note for note in summary.notes)


def test_nonsense_in_datetime_is_a_configuration_error():
    """It is told before anything is asked."""
    with pytest.raises(ConfigurationError, match="soon"):
        IngestModule({"mode": "api", "source": "http://127.0.0.1:9", "collection_id": "c", "datetime": "soon"})
