"""One host is one host, whichever run, link or retry leads to it; in virtual time."""

from __future__ import annotations

import asyncio
import gc

import pytest
from test_retries import Bucket, Script, clock, run

from stac_ingest.config import IngestConfig
from stac_ingest.errors import BudgetExhausted, RetryAfterTooLong
from stac_ingest.http.clock import Clock
from stac_ingest.http.hosts import Hosts
from stac_ingest.http.request import Request
from stac_ingest.http.retries import RetryingClient
from stac_ingest.summary import IngestSummary

HERE, NEXT_DOOR = Request("GET", "http://127.0.0.1/search"), Request("GET", "http://127.0.0.1:81/search")
TOO_MANY = (429, {"Retry-After": "7"})


def retrying(client, now, **settings):
    return RetryingClient(IngestConfig(mode="api", source="http://127.0.0.1", **settings), IngestSummary(), client, now)


def times(client):
    return [at for at, _ in client.sent]


def test_a_pause_holds_for_every_run():
    """What one run is told, another one of the process heeds, though it never met the refusal."""

    async def go():
        told, other, now = Script(TOO_MANY), Script(), clock()
        asking = asyncio.create_task(retrying(told, now).send(HERE))
        await asyncio.sleep(1)
        await retrying(other, now).send(HERE)
        await asking
        return times(told), times(other)

    first, second = run(go())
    assert first == [0, pytest.approx(7)]
    assert second == [pytest.approx(7, rel=0.1)]
    assert second[0] >= 7


def test_a_pause_is_of_its_host_alone():
    """While one host is left alone, a link that leads to another one is followed, from the same run too."""

    async def go():
        client = Script(TOO_MANY)
        run_ = retrying(client, clock(), concurrency=2)
        asking = asyncio.create_task(run_.send(HERE))
        await asyncio.sleep(1)
        await run_.send(NEXT_DOOR)
        await asking
        return [(at, request.url) for at, request in client.sent]

    assert run(go()) == [(0, HERE.url), (1, NEXT_DOOR.url), (pytest.approx(7), HERE.url)]


def test_a_budget_is_of_the_run_whatever_the_hosts():
    """Requests and their pace are counted over all hosts that links lead to, retries included."""

    async def go():
        client = Script(200, 502)
        run_ = retrying(client, clock(chance=0.0), budget={"max_requests": 4, "requests_per_second": 2})
        for request in (HERE, NEXT_DOOR, HERE):
            await run_.send(request)
        with pytest.raises(BudgetExhausted):
            await run_.send(NEXT_DOOR)
        return times(client)

    assert run(go()) == pytest.approx([0, 0.5, 1.0, 1.5])


def test_who_is_slow_by_his_own_budget_keeps_nobody_waiting():
    """A run that may ask once in ten seconds doesn't hold up another one at the same host."""

    async def go():
        slow, quick, now = Script(), Script(), clock()
        modest = retrying(slow, now, concurrency=3, budget={"requests_per_second": 0.1})
        waiting = [asyncio.create_task(modest.send(HERE)) for _ in range(3)]
        await asyncio.sleep(1)
        for _ in range(5):
            await retrying(quick, now).send(HERE)
        await asyncio.gather(*waiting)
        return times(slow), times(quick)

    assert run(go()) == ([0, 10, 20], [1] * 5)


def test_a_pause_that_is_too_long_ends_every_run_at_that_host():
    """Each run judges by its own patience."""

    async def go():
        told, patient, now = Script((429, {"Retry-After": "100"})), Script(), clock()
        with pytest.raises(RetryAfterTooLong):
            await (first := retrying(told, now, retry_seconds=50)).send(HERE)
        with pytest.raises(RetryAfterTooLong):
            await retrying(Script(), now, retry_seconds=99).send(HERE)
        await retrying(patient, now, retry_seconds=101).send(HERE)
        del first
        return times(patient)

    assert run(go()) == [pytest.approx(100)]


@pytest.mark.parametrize("runs", [1, 2, 4])
def test_a_bucket_is_used_up_by_all_runs_together(runs):
    """However many runs share a host's token bucket, all take 10% more than its own limit at most, and lose nothing."""
    rate, burst, requests = 20, 20, 400

    async def go():
        server, now = Bucket(rate, burst, 0.05), clock()
        clients = [retrying(server, now, concurrency=20 // runs) for _ in range(runs)]
        todo = iter(range(requests))

        async def work(run_):
            for _ in todo:
                await run_.send(HERE)

        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(work(clients[number % runs]))
        return server, asyncio.get_running_loop().time()

    server, took = run(go())
    assert server.served == requests
    assert took <= 1.1 * (requests - burst) / rate
    assert server.refused <= 4 * 20


async def test_what_nobody_uses_is_forgotten():
    """A host is known as long as a run that asks it; clocks and event loops don't mix."""
    now = Clock().now
    first, second = Hosts(now), Hosts(now)
    bucket = first.get(HERE.url).bucket
    assert bucket is second.get("https://127.0.0.1:80/other").bucket
    assert bucket is not second.get(NEXT_DOOR.url).bucket
    assert bucket is not Hosts(lambda: 0.0).get(HERE.url).bucket
    bucket.pause(now(), 1_000)
    elsewhere = await asyncio.to_thread(asyncio.run, _wait_of(now))
    assert elsewhere <= 0
    del first, second, bucket
    gc.collect()
    assert Hosts(now).get(HERE.url).bucket.wait(now()) <= 0


async def _wait_of(now):
    return Hosts(now).get(HERE.url).bucket.wait(now())
