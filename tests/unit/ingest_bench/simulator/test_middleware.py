"""The behaviours of the simulated server, and what it records, against closed forms."""

import asyncio
import math
import statistics
import time
from email.utils import parsedate_to_datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from ingest_bench.simulator import metrics
from ingest_bench.simulator.metrics import MetricsWindow
from ingest_bench.simulator.middleware import THINK_HEADER, RateLimit, ThinkTime, compose, middleware
from ingest_bench.simulator.options import Options

REQUEST = make_mocked_request("GET", "/")


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


async def plain(_request, _visit):
    """NextHandler."""
    return web.Response(text="here")


@given(
    rate=st.sampled_from([0.5, 1.0, 4.0, 16.0]),
    burst=st.integers(1, 40),
    gaps=st.lists(st.sampled_from([0.0, 0.0625, 0.25, 1.0, 8.0]), min_size=1, max_size=80),
)
def test_a_token_bucket_lets_through_what_the_closed_form_says(rate, burst, gaps):
    """A request is let through exactly when no span of time up to it would hold more than burst + rate x span."""
    clock = Clock()
    bucket = RateLimit(rate, burst, clock=clock)
    through = []
    for gap in gaps:
        clock.now += gap
        most = all(
            sum(t >= begin for t in through) + 1 <= burst + rate * (clock.now - begin)
            for begin in [*through, clock.now]
        )
        wait = bucket.wait()
        assert (wait == 0) == most
        if wait == 0:
            through.append(clock.now)
        else:
            assert 0 < wait <= 1 / rate


async def test_a_refusal_says_when_to_come_back():
    """A 429 carries Retry-After in whole seconds rounded up, at least one, and after that time there is a token."""
    clock = Clock()
    for rate, seconds in ((20, 1), (0.3, 4)):
        bucket = RateLimit(rate, 1, clock=clock)
        timing = MetricsWindow(0).arrive()
        assert (await bucket(REQUEST, timing, plain)).status == 200
        refusal = await bucket(REQUEST, timing, plain)
        assert (refusal.status, refusal.headers["Retry-After"]) == (429, str(seconds))
        clock.now += seconds
        assert (await bucket(REQUEST, timing, plain)).status == 200


async def test_a_refusal_can_name_a_date():
    """The date in Retry-After is not before there is a token again."""
    bucket = RateLimit(0.1, 1, "date", clock=Clock())
    timing = MetricsWindow(0).arrive()
    await bucket(REQUEST, timing, plain)
    before = time.time()
    refusal = await bucket(REQUEST, timing, plain)
    assert (
        before + 10 <= parsedate_to_datetime(refusal.headers["Retry-After"]).timestamp() <= math.ceil(time.time() + 10)
    )


def test_a_reset_fills_the_bucket():
    """Every sample meets a full bucket."""
    bucket = RateLimit(0.001, 2)
    assert [bucket.wait() == 0 for _ in range(3)] == [True, True, False]
    bucket.reset()
    assert [bucket.wait() == 0 for _ in range(3)] == [True, True, False]


def test_think_times_have_the_mean_and_spread_asked_for():
    """Drawn think times have mean and standard deviation as set (4 standard errors), and none is negative."""
    think = ThinkTime(50, 5, seed=7)
    draws = [think.draw() for _ in range(4000)]
    assert statistics.fmean(draws) == pytest.approx(50, abs=4 * 5 / math.sqrt(4000))
    assert statistics.stdev(draws) == pytest.approx(5, abs=4 * 5 / math.sqrt(8000))
    assert min(ThinkTime(1, 5, seed=7).draw() for _ in range(1)) >= 0
    wide = ThinkTime(1, 5, seed=7)
    assert min(wide.draw() for _ in range(1000)) == 0


def test_think_times_repeat_after_a_reset():
    """Both sides of a pair meet the same sequence of think times, and another seed gives another."""
    think = ThinkTime(50, 5, seed=7)
    first = [think.draw() for _ in range(10)]
    think.reset()
    assert [think.draw() for _ in range(10)] == first
    other = ThinkTime(50, 5, seed=8)
    assert [other.draw() for _ in range(10)] != first


