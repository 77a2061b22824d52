"""Speed-ups and their intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingest_bench.analysis.speedup import Verdict, noise_of, outliers, relative_width, speed_up, verdict, within_noise
from ingest_bench.results.models import Speedup

ratios = st.lists(st.floats(0.01, 100), min_size=3, max_size=20)


def covered(pairs: int, draw: str, runs: int = 2000) -> float:
    """Return the share of seeded runs whose 95% interval holds the true ratio, 2."""
    random = np.random.default_rng(pairs)
    shape = (runs, pairs)
    noise = {
        "normal": lambda: random.normal(0, 0.2, shape),
        "heavy tails": lambda: 0.1 * random.standard_t(3, shape),
        # Each side now and then takes twice as long.
        "hiccups": lambda: (
            np.log(2) * (random.random(shape) < 0.1).astype(float)
            - np.log(2) * (random.random(shape) < 0.1)
            + random.normal(0, 0.1, shape)
        ),
    }[draw]()
    found = (speed_up(list(2 * np.exp(run)), 0.95) for run in noise)
    return sum(ratio is not None and ratio.low <= 2 <= ratio.high for ratio in found) / runs


@pytest.mark.parametrize("draw", ["normal", "heavy tails", "hiccups"])
@pytest.mark.parametrize("pairs", [3, 5, 10, 30])
def test_intervals_cover_what_they_claim(pairs: int, draw: str) -> None:
    """A 95% interval holds the truth in about 95% of runs, from three pairs on; with outliers rather more."""
    assert 0.93 <= covered(pairs, draw) <= 0.985


@given(ratios, st.floats(0.01, 100))
def test_the_speed_up_scales_with_the_ratios(pairs: list[float], factor: float) -> None:
    """A candidate k times as fast has a speed-up and an interval k times as large."""
    one, other = speed_up(pairs, 0.95), speed_up([factor * ratio for ratio in pairs], 0.95)
    assert one
    assert other
    for name in ("median", "low", "high"):
        assert getattr(other, name) == pytest.approx(factor * getattr(one, name), rel=1e-6)


@given(ratios)
def test_swapping_the_sides_inverts_the_interval(pairs: list[float]) -> None:
    """Baseline over candidate says the same as candidate over baseline."""
    one, other = speed_up(pairs, 0.95), speed_up([1 / ratio for ratio in pairs], 0.95)
    assert one
    assert other
    assert other.low == pytest.approx(1 / one.high, rel=1e-6)
    assert other.high == pytest.approx(1 / one.low, rel=1e-6)
    if len(pairs) % 2:
        assert other.median == pytest.approx(1 / one.median, rel=1e-6)


@given(ratios)
def test_the_order_of_pairs_is_nothing(pairs: list[float]) -> None:
    """Pairs in another order give the same result, which lies within its interval."""
    one, other = speed_up(pairs, 0.95), speed_up(sorted(pairs), 0.95)
    assert one
    assert other
    assert one.low <= one.median <= one.high
    assert (other.median, other.low) == pytest.approx((one.median, one.low))


def test_a_known_interval() -> None:
    """Log ratios 0, 1 and 2 have the mean 1 and, at 95%, reach 4.3027 x 1 / sqrt(3) to both sides."""
    ratio = speed_up([1.0, math.e, math.e**2], 0.95)
    assert ratio
    assert ratio.median == pytest.approx(math.e)
    assert math.log(ratio.high) == pytest.approx(1 + 4.302653 / math.sqrt(3), rel=1e-6)
    assert ratio.pairs == 3


def test_more_confidence_is_a_wider_interval() -> None:
    """An interval at 99% is wider than one at 90%."""
    wide, narrow = speed_up([1, 1.1, 1.3], 0.99), speed_up([1, 1.1, 1.3], 0.90)
    assert wide
    assert narrow
    assert relative_width(wide) > relative_width(narrow) > 0


@pytest.mark.parametrize("pairs", [[], [1.5], [1.5, 1.6]])
def test_too_few_pairs_have_no_interval(pairs: list[float]) -> None:
    """Fewer than three pairs have no interval."""
    assert speed_up(pairs, 0.95) is None


def test_equal_pairs_have_an_interval_of_no_width() -> None:
    """Ratios without any spread give that ratio exactly."""
    ratio = speed_up([2.0, 2.0, 2.0], 0.95)
    assert ratio
    assert (ratio.low, ratio.median, ratio.high) == pytest.approx((2, 2, 2))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([1.0], []),
        ([1.0, 1.001, 1.002, 5], []),
        ([1, 1, 1, 1], []),
        ([1, 1.02, 0.98, 1.01, 5], [4]),
        ([0.1, 1, 1.02, 0.98, 1.01], [0]),
        ([1, 1.1, 0.9, 1.05, 0.95], []),
    ],
)
def test_outliers_are_pointed_out(values: list[float], expected: list[int]) -> None:
    """What lies far off the others is named by position, on both sides alike."""
    assert outliers(values) == expected


def ratio_of(low: float, median: float, high: float) -> Speedup:
    """Return a speed-up with this interval."""
    return Speedup(median=median, low=low, high=high, confidence=0.95, method="given", pairs=5)


@pytest.mark.parametrize(
    ("ratio", "null", "same"),
    [
        (ratio_of(0.9, 1.1, 1.2), None, True),
        (ratio_of(1.05, 1.1, 1.2), None, False),
        (ratio_of(1.05, 1.1, 1.2), ratio_of(0.8, 1.0, 1.1), True),
        (ratio_of(1.4, 1.5, 1.6), ratio_of(0.8, 1.0, 1.1), False),
        (ratio_of(0.5, 0.6, 0.7), ratio_of(0.8, 1.0, 1.1), False),
        (ratio_of(0.8, 0.85, 0.9), ratio_of(0.95, 1.0, 1.2), True),
    ],
)
def test_what_lies_within_the_noise_is_within_noise(ratio: Speedup, null: Speedup | None, same: bool) -> None:
    """A speed-up counts once its interval leaves out 1 and it lies beyond what the null cell shows, either way."""
    assert within_noise(ratio, null) is same


@pytest.mark.parametrize(
    ("ratio", "null", "expected"),
    [
        (ratio_of(1.05, 1.1, 1.2), None, "better"),
        (ratio_of(0.8, 0.9, 0.95), None, "worse"),
        (ratio_of(0.98, 1.0, 1.02), None, "no difference"),
        (ratio_of(0.9, 1.1, 1.2), None, "undecided"),
        (ratio_of(1.05, 1.1, 1.15), ratio_of(0.95, 1.0, 1.05), "better"),
        (ratio_of(1.05, 1.08, 1.12), ratio_of(0.92, 1.0, 1.05), "undecided"),
        (ratio_of(1.01, 1.02, 1.04), ratio_of(0.92, 1.0, 1.05), "no difference"),
        (ratio_of(1.01, 1.03, 1.06), ratio_of(0.92, 1.0, 1.05), "undecided"),
        (ratio_of(0.51, 0.66, 0.87), ratio_of(0.6, 1.0, 1.6), "undecided"),
    ],
)
def test_a_verdict_is_one_of_four(ratio: Speedup, null: Speedup | None, expected: Verdict) -> None:
    """A difference lies beyond error and noise together; what isn't one is known to be none, or undecided."""
    assert verdict(ratio, null) == expected


