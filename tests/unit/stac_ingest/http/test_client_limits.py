"""What ends a run's asking for good: a pause that is too long, a 403, a cursor that loops."""

from __future__ import annotations

import asyncio

import pytest

from stac_ingest.api.loop_detection import GRACE, LoopDetector
from stac_ingest.config import IngestConfig
from stac_ingest.errors import PaginationLoop, RateLimited, ResponseError, RetryAfterTooLong
from stac_ingest.http.client import Response
from stac_ingest.http.clock import Clock
from stac_ingest.http.request import Request
from stac_ingest.http.retries import RetryingClient
from stac_ingest.summary import IngestSummary

ASK = Request("GET", "http://127.0.0.1/search")


class Script:
    """A client that gives the answers it was told to, then 200."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.sent = 0

    async def send(self, request):
        self.sent += 1
        await asyncio.sleep(0)
        status, headers = self.outcomes.pop(0) if self.outcomes else (200, {})
        return Response(status, headers, b"{}", request.url)


def make(client, **settings):
    config = IngestConfig(mode="api", source="http://127.0.0.1", **settings)
    return RetryingClient(config, IngestSummary(), client, Clock())


async def test_a_pause_beyond_the_budget_says_so():
    """The error names what the host asks for and the setting it exceeds; nothing is sent after it."""
    client = Script((429, {"Retry-After": "3600"}))
    retrying = make(client, retry_seconds=60)
    with pytest.raises(RetryAfterTooLong, match="come back in 3600 s, and retry_seconds is 60"):
        await retrying.send(ASK)
    with pytest.raises(RetryAfterTooLong, match=r"a pause of 3\d{3} s, and retry_seconds is 60"):
        await retrying.send(ASK)
    assert client.sent == 1


async def test_without_retries_a_long_pause_is_a_plain_refusal():
    """With `retry: none` each refused request is a failure by itself, and the next is sent all the same."""
    client = Script((429, {"Retry-After": "3600"}))
    retrying = make(client, retry="none")
    with pytest.raises(RateLimited) as caught:
        await retrying.send(ASK)
    assert not isinstance(caught.value, RetryAfterTooLong)
    assert (await retrying.send(ASK)).status == 200


async def test_after_a_403_nothing_is_sent():
    """Requests that wait for their turn when it comes, and all later ones, end in the same error."""
    client = Script((200, {}), (403, {}))
    retrying = make(client, concurrency=1)
    outcomes = await asyncio.gather(*(retrying.send(ASK) for _ in range(6)), return_exceptions=True)
    assert [getattr(outcome, "status", None) for outcome in outcomes] == [200, 403, 403, 403, 403, 403]
    with pytest.raises(ResponseError, match="answers 403"):
        await retrying.send(ASK)
    assert client.sent == 2


def pages_until_the_loop(detector, new, duplicate, at_most=100):
    """Record pages alike, as a cursor does; return how many were let through before the loop was found, if it was."""
    for number in range(at_most):
        detector.record(new, duplicate)
        try:
            detector.check("http://h/")
        except PaginationLoop:
            return number
    return at_most


def test_a_cursor_that_repeats_more_than_there_is_loops():
    """It ends with the first page by which it has repeated, in a row, more items than the run has delivered."""
    detector = LoopDetector(IngestSummary(items=500))
    assert pages_until_the_loop(detector, 0, 10) == 50
    with pytest.raises(PaginationLoop, match="51 pages brought 510 items"):
        detector.check("http://h/")


def test_what_the_server_counts_ends_it_sooner():
    """Where its search is said to hold few items, twice as many duplicates are enough, past a grace of pages."""
    detector = LoopDetector(IngestSummary(items=100_000))
    detector.matched = 12
    assert pages_until_the_loop(detector, 0, 10) == GRACE


@pytest.mark.parametrize("times", [1, 10])
def test_a_new_item_resets_the_count(times):
    """After a page with a new item, however many duplicates came before, the grace begins again in full."""
    detector = LoopDetector(IngestSummary(items=1))
    for _ in range(times):
        assert pages_until_the_loop(detector, 0, 10, at_most=GRACE) == GRACE
        assert pages_until_the_loop(detector, 1, 9, at_most=1) == 1
    assert pages_until_the_loop(detector, 0, 10) == GRACE


def test_pages_without_items_are_no_loop():
    """Empty pages count neither as duplicates nor as news: the loop is found as if they weren't there."""
    detector = LoopDetector(IngestSummary(items=1))
    assert pages_until_the_loop(detector, 0, 10, at_most=GRACE) == GRACE
    assert pages_until_the_loop(detector, 0, 0, at_most=1000) == 1000
    detector.record(0, 10)
    with pytest.raises(PaginationLoop):
        detector.check("http://h/")
