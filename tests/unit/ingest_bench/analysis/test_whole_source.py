"""What all of a source would take: known answers, and intervals that hold what they claim."""

from __future__ import annotations

import random

import pytest

from factories import fake_cell, fake_sample
from ingest_bench.analysis.candidates import Option
from ingest_bench.analysis.speedup import Estimate
from ingest_bench.analysis.whole_source import KEPT_BYTES, cost_of_whole, scaled
from ingest_bench.config.models import Whole


def whole(items: float, low: float | None = None, high: float | None = None, spread: float = 0.0) -> Whole:
    """Return a source of so many items."""
    return Whole(
        source="s", items=items, items_low=low or items, items_high=high or items, counted="counted", cost_spread=spread
    )


def option(walls: list[float], *, items: int = 1000, requests: int | None = None, page: int | None = None) -> Option:
    """Return a way whose samples took so long."""
    samples = [fake_sample("candidate", pair, wall, items=items, requests=requests) for pair, wall in enumerate(walls)]
    cell = fake_cell("one", "queue", samples, [1.0] * len(walls))
    return Option("k", cell, True, "queue", 4, page, {}, Estimate(0.0, 0.1, len(walls)))


def test_time_goes_with_the_number_of_items() -> None:
    """Samples that all take a second for a thousand items say a million seconds for a thousand million, exactly."""
    cost = cost_of_whole(whole(1e9), option([1.0, 1.0, 1.0]))
    assert cost.seconds is not None
    assert (cost.seconds.value, cost.seconds.low, cost.seconds.high) == pytest.approx((1e6, 1e6, 1e6))


@pytest.mark.parametrize("spread", [0.0, 0.1])
def test_the_interval_of_time_holds_what_it_claims(spread: float) -> None:
    """Of 2,000 sources whose samples and whole run are drawn from one law, 93% to 99% end within the interval."""
    lot, held, runs = random.Random(7), 0, 2000
    for _ in range(runs):
        walls = [lot.lognormvariate(0, 0.2) for _ in range(5)]
        elsewhere = lot.lognormvariate(0, spread) if spread else 1.0
        truth = 1000 * lot.lognormvariate(0, 0.2) * elsewhere
        found = scaled(whole(1e6, spread=spread), [wall / 1000 for wall in walls])
        assert found is not None
        held += found.low <= truth <= found.high
    assert 0.93 <= held / runs <= 0.99


def test_an_uncertain_number_of_items_widens_the_interval() -> None:
    """Where the items are estimated, the time is as uncertain as they are, at least."""
    exact = cost_of_whole(whole(1e6), option([1.0, 1.1, 1.2])).seconds
    wide = cost_of_whole(whole(1e6, 5e5, 2e6), option([1.0, 1.1, 1.2])).seconds
    assert exact is not None
    assert wide is not None
    assert wide.low < min(exact.low, 550)
    assert wide.high > max(exact.high, 2200)


def test_requests_are_pages_and_what_opens_the_api() -> None:
    """Ten pages and three requests beside, of a thousand items, are ten thousand pages and 3 to 3,000 of a million."""
    cost = cost_of_whole(whole(1e6), option([1.0, 1.0, 1.0], requests=13, page=100))
    assert cost.requests is not None
    assert (cost.requests.low, cost.requests.high) == (10_003, 13_000)


def test_memory_grows_by_what_is_kept_of_an_item() -> None:
    """A million items more cost as much more as is kept of each, and no more."""
    few, many = (cost_of_whole(whole(count), option([1.0, 1.0, 1.0])).memory_mib for count in (1000, 1_001_000))
    assert few is not None
    assert many is not None
    assert many.value - few.value == pytest.approx(1e6 * KEPT_BYTES / 2**20)


def test_two_samples_give_no_time() -> None:
    """An interval takes three samples, and without one no time is told."""
    assert cost_of_whole(whole(1e6), option([1.0, 1.1])).seconds is None
