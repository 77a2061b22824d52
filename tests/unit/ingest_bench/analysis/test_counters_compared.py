"""Counters of two sides: what is told as a fact, and what isn't."""

from __future__ import annotations

from math import comb

import pytest

from factories import fake_sample
from ingest_bench.analysis.counters import COUNTERS, LEAST_SAMPLES, counter_differences
from ingest_bench.analysis.speedup import INTERVAL_PAIRS
from ingest_bench.results.models import Sample


def samples(*values: int | None, name: str = "requests", **changes: object) -> list[Sample]:
    """Return samples of one arm that have counted so many."""
    return [fake_sample("candidate", pair, 1.0, **{name: value}, **changes) for pair, value in enumerate(values)]


@pytest.mark.parametrize("name", COUNTERS)
def test_a_counter_that_parts_the_sides_is_a_fact(name: str) -> None:
    """Where each side has one value in all its samples, another on the other, both are told, and which has more."""
    (found,) = counter_differences(samples(*[7] * 5, name=name), samples(*[8] * 5, name=name))
    assert (found.name, found.one, found.other, found.samples, found.more) == (name, 7, 8, 10, True)
    (back,) = counter_differences(samples(*[8] * 5, name=name), samples(*[7] * 5, name=name))
    assert not back.more


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([7] * 5, [7] * 5),
        ([7] * 4 + [8], [9] * 5),
        ([7] * 5, [8] * 4 + [9]),
        ([None] * 5, [8] * 5),
        ([7] * 5, [None] * 5),
        ([7] * 5, [8] * 4),
        ([7] * 2, [8] * 9),
    ],
    ids=["equal", "varies before", "varies now", "unknown before", "unknown now", "nine samples", "two of a side"],
)
def test_nothing_else_is(one: list[int | None], other: list[int | None]) -> None:
    """Equal counters, those that vary within a side or aren't known, and too few samples say nothing."""
    assert counter_differences(samples(*one), samples(*other)) == []


def test_invalid_samples_do_not_count() -> None:
    """A sample that can't be used neither makes a counter vary nor fills a side."""
    odd = samples(99, invalid="the server was saturated")
    assert counter_differences(samples(*[7] * 5) + odd, samples(*[8] * 5))
    assert not counter_differences(samples(*[7] * 4) + odd, samples(*[8] * 5))


def test_chance_would_part_the_sides_once_in_120_at_most() -> None:
    """With the fewest samples that are asked for, there are 120 ways or more to share them out between the sides."""
    assert comb(LEAST_SAMPLES, INTERVAL_PAIRS) == 120
