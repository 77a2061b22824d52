"""Change points against series whose truth is known: planted steps, visits and outliers, and none at all."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_bench.analysis.change_points import ALPHA, MIN_FACTOR, MIN_SEGMENT, change_points, segments
from long_lane import size

Rng = np.random.Generator
NOISES: dict[str, Callable[[Rng, int], np.ndarray]] = {
    "normal": lambda rng, runs: rng.normal(0, 0.05, runs),
    "outliers": lambda rng, runs: (
        rng.normal(0, 0.05, runs) + (rng.random(runs) < 0.08) * rng.choice([-1, 1], runs) * rng.uniform(0.4, 1.0, runs)
    ),
    "two speeds": lambda rng, runs: rng.normal(0, 0.05, runs) + 0.2 * (rng.random(runs) < 0.3),
    "heavy tails": lambda rng, runs: 0.05 * rng.standard_t(3, runs),
}
"""Of logarithms: about 5%; the same where 8% of the runs are off by 1.5x to 2.7x; a machine that is in a slower state
three times in ten; and tails as heavy as Student's with three degrees of freedom."""
RUNS = (8, 12, 20, 40)


def rng_of(*words: object) -> Rng:
    """Give a generator that depends on the words alone."""
    return np.random.default_rng([ord(letter) for letter in repr(words)])


@pytest.mark.parametrize("noise", NOISES)
def test_where_nothing_moves_hardly_any_is_found(noise: str) -> None:
    """Of series of 8 to 40 runs in which nothing moves, at most 5 in 1,000 show a change point, whatever the noise."""
    rng, series = rng_of(noise), size(1000, 200)
    alarms = sum(bool(change_points(NOISES[noise](rng, RUNS[number % len(RUNS)]))) for number in range(series))
    assert alarms <= 0.005 * series


def found(noise: str, runs: int, factor: float, series: int = 200) -> tuple[float, float]:
    """Give the share of series with a planted step in which it is found, and of those in which another one is."""
    rng = rng_of(noise, runs, factor)
    hits = others = 0
    for _ in range(series):
        place = int(rng.integers(MIN_SEGMENT, runs - MIN_SEGMENT + 1))
        values = NOISES[noise](rng, runs) + np.log(factor) * (np.arange(runs) >= place)
        points = [point.index for point in change_points(values)]
        hits += any(abs(point - place) <= 1 for point in points)
        others += any(abs(point - place) > 1 for point in points)
    return hits / series, others / series


@pytest.mark.parametrize(
    ("noise", "runs", "factor", "least"),
    [
        ("normal", 12, 1.3, 0.65),
        ("normal", 20, 1.3, 0.98),
        ("normal", 40, 1.15, 0.70),
        ("outliers", 20, 1.3, 0.60),
        ("outliers", 40, 1.3, 0.78),
        ("outliers", 40, 2.0, 0.90),
        ("heavy tails", 40, 1.3, 0.88),
    ],
)
def test_a_planted_step_is_found(noise: str, runs: int, factor: float, least: float) -> None:
    """A step at any place is found within one run of it, as often as the documentation says; hardly any other is."""
    hits, others = found(noise, runs, factor)
    assert hits >= least
    assert others <= 0.12


def test_a_visit_to_another_level_is_found_at_both_ends() -> None:
    """Six slow runs in the middle of thirty are two change points, there and back, in nine of ten series."""
    rng, both = rng_of("visit"), 0
    for _ in range(100):
        values = NOISES["normal"](rng, 30) + np.log(1.3) * ((np.arange(30) >= 12) & (np.arange(30) < 18))
        points = [point.index for point in change_points(values)]
        both += len(points) == 2 and abs(points[0] - 12) <= 1 and abs(points[1] - 18) <= 1
    assert both >= 90


@pytest.mark.parametrize("place", [0, 7, 8, 14])
def test_one_or_two_that_are_off_are_no_change(place: int) -> None:
    """Neither a run at three times the time nor two in a row are a change point, wherever they are."""
    for length in (1, 2):
        values = NOISES["normal"](rng_of("off", place), 15)
        values[place : place + length] += np.log(3.0)
        assert change_points(values) == []


def test_a_change_has_its_place_its_size_and_its_segments() -> None:
    """Two planted steps come back with their factors, in their order, each between the segments that it parts."""
    values = NOISES["normal"](rng_of("sizes"), 36) / 5
    values[12:] += math.log(1.5)
    values[24:] += math.log(0.5)
    points = change_points(values)
    assert [(point.start, point.index, point.end) for point in points] == [(0, 12, 24), (12, 24, 36)]
    assert [point.factor for point in points] == pytest.approx([1.5, 0.5], rel=0.03)
    assert segments(36, points) == [(0, 12), (12, 24), (24, 36)]


def test_a_step_without_noise_is_found_and_a_small_one_is_not_told() -> None:
    """Values that never vary have a step where they change; one below the least that matters is none."""
    for factor, points in ((1.5, [5]), (MIN_FACTOR * 0.99, []), (1.0, [])):
        assert [point.index for point in change_points([0.1] * 5 + [0.1 + math.log(factor)] * 5)] == points


@given(st.lists(st.floats(-3, 3), max_size=24))
def test_any_series_is_cut_into_pieces_that_are_long_enough(values: list[float]) -> None:
    """Whatever the values, pieces have the least length or more, and each change is significant and large enough."""
    points = change_points(values)
    assert not points or all(end - start >= MIN_SEGMENT for start, end in segments(len(values), points))
    assert all(0 <= point.p < ALPHA and abs(point.shift) >= math.log(MIN_FACTOR) for point in points)
