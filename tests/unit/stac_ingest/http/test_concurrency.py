"""The search for the best number of requests at once, against servers whose best number is known."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.http.concurrency import INITIAL, ConcurrencyLimit

Latency = Callable[[int], float]


def run(
    control: ConcurrencyLimit,
    latency: Latency,
    answers: int,
    *,
    seed: int = 0,
    refused: Callable[[int], bool] | None = None,
    busy: float = 0.0,
) -> float:
    """Ask a server in virtual time, as many requests at once as the limit says; return the seconds that it took.

    `busy` is the share of the time in which the client computes.
    """
    chance, now, flying, done = random.Random(seed), 0.0, list[tuple[float, int, float, bool]](), 0
    number = 0
    while done < answers:
        while len(flying) < control.limit:
            control.started(now, busy * now, len(flying) + 1)
            bad = refused is not None and refused(len(flying) + 1)
            seconds = 0.002 if bad else latency(len(flying) + 1) * chance.uniform(0.9, 1.1)
            heapq.heappush(flying, (now + seconds, number, now, bad))
            number += 1
        now, _, started, bad = heapq.heappop(flying)
        if bad:
            control.failed(now, started)
        else:
            control.succeeded(now, busy * now, started)
            done += 1
    return now


def slots(places: int, seconds: float = 0.05) -> Latency:
    """Describe a server that works on so many requests at once and lets the others wait."""
    return lambda in_flight: seconds * max(1.0, in_flight / places)


def thrashing(places: int) -> Latency:
    """Describe a server that gets slower than it must when asked too much at once."""
    return lambda in_flight: 0.05 * max(1.0, (in_flight / places) ** 1.5)


def closed_system(control: ConcurrencyLimit, think: float, service: float, places: int, answers: int) -> float:
    """Ask a server that thinks, then serves so many at once, first come, first served; return the last half's rate.

    Times are virtual, in seconds. `control` begins with the response time of a request that met no other.
    """
    control.started(0.0, 0.0, 1)
    now = think + service
    control.succeeded(now, 0.0, 0.0)
    control.begin(0.002)
    free, flying, halfway = [now] * places, list[tuple[float, int, float]](), 0.0
    for number in range(answers):
        while len(flying) < control.limit:
            control.started(now, 0.0, len(flying) + 1)
            done = max(now + think, heapq.heappop(free)) + service
            heapq.heappush(free, done)
            heapq.heappush(flying, (done, number, now))
        now, _, started = heapq.heappop(flying)
        control.succeeded(now, 0.0, started)
        halfway = now if number == answers // 2 else halfway
    return (answers - answers // 2 - 1) / (now - halfway)


@settings(max_examples=60, deadline=None)
@given(
    think=st.floats(0.0, 0.5),
    service=st.floats(0.001, 0.2),
    places=st.integers(1, 80),
    most=st.integers(1, 50),
)
def test_a_closed_system_is_used_as_well_as_it_can_be(think: float, service: float, places: int, most: int) -> None:
    """Whatever the times and places, throughput settles within a tenth of what the closed form says is possible."""
    reached = closed_system(ConcurrencyLimit(most), think, service, places, 4_000)
    assert reached >= 0.9 * min(most / (think + service), places / service)


@pytest.mark.parametrize(
    ("think", "service", "places"), [(0.02, 0.02, 4), (0.0, 0.05, 8), (0.1, 0.01, 2), (0.05, 0.2, 5)]
)
def test_a_closed_system_is_not_asked_far_beyond_its_knee(think: float, service: float, places: int) -> None:
    """Beyond c (1 + L / S) requests only wait for each other, so the limit ends there, but for a short queue."""
    control = ConcurrencyLimit(50)
    closed_system(control, think, service, places, 4_000)
    knee = places * (1 + think / service)
    assert control.limit <= 1.3 * (knee + math.sqrt(knee)) + 1


@pytest.mark.parametrize(
    ("response", "first"), [(0.0005, 2), (0.0015, 2), (0.009, 5), (0.021, 11), (0.052, 20), (0.09, 23), (0.2, 50)]
)
def test_the_first_limit_keeps_this_process_busy(response: float, first: int) -> None:
    """Where a response costs this process 2 ms, the first limit is how many fit into one's time, up to a measure."""
    control = ConcurrencyLimit(50)
    control.started(0.0, 0.0, 1)
    control.succeeded(response, 0.0, 0.0)
    control.begin(0.002)
    assert control.limit == control.highest == first


