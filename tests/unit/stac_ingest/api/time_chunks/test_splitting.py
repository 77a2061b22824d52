"""Cutting a search by time: nothing may be lost, and little may be wasted."""

from __future__ import annotations

import math
import random
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.api.intervals import DAY, EARLIEST, LATEST, MILLISECOND, SECOND, UNBOUNDED, Interval, parse_interval
from stac_ingest.api.time_chunks.page_order import INSTANTS, Lasting
from stac_ingest.api.time_chunks.splitting import Decision, Plan

YEARS = parse_interval("2020/2023")
PAGE = 100


class Model:
    """A server in memory: closed intervals, matching on intersection, sorted by start one way or the other."""

    def __init__(self, items, *, descending=False, ignores_datetime=False):
        self.items = sorted(items, reverse=descending)
        self.ignores = ignores_datetime

    def search(self, interval):
        if self.ignores:
            return self.items
        return [i for i in self.items if _touches(i, interval)]


def _touches(item, interval):
    start, end = interval
    return (start is None or item[1] >= start) and (end is None or item[0] <= end)


def durations_of(found):
    """Tell how long the items of a page last."""
    if not any(end > start for start, end, _ in found):
        return INSTANTS
    starts = [start for start, _, _ in found]
    return Lasting(sum(end - start for start, end, _ in found) / len(found), (max(starts) - min(starts)) / len(found))


def walk(model, plan, *, page=PAGE):
    """Read all chunks as workers would that steal nothing; return the items, the requests, and the chunks read."""
    queue, came, requests, walked = deque(plan.first), [], 0, []
    while queue:
        chunk = queue.popleft()
        if chunk.abandoned:
            continue
        found = model.search(chunk.interval)
        requests += 1
        starts = {start for start, _, _ in found[:page]}
        decision, parts = plan.judge(
            chunk, len(found), tie=starts.pop() if len(starts) == 1 else None, lasts=durations_of(found[:page])
        )
        queue.extend(parts)
        if decision is Decision.READ:
            requests += max(0, math.ceil(len(found) / page) - 1)
            came += found
            walked.append(chunk)
    return came, requests, walked


def instants(times):
    return [(t, t, i) for i, t in enumerate(times)]


def known(interval=YEARS):
    return interval.start, interval.end


def spread(number, seed=1):
    rng = random.Random(seed)
    return [rng.randint(*known()) for _ in range(number)]


