"""Work stealing among chunks of time: all comes, whatever the order of the pages, and workers end together."""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.api.intervals import (
    DAY,
    EARLIEST,
    LATEST,
    MILLISECOND,
    SECOND,
    UNBOUNDED,
    Interval,
    format_instant,
    parse_interval,
)
from stac_ingest.api.pages import Counts, Page
from stac_ingest.api.planner import Planner, RequestedItems
from stac_ingest.api.time_chunks.splitting import Chunk, Decision
from stac_ingest.config import IngestConfig
from stac_ingest.http.request import Request
from stac_ingest.summary import IngestSummary

YEARS = parse_interval("2020/2023")
PAGE = 100


class Server:
    """Items in memory as (start, end, id), in any order; an item that lasts has a null `datetime`, or its start."""

    def __init__(self, items, *, ignores_datetime=False, cap=None, writes_start=False):
        self.items = items
        self.writes_start = writes_start
        self.ignores_datetime = ignores_datetime
        self.cap = cap

    def search(self, interval):
        if self.ignores_datetime:
            return self.items
        start, end = interval
        return [i for i in self.items if (start is None or i[1] >= start) and (end is None or i[0] <= end)]

    def page(self, interval, offset, size):
        matching = self.search(interval)
        part = matching[offset : offset + size]
        written = (f'"{format_instant(a)}"' if a == b or self.writes_start else "null" for a, b, _ in part)
        body = ",".join(f'{{"properties":{{"datetime":{text}}}}}' for text in written)
        links = [{"rel": "next", "href": f"/{offset + size}"}] if offset + size < len(matching) else []
        tail = f'"numberMatched":{self.count(matching)},"numberReturned":{len(part)}}}'
        page = Page(f'{{"features":[{body}],"links":[],{tail}'.encode(), "/", links, empty=not part)
        return page, Counts(self.count(matching), len(part)), part

    def count(self, matching):
        return len(matching) if self.cap is None else min(len(matching), self.cap)


class Run:
    """Workers that read chunks at once, with answers in any order; `rounds` counts how often all had an answer."""

    def __init__(self, server, *, workers, page, known=YEARS, search=UNBOUNDED, seed=0, refuses=0.0):
        self.server, self.workers, self.size = server, workers, page
        self.refuses = refuses
        self.came, self.requests, self.rounds, self.steals = [], 0, 0, 0
        self.summary = IngestSummary()
        self.rng = random.Random(seed)
        settings_ = {"mode": "api", "source": "http://localhost", "concurrency": max(workers, 2), "limit": page}
        request = Request("GET", "http://localhost/search")
        api = SimpleNamespace(
            matched=server.count(server.search(search)),
            extent=Interval(*known),
            search=SimpleNamespace(request=lambda *_: request),
        )
        self.planner = Planner(
            IngestConfig.parse({**settings_, "worker_strategy": "time_chunks"}),
            RequestedItems(None, search, page),
            api,
            self.summary,
            lambda _: None,
            workers=max(workers, 2),
        )

    def read_all(self):
        self.chunks = asyncio.run(self.planner.chunks(0.0))
        queue, flying = deque(self.chunks.first), []
        while True:
            while len(flying) < self.workers:
                unit = queue.popleft() if queue else self.find(len(flying))
                if unit is None:
                    break
                if not unit.abandoned:
                    flying.append((unit, 0, None))
            if not flying:
                break
            self.rounds += 1
            # Those that are on their way now are answered, in some order, before what they bring about is.
            answered, flying = flying, []
            self.rng.shuffle(answered)
            for unit, offset, active in answered:
                following = self.send(unit, offset, active, queue)
                if following is not None:
                    flying.append(following)
                elif self.rng.random() < 0.5 and (split := self.find(self.workers - 1)) is not None:
                    flying.append((split, 0, None))
        for request in self.chunks.rest(len(set(self.came))):
            offset, interval = request.body
            self.requests += math.ceil((len(self.server.search(interval)) - offset) / self.size)
            self.came += self.server.search(interval)[offset:]
        return self

    def send(self, chunk, offset, active, queue):
        if chunk.is_split and not offset and self.rng.random() < self.refuses:
            return None if self.chunks.cancel_split(chunk) else (chunk, offset, active)
        return self.answer(chunk, offset, active, queue)

    def find(self, busy):
        split = self.chunks.steal(self.workers - busy) if 0 < busy < self.workers else None
        self.steals += split is not None
        return split

    def answer(self, chunk, offset, active, queue):
        page, counts, part = self.server.page(chunk.interval, offset, self.size)
        self.requests += 1
        if offset == 0:
            decision, parts = self.chunks.judge(chunk, page, counts)
            queue.extend(parts)
            if decision is Decision.SPLIT:
                return None
            active = self.chunks.start(chunk, page, counts)
        self.came += part
        offset += self.size
        following = Request("POST", "http://localhost/search", {}, (offset, chunk.interval))
        has_next = bool(page.links)
        if has_next and active is not None and self.chunks.advance(active, page, following):
            has_next = False
        if has_next:
            return chunk, offset, active
        if active is not None:
            self.chunks.end(active)
        return None


