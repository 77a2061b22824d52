"""The truth of the cells on the wall clock, against figures worked out here by hand."""

from __future__ import annotations

import pytest

from ingest_bench.calibration.wall_truth import Seen, concurrent_seconds, one_by_one_seconds, true_speedups

IDLE = Seen(delay=0.2, slots=0.1, server=0, client=0, run=0)
BUSY = Seen(delay=0.2, slots=0.1, server=0.002, client=0.004, run=0.01)


@pytest.mark.parametrize(
    ("workers", "seconds"),
    [
        (3, 0.3 + 0.3 + 4 * 0.3),  # two at once, the first page, and four times three pages
        (16, 0.3 + 0.3 + 0.2 + 4 * 0.1),  # twelve pages at once, of which three have a slot
        (10, 0.3 + 0.3 + 0.2 + 4 * 0.1),  # the last two are at the slots before one is free
    ],
)
def test_processes_without_work_take_what_the_closed_form_says(workers: int, seconds: float) -> None:
    """A single worker makes 15 requests of 300 ms; several share delay and slots, and nothing else is left open."""
    assert one_by_one_seconds(IDLE) == pytest.approx(15 * 0.3)
    assert concurrent_seconds(IDLE, workers, in_turns=True) == pytest.approx(seconds)
    assert true_speedups(IDLE, workers) == pytest.approx((4.5 / seconds, 4.5 / seconds))


def test_work_of_processes_counts_once_or_as_often_as_requests_come_together() -> None:
    """Three workers: each request waits for its own 6 ms alone, or for those of all that come with it."""
    alone = 0.01 + 15 * 0.306
    assert one_by_one_seconds(BUSY) == pytest.approx(alone)
    fast = 0.01 + 6 * 0.306
    slow = 0.01 + (0.004 + 0.312) + 0.306 + (2 * 0.004 + 4 * 0.318)
    assert concurrent_seconds(BUSY, 3, in_turns=False) == pytest.approx(fast)
    assert concurrent_seconds(BUSY, 3, in_turns=True) == pytest.approx(slow)
    assert true_speedups(BUSY, 3) == pytest.approx((alone / slow, alone / fast))


def test_more_workers_above_the_knee_are_no_faster() -> None:
    """Ten and sixteen workers have the slots busy alike; at most, twelve requests are sent at first instead of ten."""
    seconds = concurrent_seconds(BUSY, 10, in_turns=True)
    assert true_speedups(BUSY, 16, beside=10) == pytest.approx((seconds / (seconds + 2 * 0.004), 1))