def skewed(number, seed=1):
    rng = random.Random(seed)
    width = (YEARS.end - YEARS.start) // 100
    at = YEARS.start + 37 * width
    return spread(number // 10, seed) + [at + rng.randint(0, width) for _ in range(number - number // 10)]


moments = st.integers(YEARS.start - 400 * DAY, YEARS.end + 400 * DAY)
crowds = st.lists(st.tuples(moments, st.integers(1, 120), st.sampled_from([0, MILLISECOND, SECOND, DAY])), max_size=6)
durations = st.sampled_from([0, 0, 0, SECOND, 30 * DAY, 2000 * DAY])


@given(
    crowds=crowds,
    singles=st.lists(st.tuples(moments, durations), max_size=60),
    search=st.one_of(st.just(UNBOUNDED), st.tuples(moments, moments).map(lambda t: Interval(*sorted(t)))),
    lying=st.tuples(moments, moments).map(sorted),
    sizes=st.tuples(st.integers(1, 30), st.integers(1, 40)),
    flags=st.tuples(st.booleans(), st.booleans()),
)
def test_every_item_comes(crowds, singles, search, lying, sizes, flags):  # noqa: PLR0917 - as given
    """Whatever the distribution, the extent claimed and the page size, no item that matches the search is lost."""
    workers, page = sizes
    descending, ignores = flags
    items = [(at, at + lasts, i) for i, (at, lasts) in enumerate(singles)]
    items += [(at + i * step, at + i * step, ("c", at, i)) for at, n, step in crowds for i in range(n)]
    items = list({item[2]: item for item in items}.values())
    model = Model([(a, b, str(k)) for a, b, k in items], descending=descending, ignores_datetime=ignores)
    expected = model.search(search)
    plan = Plan(search, tuple(lying), total=len(expected), page=page, workers=workers)
    budget = plan.cuts_left
    came, requests, walked = walk(model, plan, page=page)
    assert {i[2] for i in came} == {i[2] for i in expected}
    assert plan.cuts_left >= 0
    partial = len(plan.first) + budget + 2 * len(walked)
    assert requests <= partial + math.ceil(len(came) / page)


@pytest.mark.parametrize("workers", [5, 10, 20])
def test_an_even_collection_costs_hardly_more_than_its_pages(workers):
    """Spread evenly, 10,000 items are walked by one chunk a worker, with no planning at all."""
    model = Model(instants(spread(10_000)))
    plan = Plan(UNBOUNDED, known(), total=10_000, page=PAGE, workers=workers)
    came, requests, walked = walk(model, plan)
    assert len(came) == 10_000
    assert len(walked) == workers
    assert requests <= 100 + workers


@pytest.mark.parametrize("seed", range(5))
def test_a_skewed_collection_is_cut_in_a_few_steps(seed):
    """With 90% of the items in 1% of the time, cutting alone, without stealing, costs no more than the pages again."""
    model = Model(instants(skewed(10_000, seed)))
    plan = Plan(UNBOUNDED, known(), total=10_000, page=PAGE, workers=20)
    came, requests, walked = walk(model, plan)
    assert len({i[2] for i in came}) == 10_000
    assert requests <= 2 * 100
    assert max(len(model.search(c.interval)) for c in walked) <= 1_000


def test_many_items_at_one_instant():
    """Five hundred ties in the middle of others are read by one cursor, and the others as ever."""
    tie = YEARS.start + 200 * DAY
    model = Model(instants(spread(1_000) + [tie] * 500))
    plan = Plan(UNBOUNDED, known(), total=1_500, page=PAGE, workers=10)
    came, requests, _ = walk(model, plan)
    assert len({i[2] for i in came}) == 1_500
    assert requests <= 60


def test_all_items_at_one_instant():
    """Where nothing can be cut, little is tried before one cursor reads all, and a note says so."""
    tie = YEARS.start + 200 * DAY + 7 * SECOND
    model = Model(instants([tie] * 5_000))
    plan = Plan(UNBOUNDED, known(), total=5_000, page=PAGE, workers=20)
    came, requests, _ = walk(model, plan)
    assert len(came) == 5_000
    assert requests <= 50 + 20 + 5
    assert any("share the instant" in note for note in plan.notes)


def test_a_server_that_ignores_datetime():
    """When each part holds as much as the whole, cutting is given up after the second part."""
    model = Model(instants(spread(5_000)), ignores_datetime=True)
    plan = Plan(UNBOUNDED, known(), total=5_000, page=PAGE, workers=20)
    came, requests, _ = walk(model, plan)
    assert len(came) == 5_000
    assert requests <= 50 + 3
    assert any("ignores `datetime`" in note for note in plan.notes)


def test_items_that_last_as_long_as_the_collection():
    """Items that touch every chunk are not fetched with every chunk."""
    model = Model([(YEARS.start, YEARS.end, i) for i in range(3_000)])
    plan = Plan(UNBOUNDED, known(), total=3_000, page=PAGE, workers=10)
    came, requests, _ = walk(model, plan)
    assert len({i[2] for i in came}) == 3_000
    assert requests <= 30 + 3


YEAR = 365 * DAY
LASTING = {
    "years": [YEAR],
    "instants and years": [0, YEAR],
    "quarters": [YEAR // 4],
    "weeks": [7 * DAY],
    "eras": [9 * YEAR],
}


@pytest.mark.parametrize("workers", [4, 10, 20])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("name", LASTING)
def test_items_that_last_are_cut_no_finer_than_it_pays(name, workers, descending):
    """Ten thousand items over ten years: whatever they last, hardly more than half as many pages again are read."""
    start = parse_interval("2010").start
    lasts = LASTING[name]
    items = [
        (at, at + lasts[i % len(lasts)], i)
        for i, at in enumerate(start + 10 * YEAR * n // 10_000 for n in range(10_000))
    ]
    model = Model(items, descending=descending)
    plan = Plan(UNBOUNDED, (start, start + 11 * YEAR), total=10_000, page=PAGE, workers=workers)
    came, requests, _ = walk(model, plan)
    assert len({i[2] for i in came}) == 10_000
    assert requests <= 100 * 1.3 + 2 * workers + 10


@pytest.mark.parametrize("far", [EARLIEST, LATEST - DAY])
def test_an_extent_that_lies(far):
    """Items at the other end of time are found in a few steps, by cutting alone."""
    model = Model(instants([far + i * SECOND for i in range(2_000)]))
    plan = Plan(UNBOUNDED, known(), total=2_000, page=PAGE, workers=10)
    came, requests, _ = walk(model, plan)
    assert len({i[2] for i in came}) == 2_000
    assert requests <= 20 + 80


def test_the_users_interval_is_kept():
    """Chunks lie within the interval asked for, and its own ends stand as they were."""
    asked = parse_interval("2021/..")
    plan = Plan(asked, (asked.start, YEARS.end), total=5_000, page=PAGE, workers=10)
    assert plan.first[0].interval.start == asked.start
    assert plan.first[-1].interval.end is None
    for chunk, following in zip(plan.first, plan.first[1:], strict=False):
        assert chunk.interval.end == following.interval.start


def test_one_page_is_one_request():
    """A search that fits a page is not cut."""
    plan = Plan(UNBOUNDED, known(), total=100, page=PAGE, workers=20)
    assert [chunk.interval for chunk in plan.first] == [UNBOUNDED]


def test_giving_up_is_done_once():
    """Whatever ends the cutting, the whole is put on the list one time."""
    plan = Plan(UNBOUNDED, known(), total=5_000, page=PAGE, workers=10)
    assert [c.interval for c in plan.give_up("no counts")] == [UNBOUNDED]
    assert plan.give_up("no counts") == []
    assert all(chunk.abandoned for chunk in plan.first)