def test_the_first_page_may_take_longer_than_what_came_before() -> None:
    """A landing page from a cache says little of a search, so the first response that is wanted raises the limit."""
    control = ConcurrencyLimit(50)
    control.started(0.0, 0.0, 1)
    control.succeeded(0.001, 0.0, 0.0)
    control.begin(0.002)
    assert control.limit == 2
    control.started(0.1, 0.0, 1)
    control.succeeded(0.14, 0.0, 0.1)
    assert control.limit == 20


def test_what_was_refused_before_the_first_page_stays_refused() -> None:
    """A server that refuses one of the first requests is not asked more at once since the others took long."""
    control = ConcurrencyLimit(50)
    control.started(0.0, 0.0, 1)
    control.failed(0.1, started_at=0.0)
    halved = control.limit
    control.started(0.1, 0.0, 1)
    control.succeeded(0.6, 0.0, 0.1)
    control.begin(0.002)
    assert control.limit == halved < 20


def test_steps_that_pay_follow_each_other() -> None:
    """Where times vary too much to see that nobody waits, the limit still comes to the most that pays in a long run."""
    control, chance = ConcurrencyLimit(50), random.Random(1)
    run(control, lambda _: 0.05 * chance.lognormvariate(0.0, 0.7), 4_000)
    assert control.highest == 50
    assert control.limit >= 35


@pytest.mark.parametrize("places", [1, 4, 8, 12, 20, 30, 50, 200])
def test_the_knee_is_found(places: int) -> None:
    """Over a long run the throughput is within a tenth of the best fixed limit's, wherever the knee is."""
    found = run(ConcurrencyLimit(50), slots(places), 5_000)
    best = 5_000 * 0.05 / min(places, 50)
    assert found < best / 0.9


@pytest.mark.parametrize("places", [4, 10, 25])
def test_the_limit_ends_at_the_knee(places: int) -> None:
    """Below the knee throughput is lost and beyond it nothing is gained, so the limit ends near it."""
    control = ConcurrencyLimit(50)
    run(control, slots(places), 5_000)
    assert 0.7 * places <= control.limit <= 1.3 * places


def test_a_server_that_suffers_is_spared() -> None:
    """Where asking more makes all slower, the limit comes down to what the server bears, and no further."""
    control = ConcurrencyLimit(50)
    seconds = run(control, thrashing(10), 5_000)
    assert 8 <= control.limit <= 15
    assert seconds < 5_000 * 0.05 / 10 / 0.85


def test_refusals_lower_the_limit_and_never_count_as_fast() -> None:
    """A server that refuses more than 16 requests at once is asked about as many, though its refusals come fast."""
    control = ConcurrencyLimit(50)
    run(control, slots(100), 3_000, refused=lambda in_flight: in_flight > 16)
    assert 8 <= control.limit <= 16


def test_failures_that_came_together_count_once() -> None:
    """Twenty requests that were in flight together and all failed halve the limit once."""
    control = ConcurrencyLimit(50)
    control.limit = 20
    for _ in range(20):
        control.failed(10.0, started_at=9.9)
    assert control.limit == 10


def test_a_limit_that_was_not_used_says_nothing() -> None:
    """With fewer requests than allowed there is nothing to learn, so the limit stays where it is."""
    control, now = ConcurrencyLimit(50), 0.0
    for _ in range(200):
        control.started(now, 0.0, 1)
        now += 0.05
        control.succeeded(now, 0.0, now - 0.05)
    assert control.limit == control.highest == INITIAL


@pytest.mark.parametrize(("busy", "doubles"), [(0.5, True), (0.95, False)])
def test_a_client_that_only_computes_asks_no_more(busy: float, doubles: bool) -> None:
    """Where this process is what all wait for, answers that come sooner would wait for it: the limit isn't doubled."""
    control = ConcurrencyLimit(50)
    run(control, slots(200), 200, busy=busy)
    assert (control.highest >= 40) is doubles


@settings(max_examples=60, deadline=None)
@given(most=st.integers(1, 50), places=st.integers(1, 60), seed=st.integers(0, 999), limit=st.integers(1, 60))
def test_the_limit_stays_within_its_bounds(most: int, places: int, seed: int, limit: int) -> None:
    """Whatever a server does, there is at least one request at once, and never more than allowed."""
    control = ConcurrencyLimit(most)
    run(control, thrashing(places), 400, seed=seed, refused=lambda in_flight: in_flight > limit)
    assert 1 <= control.limit <= control.highest <= most
    assert math.isfinite(control.limit)
