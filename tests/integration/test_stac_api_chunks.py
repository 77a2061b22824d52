"""Chunks of time, through the module, against a small server that misbehaves on request."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import datetime, timedelta
from itertools import count

import pytest
from aiohttp import web
from misbehaving_api import DAYS, START, Api, ids_of, ingest, inside, make_items, stamp

from stac_ingest.config import IngestConfig
from stac_ingest.http.clock import Clock
from stac_ingest.sources.stac_api import StacApiSource
from stac_ingest.summary import IngestSummary


@pytest.mark.parametrize("concurrency", [1, 3, 20])
@pytest.mark.parametrize("post", [True, False])
async def test_time_chunks(concurrency, post):
    """All items come, each once, at the price of few requests beyond the pages."""
    api = Api(make_items(2000), post=post, think=0.001)
    ids, summary, failures, _ = await ingest(api, concurrency=concurrency, worker_strategy="time_chunks", limit=20)
    assert sorted(ids) == ids_of(api.items)
    assert failures == []
    assert summary.notes == []
    assert summary.matched == 2000
    assert summary.chunks >= concurrency
    # What a busy machine has received at once may be less than what was sent at once.
    assert api.peak <= summary.in_flight_peak <= concurrency
    assert summary.requests == len(api.log) <= 100 + 3 + max(concurrency, 4) * 2


@pytest.mark.parametrize("think", [0.0, 0.02])
async def test_a_level_that_is_found_costs_few_requests(think):
    """Finding the level takes no more requests than a fixed level of the highest that was used."""
    api = Api(make_items(2000), think=think)
    ids, summary, failures, _ = await ingest(api, concurrency="auto", limit=20)
    assert sorted(ids) == ids_of(api.items)
    assert failures == []
    assert summary.requests == len(api.log) <= 100 + 3 + max(summary.in_flight_peak, 4) * 2


async def test_a_server_that_answers_at_once_is_asked_in_few_chunks():
    """Where responses take no time, a search is planned for two workers, not for as many as there may be."""
    api, summary, looks = Api(make_items(2000)), IngestSummary(), count()
    async with api.serving() as url:
        config = IngestConfig.parse({"mode": "api", "source": url, "concurrency": "auto", "limit": 20})
        source = StacApiSource(config, "c", summary, clock=Clock(now=lambda: next(looks) / 1e6))
        await source.open()
        units = [unit async for unit in closing_after(source.units(), 4)]
        await source.close()
    assert len({unit.interval for unit in units}) == 4
    assert units[-1].interval.end is None
    assert summary.notes == ["concurrency auto: 2 requests at once at the end, 2 at most"]


async def closing_after(found, number):
    """Yield so many, and close."""
    async with aclosing(found):
        for _ in range(number):
            yield await anext(found)


async def test_time_chunks_of_a_crowd():
    """Items crowded into a hundredth of the time, and 60 on one instant, all come."""

    def moment(i, n):
        if i < 60:
            return START + timedelta(days=123.25)
        return START + (timedelta(days=DAYS) * (i / n) if i % 10 == 0 else timedelta(days=500 + 10 * i / n))

    api = Api(sorted(make_items(1500, moment=moment), key=lambda i: i["properties"]["datetime"]))
    ids, summary, _, _ = await ingest(api, concurrency=10, worker_strategy="time_chunks")
    assert sorted(ids) == sorted(ids_of(api.items))
    assert summary.requests <= 150 * 1.6


async def test_time_chunks_keep_to_the_users_interval():
    """A datetime of the settings bounds every chunk."""
    api = Api(make_items(1000))
    asked = (START + timedelta(days=100), START + timedelta(days=400))
    text = "/".join(map(stamp, asked))
    ids, summary, _, _ = await ingest(api, concurrency=5, worker_strategy="time_chunks", datetime=text)
    assert sorted(ids) == ids_of(i for i in api.items if inside(i, text))
    assert summary.notes == []


@pytest.mark.parametrize(
    "extent",
    [None, [], [[None, None]], [["2031-01-01T00:00:00Z", None]], [["1990-01-01T00:00:00Z", "1991-01-01T00:00:00Z"]]],
)
async def test_time_chunks_do_not_trust_the_extent(extent):
    """An extent that is missing, open or wrong costs requests, not items."""
    api = Api(make_items(600), extent=extent)
    ids, summary, _, _ = await ingest(api, concurrency=8, worker_strategy="time_chunks")
    assert sorted(ids) == ids_of(api.items)
    assert summary.requests <= 60 * 3


@pytest.mark.parametrize(
    ("behaviour", "note"), [({"counts": False}, "no numberMatched"), ({"ignores_datetime": True}, "ignores `datetime`")]
)
async def test_time_chunks_fall_back_to_one_cursor(behaviour, note):
    """Where a server gives no counts, or ignores `datetime`, one cursor reads all, and a note says why."""
    api = Api(make_items(300), **behaviour)
    ids, summary, _, _ = await ingest(api, concurrency=6, worker_strategy="time_chunks")
    assert sorted(ids) == ids_of(api.items)
    assert any(note in n for n in summary.notes)
    assert api.searches <= 30 + 12


async def test_one_bad_chunk_costs_that_chunk():
    """A chunk that fails for good is one failure that names its time; the others come, and the gap is noted."""

    def fault(number, body):
        bad = str(body.get("datetime", "")).startswith("2020-07-19")
        return web.Response(status=500, text="boom") if bad else None

    api = Api(make_items(1000), fault=fault)
    ids, summary, failures, error = await ingest(api, concurrency=5, worker_strategy="time_chunks")
    assert error is None
    assert len(ids) == 800
    assert len(failures) == 1
    assert failures[0].item_id.startswith("c 2020-07-19T")
    assert any("counts 1,000 items" in note for note in summary.notes)


async def test_what_chunks_share_is_no_duplicate(monkeypatch):
    """Items that last come in each chunk that they touch: they are delivered once, and counted by themselves."""

    def later(item):
        moment = datetime.fromisoformat(item["properties"]["datetime"]) + timedelta(days=9)
        return {"properties": {"datetime": stamp(moment)}}

    def touches(item, interval):
        return inside(item, interval) or inside(later(item), interval)

    monkeypatch.setattr("misbehaving_api.inside", touches)
    api = Api(make_items(600))
    ids, summary, failures, _ = await ingest(api, concurrency=10, worker_strategy="time_chunks", limit=20)
    assert (sorted(ids), failures) == (ids_of(api.items), [])
    assert (summary.overlaps > 0, summary.duplicates) == (True, 0)


@pytest.mark.parametrize("concurrency", [1, 10])
async def test_what_a_server_repeats_within_a_chunk_is_a_duplicate(concurrency):
    """A page that holds its first item twice is the server's doing, however the search was split."""
    repeated = set()

    def edit(page, body):
        if len(page["features"]) < 2:
            return page
        repeated.add(page["features"][0]["id"])
        return {**page, "features": [*page["features"], page["features"][0]]}

    api = Api(make_items(400), edit=edit)
    ids, summary, _, _ = await ingest(api, concurrency=concurrency, worker_strategy="time_chunks", limit=20)
    assert sorted(ids) == ids_of(api.items)
    # A page may have been dropped, where its chunk was split, or be read twice.
    assert 0 < summary.duplicates <= 2 * len(repeated)


class _Rounds(Api):
    """Answers none of its first requests before all of their round have come; `rounds` says how many each has."""

    async def answer(self, request, body):
        number = sum(
            asked >= size for asked, size in zip([self.asked, self.asked - self.rounds[0]], self.rounds, strict=True)
        )
        self.asked += 1
        if number < len(self.rounds):
            if self.asked == sum(self.rounds[: number + 1]):
                self.complete[number].set()
            await self.complete[number].wait()
        return await super().answer(request, body)


async def test_the_first_items_come_in_the_second_round():
    """Landing page, collection and count are asked for together, and then a first page by each worker, together."""
    workers = 4
    api = _Rounds(make_items(400), rounds=[3, workers], asked=0, complete=[asyncio.Event(), asyncio.Event()])
    async with asyncio.timeout(30):
        ids, _, failures, _ = await ingest(api, worker_strategy="time_chunks", concurrency=workers)
    assert (sorted(ids), failures) == (ids_of(api.items), [])
    assert {path for _, path, _ in api.log[:3]} == {"", "/collections/c", "/collections/c/items"}
    assert {path for _, path, _ in api.log[3 : 3 + workers]} == {"/search"}