async def test_the_think_time_is_slept_and_said():
    """The answer carries the think time asked for and the one slept, which is never the shorter one."""
    timing = MetricsWindow(2).arrive()
    response = await ThinkTime(2, 0, seed=1)(REQUEST, timing, plain)
    said = dict(part.split("=") for part in response.headers[THINK_HEADER].split(", "))
    assert float(said["asked"]) == timing.requested_ms == 2
    assert float(said["achieved"]) == pytest.approx(timing.achieved_ms, abs=0.001)
    assert timing.achieved_ms >= 2


async def test_behaviours_are_chained_outermost_first(tmp_path):
    """The rate limit stands before the think time: a refused request is refused at once."""
    chain = middleware(Options(tmp_path, think_ms=1, rate=0.001, burst=1))
    assert [type(link) for link in chain] == [RateLimit, ThinkTime]
    answer = compose(chain, plain)
    visits = [MetricsWindow(1).arrive() for _ in range(2)]
    assert [(await answer(REQUEST, timing)).status for timing in visits] == [200, 429]
    assert [timing.requested_ms for timing in visits] == [1, None]
    assert middleware(Options(tmp_path)) == []


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(metrics.time, "perf_counter", clock)
    return clock


async def test_the_record_adds_up(clock):
    """Counts, response times, the time average in flight and Little's ratio are those of a hand-made history."""
    seen = MetricsWindow(50)
    clock.now = 100.0
    first = seen.arrive()
    clock.now = 101.0
    second = seen.arrive()
    first.requested_ms, first.achieved_ms, first.status = 900.0, 950.0, 200
    clock.now = 103.0
    seen.depart(first)
    second.status = 429
    clock.now = 105.0
    seen.depart(second)
    clock.now = 500.0
    record = seen.record()
    assert (record.requests, record.rate_limited, record.in_flight_peak) == (2, 1, 2)
    assert (record.think_ms_asked, record.think_ms_achieved) == (900, 950)
    assert record.window_s == 5
    assert record.in_flight_mean == pytest.approx((3 + 4) / 5)
    assert record.response_ms_mean == record.response_ms_p50 == 3500
    assert record.response_ms_p95 == pytest.approx(3950)
    assert record.little_ratio == pytest.approx(1)


async def test_a_lost_departure_breaks_littles_law(clock):
    """A request that is never seen to leave is in flight all the time, and has no response time: the ratio is off."""
    seen = MetricsWindow(0)
    seen.arrive()
    for _ in range(4):
        timing = seen.arrive()
        clock.now += 1
        seen.depart(timing)
    # Two in flight on average, where five requests in four seconds of a second each make 1.25.
    assert seen.record().little_ratio == pytest.approx(2 / 1.25)


async def test_late_departures_belong_to_the_window_they_arrived_in(clock):
    """A request that outlives a reset doesn't show in the window after it."""
    old, new = MetricsWindow(0), MetricsWindow(0)
    timing = old.arrive()
    clock.now = 1.0
    timing.window.depart(timing)
    assert (old.record().requests, new.record().requests) == (1, 0)
    assert new.record().in_flight_mean == 0


async def test_an_empty_window_has_a_record():
    """Before the first request there is nothing to divide by."""
    record = MetricsWindow(50).record()
    assert (record.requests, record.window_s, record.little_ratio, record.think_ms_asked) == (0, 0, 1, 50)


async def test_settling_waits_for_requests_under_way_but_not_for_ever():
    """Settling returns at once when nothing is in flight, after the time-out while something is, and at a departure."""
    seen = MetricsWindow(0)
    async with asyncio.timeout(60):
        await seen.settle(600)
        timing = seen.arrive()
        waiting = asyncio.create_task(seen.settle(600))
        await seen.settle(0.01)
        assert not waiting.done()
        assert seen.record().response_ms_mean == 0
        seen.depart(timing)
        await waiting
    assert seen.record().response_ms_mean > 0
