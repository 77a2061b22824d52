"""Which way is better, and whether that can be told."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from ingest_bench.report.model.ranking import (
    alone,
    best,
    growth,
    recommended,
    rival,
    same,
    smallest_alike,
    usable,
    versus,
)
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.results.models import Parity, Results


def view_of(results: Results) -> ScenarioView:
    """Return the only scenario of results."""
    (view,) = ReportData.from_results(results).views
    return view


def only(*names: str) -> Any:
    """Return a choice of scenarios."""
    return lambda spec: spec.scenario in names


def rates(given: dict[tuple[str, int], float]) -> Any:
    """Return a change of the truth: these rates for these arms and levels."""
    return lambda _spec, arm, level, truth: replace(truth, rate=given.get((arm, level), truth.rate))


def test_the_smallest_of_nearly_equal_levels_is_recommended(make: Any) -> None:
    """A level within 5% of the best, and not told from it, is enough."""
    truth = rates({("queue", 5): 98_000, ("queue", 10): 100_000, ("queue", 20): 99_000})
    row = recommended(view_of(make(only("small_files_warm"), truth)))
    assert row is not None
    assert (row.cell.arm, row.level) == ("queue", 5)


def test_a_level_that_is_clearly_slower_is_not_recommended(make: Any) -> None:
    """A fifth slower is not enough, however small the concurrency."""
    truth = rates({("queue", 5): 80_000, ("queue", 10): 100_000, ("queue", 20): 99_000})
    row = recommended(view_of(make(only("small_files_warm"), truth)))
    assert row is not None
    assert row.level == 10


def test_a_smaller_level_may_be_undecided(make: Any) -> None:
    """With noise, a fifth slower isn't known to be slower: it is kept, and what may be better named as its rival."""
    truth = rates({("queue", 5): 80_000, ("queue", 10): 100_000, ("queue", 20): 80_000})
    assert rival(view_of(make(only("small_files_warm"), truth))) is None
    make.noise, make.pairs = 0.3, 4
    loud = view_of(make(only("small_files_warm"), truth))
    use, other = recommended(loud), rival(loud)
    assert use is not None
    assert other is not None
    assert other.level > use.level


def test_a_way_that_cannot_be_set_is_not_recommended(make: Any) -> None:
    """A process pool may be the fastest, but the ingest package has no such setting."""
    view = view_of(make(only("small_files_warm"), rates({("process_pool", 20): 500_000})))
    top, row = best(usable(view)), recommended(view)
    assert top is not None
    assert row is not None
    assert (top.cell.arm, row.own) == ("process_pool", True)


def test_two_rows_are_compared_with_both_their_errors(make: Any) -> None:
    """The ratio of two speed-ups has a wider interval than either, and its inverse is the inverse."""
    view = view_of(make(only("small_files_warm")))
    one, two = (row for row in view.rows if row.cell.arm in ("queue", "semaphore") and row.level == 5)
    there, back = versus(one, two), versus(two, one)
    assert math.isclose(there.median, 1 / back.median)
    assert math.isclose(there.low, 1 / back.high)
    for row in (one, two):
        assert there.high / there.low > row.standing.high / row.standing.low


def test_noise_hides_a_difference(make: Any) -> None:
    """What a quiet machine tells apart, a noisy null cell doesn't."""
    truth = rates({("queue", 10): 32_000, ("sequential", 1): 28_000})
    quiet = view_of(make(only("small_files_warm"), truth))

    def noisy(cell: Any) -> Any:
        wide = cell.speedup.model_copy(update={"low": 0.7, "high": 1.4})
        return cell.model_copy(update={"speedup": wide}) if cell.is_null_cell else cell

    loud = view_of(make(only("small_files_warm"), truth, noisy))
    for view, expected in ((quiet, False), (loud, True)):
        queue = next(row for row in view.rows if (row.cell.arm, row.level) == ("queue", 10))
        one = alone(view)
        assert one is not None
        assert same(view, queue, one) is expected
        assert (smallest_alike(view, queue).level == 1) is expected


def test_a_wrong_delivery_never_wins(make: Any) -> None:
    """A cell whose digest differs is not usable, however fast."""

    def broken(cell: Any) -> Any:
        wrong = cell.model_copy(update={"parity": Parity(ok=False, reason="3 items are missing")})
        return wrong if cell.arm == "queue" else cell

    view = view_of(make(only("small_files_warm"), edit=broken))
    assert not [row for row in usable(view) if row.cell.arm == "queue"]


def test_the_exponent_of_known_growth_is_right(make: Any) -> None:
    """Eight times the items in 64 times the time grow with the square."""
    make.noise = 1e-9

    def squared(spec: Any, arm: str, level: int, truth: Any) -> Any:
        del arm, level
        return replace(truth, rate=1000.0 if spec.scenario == "small_files_warm" else 500.0)

    def by_size(cell: Any) -> Any:
        """Make the candidate eight times slower per item than its baseline on the small corpus."""
        if cell.scenario != "large_collection_files":
            return cell
        slow = [
            sample.model_copy(update={"wall_s": sample.wall_s * 8}) if sample.role == "candidate" else sample
            for sample in cell.samples
        ]
        eighth = {name: getattr(cell.speedup, name) / 8 for name in ("median", "low", "high")}
        return cell.model_copy(update={"samples": slow, "speedup": cell.speedup.model_copy(update=eighth)})

    data = ReportData.from_results(make(only("large_collection_files", "small_files_warm"), squared, by_size))
    view = next(view for view in data.views if view.scenario.growing)
    paired, elsewhere = (growth(data, view, row) for row in view.rows)
    assert paired is not None
    assert (paired.times_items, paired.times_time) == (pytest.approx(8), pytest.approx(64))
    assert paired.exponent.value == pytest.approx(2)
    assert paired.exponent.low == pytest.approx(2)
    # The queue was measured on the small corpus by another scenario: the cells that they share make the pair.
    assert elsewhere is not None
    assert elsewhere.exponent.value == pytest.approx(2)
    assert elsewhere.exponent.high == pytest.approx(2)


def test_growth_is_unknown_where_the_way_was_not_measured_small(make: Any) -> None:
    """Time chunks were measured on 10,000 items only with another think time: that is no comparison."""
    data = ReportData.from_results(make(only("large_collection_api", "large_api")))
    view = next(view for view in data.views if view.scenario.growing)
    chunks = next(row for row in view.rows if row.cell.arm == "time_chunks")
    assert growth(data, view, chunks) is None