def instants(times):
    return [(t, t, i) for i, t in enumerate(times)]


def spread(number, seed=1):
    rng = random.Random(seed)
    return [rng.randint(*YEARS) for _ in range(number)]


def skewed(number, seed=1):
    width = (YEARS.end - YEARS.start) // 100
    rng = random.Random(seed)
    crowd = [YEARS.start + 37 * width + rng.randint(0, width) for _ in range(number - number // 10)]
    return spread(number // 10, seed) + crowd


def bursts(number, seed=1):
    """Give times as satellites have them: 48 scenes within a quarter of an hour, and then nothing for a while."""
    rng = random.Random(seed)
    starts = [rng.randint(*YEARS) for _ in range(math.ceil(number / 48))]
    return [start + rng.randint(0, 900 * SECOND) for start in starts for _ in range(48)][:number]


def newest_first(times):
    return sorted(instants(times), reverse=True)


moments = st.integers(YEARS.start - 400 * DAY, YEARS.end + 400 * DAY).map(lambda t: t // MILLISECOND * MILLISECOND)
crowds = st.lists(st.tuples(moments, st.integers(1, 150), st.sampled_from([0, MILLISECOND, SECOND, DAY])), max_size=6)
lasting = st.sampled_from([0, 0, 0, SECOND, 30 * DAY, 2000 * DAY])
orders = st.sampled_from(["oldest", "newest", "none", "nearly"])


@settings(max_examples=300, deadline=None)
@given(
    crowds=crowds,
    singles=st.lists(st.tuples(moments, lasting), max_size=60),
    search=st.one_of(st.just(UNBOUNDED), st.tuples(moments, moments).map(lambda t: Interval(*sorted(t)))),
    lying=st.tuples(moments, moments).map(sorted),
    sizes=st.tuples(st.integers(2, 20), st.integers(1, 30)),
    order=orders,
    ignores=st.booleans(),
    seed=st.integers(0, 5),
    refuses=st.sampled_from([0.0, 0.5]),
)
def test_every_item_comes(crowds, singles, search, lying, sizes, order, ignores, seed, refuses):  # noqa: PLR0917 - as given
    """Whatever the distribution, the order of the pages and of the answers, no item that matches is lost.

    Nor is one where requests for splits are refused, and some of the splits cancelled.
    """
    items = [(at, at + lasts, str(i)) for i, (at, lasts) in enumerate(singles)]
    items += [(at + i * step, at + i * step, f"{at}/{i}") for at, n, step in crowds for i in range(n)]
    items = sorted({item[2]: item for item in items}.values(), reverse=order == "newest")
    if order == "none":
        random.Random(seed).shuffle(items)
    elif order == "nearly" and items:
        items.append(items.pop(seed % len(items)))
    server = Server(items, ignores_datetime=ignores)
    workers, page = sizes
    run = Run(server, workers=workers, page=page, known=lying, search=search, seed=seed, refuses=refuses)
    run.read_all()
    assert {i[2] for i in run.came} == {i[2] for i in server.search(search)}


@pytest.mark.slow
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("times", "most"), [(spread, 6), (bursts, 7), (skewed, 8)])
@pytest.mark.parametrize("seed", range(4))
def test_workers_end_together(times, most, reverse, seed):
    """10,000 items on 100 pages take 20 workers few rounds of requests: 5 is the least, however they are planned."""
    run = Run(Server(sorted(instants(times(10_000, seed)), reverse=reverse)), workers=20, page=PAGE, seed=seed)
    run.read_all()
    assert len({i[2] for i in run.came}) == 10_000
    assert run.rounds <= most
    assert run.requests <= 140
    assert run.summary.notes == []


def test_an_even_collection_costs_hardly_more_than_its_pages():
    """Spread evenly, 10,000 items need little stealing, and no page is dropped."""
    run = Run(Server(newest_first(spread(10_000))), workers=20, page=PAGE).read_all()
    assert len(run.came) < 10_500
    assert run.requests <= 125


def test_many_items_at_one_instant():
    """Five hundred ties can't be shared: little is spent on trying, and the others come meanwhile."""
    tie = YEARS.start + 200 * DAY
    run = Run(Server(newest_first(spread(1_000) + [tie] * 500)), workers=10, page=PAGE).read_all()
    assert len({i[2] for i in run.came}) == 1_500
    assert run.requests <= 50


def test_a_crowd_that_is_all_there_is():
    """Where all items share one instant, one cursor reads them and nobody steals."""
    run = Run(Server(newest_first([YEARS.start + 200 * DAY] * 3_000)), workers=10, page=PAGE).read_all()
    assert len(run.came) == 3_000
    assert run.steals == 0
    assert run.requests <= 30 + 10 + 5


@pytest.mark.parametrize("far", [EARLIEST, LATEST - DAY])
def test_an_extent_that_lies(far):
    """Items at the other end of time are found in a few steps."""
    run = Run(Server(newest_first([far + i * SECOND for i in range(2_000)])), workers=10, page=PAGE).read_all()
    assert len({i[2] for i in run.came}) == 2_000
    assert run.requests <= 20 + 60


def test_pages_without_order_are_not_shared():
    """Where pages come in no order of time, heavy chunks are cut as they were before, and nothing is stolen."""
    items = instants(skewed(5_000))
    random.Random(3).shuffle(items)
    run = Run(Server(items), workers=20, page=PAGE).read_all()
    assert {i[2] for i in run.came} == set(range(5_000))
    assert run.steals == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [12_000, 25_000])
def test_a_count_that_is_a_cap_hides_no_loss(number):
    """Where the server counts to 10,000 only, the sums of parts still tell that an item came out of order."""
    for index in range(0, number, number // 12):
        items = newest_first([YEARS.start + i * SECOND for i in range(number)])
        late = items.pop(index)
        server = Server([*items, late], cap=10_000)
        run = Run(server, workers=20, page=1_000).read_all()
        assert len({i[2] for i in run.came}) == number


def test_a_server_that_ignores_datetime():
    """When a part holds as much as the whole, one cursor reads it, and the readers of parts end."""
    run = Run(Server(newest_first(spread(5_000)), ignores_datetime=True), workers=20, page=PAGE).read_all()
    assert len({i[2] for i in run.came}) == 5_000
    assert run.requests <= 50 + 20 + 20
    assert any("ignores `datetime`" in note for note in run.summary.notes)


def test_items_that_last_longer_than_a_part():
    """Where parts of a part hold most of it again, stealing ends before it costs more than it gains."""
    items = [(t, t + 20 * DAY, i) for i, t in enumerate(spread(8_000))]
    run = Run(Server(sorted(items, reverse=True), writes_start=True), workers=20, page=PAGE).read_all()
    assert len({i[2] for i in run.came}) == 8_000
    assert run.requests <= 130


def test_what_was_left_out_is_read_and_said():
    """An item behind the page where a reader stopped is read in the end, and a note says why."""
    runs = []
    for index in range(0, 4_000, 100):
        items = newest_first(skewed(4_000))
        late = items.pop(index)  # newest first, but for this one, which comes last
        runs.append(Run(Server([*items, late]), workers=8, page=PAGE).read_all())
    assert all(len({i[2] for i in run.came}) == 4_000 for run in runs)
    assert any("another order of time" in note for run in runs for note in run.summary.notes)


def test_a_split_that_fails_costs_nothing_but_requests():
    """What a worker never delivered of a split is read by its donor."""
    run = Run(Server(newest_first(spread(3_000))), workers=6, page=PAGE)
    answer, lost = run.answer, []

    def failing(chunk, offset, active, queue):
        if isinstance(chunk, Chunk) and chunk.is_split and not lost:
            lost.append(chunk)
            return None
        return answer(chunk, offset, active, queue)

    run.answer = failing
    run.read_all()
    assert lost
    assert len({i[2] for i in run.came}) == 3_000


def reading():
    """Begin to read a chunk of many pages; return the chunks, this one, what takes its next page, and how many."""
    run = Run(Server(newest_first(spread(9_000))), workers=2, page=PAGE)
    run.chunks = asyncio.run(run.planner.chunks(0.0))
    chunk = run.chunks.first[1]
    page, counts, _ = run.server.page(chunk.interval, 0, PAGE)
    active = run.chunks.start(chunk, page, counts)
    following = Request("POST", "http://localhost/search", {}, None)
    pages = iter([run.server.page(chunk.interval, at, PAGE)[0] for at in range(0, counts.matched, PAGE)])
    return run.chunks, active, lambda: run.chunks.advance(active, next(pages), following), counts.matched // PAGE


def test_splits_are_cancelled():
    """A chunk is read to its own end once all its splits are cancelled, the latest first, each once."""
    chunks, active, stops, pages = reading()
    end = active.edge
    assert not stops()
    earlier, later = chunks.steal(2), chunks.steal(1)
    assert not chunks.cancel_split(earlier)
    assert chunks.cancel_split(later)
    assert chunks.cancel_split(earlier)
    assert not chunks.cancel_split(earlier)
    assert active.edge == end
    assert not any(stops() for _ in range(pages - 1))


def test_a_split_that_its_donor_has_reached_stays():
    """Once a reader stopped at a split, the split stays with the worker that took it."""
    chunks, _, stops, pages = reading()
    assert not stops()
    stolen = chunks.steal(1)
    assert any(stops() for _ in range(pages - 1))
    assert not chunks.cancel_split(stolen)


def test_a_part_that_failed_is_no_reason_to_read_again():
    """When a chunk fails for good, what it leaves out doesn't make other readers resume."""
    run = Run(Server(newest_first(bursts(10_000))), workers=20, page=PAGE)
    answer = run.answer

    def failing(chunk, offset, active, queue):
        if chunk.interval.start is None:
            run.summary.failures = 1
            return None
        return answer(chunk, offset, active, queue)

    run.answer = failing
    run.read_all()
    assert 9_000 < len(set(run.came)) < 10_000
    assert run.requests <= 110
    assert run.summary.notes == []
