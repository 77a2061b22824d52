"""The event simulation against the closed forms, which it knows nothing of."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_bench.calibration.closed_forms import Bucket, Law, Station, limited_seconds, removal_gain, throughput
from ingest_bench.calibration.event_simulation import run_seconds

times = st.integers(1, 100).map(lambda ms: ms / 1000)
systems = st.lists(st.tuples(times, st.none() | st.integers(1, 8)), min_size=1, max_size=4).map(
    lambda found: [Station(f"stage {place}", *each) for place, each in enumerate(found)]
)


def filling_and_emptying(stations: list[Station], workers: int) -> float:
    """Bound the seconds that a run takes on top of units / throughput."""
    filling = sum(each.seconds * math.ceil(workers / each.servers) for each in stations if each.servers)
    return sum(each.seconds for each in stations) + filling


@settings(max_examples=100)
@given(systems, st.integers(1, 20), st.integers(1, 300))
def test_a_loop_is_as_fast_as_its_closed_form(stations: list[Station], workers: int, units: int) -> None:
    """A run takes units / X(N), and on top of it no more than filling and emptying the stations does."""
    seconds = run_seconds(stations, workers, units)
    bound = units / throughput(stations, workers)
    assert bound - 1e-9 <= seconds <= bound + filling_and_emptying(stations, workers) + 1e-9


@pytest.mark.parametrize(("workers", "rate"), [(1, 20), (4, 80), (6, 120), (12, 120)])
def test_delay_and_slots_have_a_knee(workers: int, rate: float) -> None:
    """With a delay of 25 ms and 3 slots of 25 ms, X(n) = min(n / 50 ms, 3 / 25 ms)."""
    stations = [Station("delay", 0.025), Station("slots", 0.025, 3)]
    assert throughput(stations, workers) == pytest.approx(rate)
    assert 6000 / run_seconds(stations, workers, 6000) == pytest.approx(rate, rel=0.01)


def test_a_delay_alone_has_no_bound() -> None:
    """Throughput of a delay grows with the workers without end."""
    delay = [Station("delay", 0.05)]
    assert throughput(delay, 1_000_000) == pytest.approx(20_000_000)
    assert run_seconds(delay, 10, 100) == pytest.approx(0.5)


@settings(max_examples=100)
@given(times, st.integers(1, 20), st.integers(1, 200), st.floats(1, 200), st.integers(1, 30))
def test_a_token_bucket_caps_the_rate(delay: float, workers: int, units: int, rate: float, burst: int) -> None:
    """A run takes the longer of both terms, and on top of it at most the tokens that all workers begin with."""
    bucket = Bucket(rate, burst)
    seconds = run_seconds([Station("delay", delay)], workers, units, bucket)
    bound = limited_seconds(units, delay, workers, bucket)
    assert bound - 1e-9 <= seconds <= bound + workers / rate + delay


def test_removing_a_stage_follows_amdahl() -> None:
    """With one worker the gain is 1 / (1 - share); with many it ends at what the other stages allow."""
    stations = [Station("server", 0.060), Station("parse", 0.020, 1), Station("output", 0.020, 1)]
    assert removal_gain(stations, "server", 1) == pytest.approx(1 / (1 - 0.6))
    assert removal_gain(stations, "server", 10) == pytest.approx(1)
    assert removal_gain(stations, "parse", 1) == pytest.approx(1 / (1 - 0.2))


def test_the_law_peaks_where_it_says() -> None:
    """No number of workers has a higher throughput than the peak's."""
    law = Law(100, 0.05, 0.001)
    best = max((law.throughput(workers / 10), workers / 10) for workers in range(10, 1000))[1]
    assert law.peak == pytest.approx(best, abs=0.1)
    assert law.throughput(1) == pytest.approx(100)