bounds = st.tuples(*[st.floats(0.2, 5)] * 3).map(sorted)


@given(bounds, bounds)
def test_a_verdict_turns_with_the_sides(values: list[float], null: list[float]) -> None:
    """Baseline over candidate is worse where candidate over baseline is better, whatever the noise."""
    turned = {"better": "worse", "worse": "better"}
    one, noise = ratio_of(*values), ratio_of(*null)
    low, median, high = map(math.log, values)
    for reach in (median - low, high - median):
        assume(abs(abs(median) - math.hypot(reach, noise_of(noise))) > 1e-9)  # where rounding decides
    other = ratio_of(*(1 / value for value in reversed(values)))
    found = [verdict(ratio, noise) for ratio in (one, other)]
    assert found[1] == turned[found[0]] if found[0] in turned else found[1] not in turned


@given(bounds, bounds)
def test_noise_never_makes_a_difference(values: list[float], null: list[float]) -> None:
    """A null cell can take a difference away, but not bring one about or turn it round; noise is a band around 1."""
    ratio, noise = ratio_of(*values), ratio_of(*null)
    assert noise_of(noise) >= 0 == noise_of(None)
    found = verdict(ratio, noise)
    assert found in ("no difference", "undecided") or found == verdict(ratio)


@given(ratios)
def test_sequential_stopping_widens_an_interval(pairs: list[float]) -> None:
    """An interval that decided when to stop is wider about the same speed-up, less so the more pairs there are."""
    plain, sequential = speed_up(pairs, 0.95), speed_up(pairs, 0.95, sequential=True)
    assert plain
    assert sequential
    assert sequential.median == plain.median
    assert sequential.low <= plain.low <= plain.high <= sequential.high
    widening = math.sqrt(1 + 1 / len(pairs))
    assert math.log(sequential.high / sequential.low) <= widening * math.log(plain.high / plain.low) + 1e-9
    assert sequential.method != plain.method


@given(ratios, st.floats(100, 1000))
def test_an_outlier_is_flagged_and_kept(pairs: list[float], factor: float) -> None:
    """A pair that lies far off is pointed out and still counts: it never narrows what the others say."""
    steady = [1.0, 1.01, 0.99, 1.005, 0.995, *[1 + 0.001 * ratio / 100 for ratio in pairs]]
    far = [*steady, factor]
    assert len(steady) in outliers(far)
    without, with_it = speed_up(steady, 0.95), speed_up(far, 0.95)
    assert without
    assert with_it
    assert with_it.pairs == without.pairs + 1
    assert relative_width(with_it) > relative_width(without)
