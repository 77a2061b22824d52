"""What ends a run's asking for good: a pause that is too long, a 403, a cursor that goes round."""

from __future__ import annotations

import asyncio

import pytest

from stac_ingest.api.client import Answer
from stac_ingest.api.clock import Clock
from stac_ingest.api.exchange import Exchange
from stac_ingest.api.freshness import GRACE, Freshness
from stac_ingest.api.links import Request
from stac_ingest.config import IngestConfig
from stac_ingest.errors import PaginationLoop, PauseTooLong, RateLimited, ResponseError
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
        return Answer(status, headers, b"{}", request.url)


def make(client, **settings):
    config = IngestConfig(mode="api", source="http://127.0.0.1", **settings)
    return Exchange(config, IngestSummary(), client, Clock())


async def test_a_pause_beyond_the_budget_says_so():
    """The error names what the host asks for and the setting it exceeds; nothing is sent after it."""
    client = Script((429, {"Retry-After": "3600"}))
    exchange = make(client, retry_seconds=60)
    with pytest.raises(PauseTooLong, match="come back in 3600 s, and retry_seconds is 60"):
        await exchange.ask(ASK)
    with pytest.raises(PauseTooLong, match=r"a pause of 3\d{3} s, and retry_seconds is 60"):
        await exchange.ask(ASK)
    assert client.sent == 1


async def test_without_retries_a_long_pause_is_a_plain_refusal():
    """With `retry: none` each refused request is a failure by itself, and the next is sent all the same."""
    client = Script((429, {"Retry-After": "3600"}))
    exchange = make(client, retry="none")
    with pytest.raises(RateLimited) as caught:
        await exchange.ask(ASK)
    assert not isinstance(caught.value, PauseTooLong)
    assert (await exchange.ask(ASK)).status == 200


async def test_after_a_403_nothing_is_sent():
    """Requests that wait for their turn when it comes, and all later ones, end in the same error."""
    client = Script((200, {}), (403, {}))
    exchange = make(client, concurrency=1)
    outcomes = await asyncio.gather(*(exchange.ask(ASK) for _ in range(6)), return_exceptions=True)
    assert [getattr(outcome, "status", None) for outcome in outcomes] == [200, 403, 403, 403, 403, 403]
    with pytest.raises(ResponseError, match="answers 403"):
        await exchange.ask(ASK)
    assert client.sent == 2


def note(freshness, fresh, repeated, times=1):
    for _ in range(times):
        freshness.note(fresh, repeated)
        freshness.check("http://h/")


def test_a_cursor_that_repeats_more_than_there_is_goes_round():
    """It ends once it has repeated, in a row, more items than the run has delivered."""
    summary = IngestSummary(items=500)
    note(Freshness(summary), 0, 10, times=50)
    with pytest.raises(PaginationLoop, match="51 pages brought 510 items"):
        note(Freshness(summary), 0, 10, times=51)


def test_what_the_server_counts_ends_it_sooner():
    """Where its search is said to hold few items, twice as many repeats are enough, past a grace of pages."""
    freshness = Freshness(IngestSummary(items=100_000))
    freshness.matched = 12
    note(freshness, 0, 10, times=GRACE)
    with pytest.raises(PaginationLoop):
        note(freshness, 0, 10)


def test_news_begins_the_count_anew():
    """A page that is shown twice, however often that happens, is no circle; nor are empty pages."""
    freshness = Freshness(IngestSummary(items=1))
    for _ in range(10):
        note(freshness, 1, 9)
        note(freshness, 0, 10, times=GRACE)
    note(freshness, 0, 0, times=1000)
