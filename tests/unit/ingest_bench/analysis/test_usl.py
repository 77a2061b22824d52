"""The scaling law against data whose coefficients are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_bench.analysis.usl import TooFew, Usl, fit_usl

LEVELS = (1, 2, 5, 10, 20, 40)


def law(level: float, scale: float, contention: float, coherency: float) -> float:
    """Give the throughput that the law says, written down once more."""
    return scale * level / (1 + contention * (level - 1) + coherency * level * (level - 1))


def measured(truth: tuple[float, float, float], noise: float, pairs: int, seed: int) -> dict[int, list[float]]:
    """Measure a law with noise of a known size."""
    rng = np.random.default_rng(seed)
    return {level: (math.log(law(level, *truth)) + rng.normal(0, noise, pairs)).tolist() for level in LEVELS}


def fitted(ratios: dict[int, list[float]], **options: int) -> Usl:
    """Fit where the levels are enough."""
    fit = fit_usl(ratios, **options)
    assert isinstance(fit, Usl)
    return fit


@settings(max_examples=60, deadline=None)
@given(
    scale=st.floats(0.05, 20),
    contention=st.floats(0, 0.9),
    coherency=st.floats(0, 0.05),
)
def test_a_law_without_noise_is_found_again(scale: float, contention: float, coherency: float) -> None:
    """Whatever the coefficients are, the fit gives them back, and its maximum is the law's."""
    fit = fitted({level: [math.log(law(level, scale, contention, coherency))] * 2 for level in LEVELS}, draws=2)
    assert fit.scale.value == pytest.approx(scale, rel=1e-6)
    assert fit.contention.value == pytest.approx(contention, abs=1e-6)
    assert fit.coherency.value == pytest.approx(coherency, abs=1e-6)
    at = np.linspace(1, 40, 2_000)
    assert law(fit.peak.value, scale, contention, coherency) >= 0.9999 * max(
        law(level, scale, contention, coherency) for level in at
    )


def test_intervals_cover_the_truth() -> None:
    """Of 60 noisy measurements of a law, the 95% intervals of each coefficient hold the truth in 54 to 59."""
    truth = (1.3, 0.05, 0.002)
    peak = math.sqrt((1 - truth[1]) / truth[2])
    covered = np.zeros(4)
    for seed in range(60):
        fit = fitted(measured(truth, noise=0.05, pairs=5, seed=seed), seed=seed, draws=200)
        found = (fit.scale, fit.contention, fit.coherency, fit.peak)
        covered += [bounds.low <= value <= bounds.high for bounds, value in zip(found, (*truth, peak), strict=True)]
    assert 54 <= covered.min() <= covered.max() < 60


def test_more_pairs_make_it_surer() -> None:
    """The interval of the contention from twenty pairs is narrower than from three."""
    few, many = (fitted(measured((1, 0.1, 0.001), 0.05, pairs, 3), draws=200) for pairs in (3, 20))
    assert many.contention.high - many.contention.low < few.contention.high - few.contention.low


def test_a_sharp_knee_is_not_called_a_law() -> None:
    """A server with ten slots gives min(n, 10): the deviations from any such curve are beyond the noise, and told."""
    rng = np.random.default_rng(1)
    knee = {level: (math.log(min(level, 10)) + rng.normal(0, 0.01, 5)).tolist() for level in LEVELS}
    assert not fitted(knee, draws=10).describes
    right = [fitted(measured((1, 0.1, 0.001), 0.03, 5, seed), draws=10).describes for seed in range(40)]
    assert sum(right) >= 34


@pytest.mark.parametrize("levels", [(1,), (1, 10), (1, 5, 20)])
def test_too_few_levels_are_told(levels: tuple[int, ...]) -> None:
    """With no level to spare nothing is fitted, and the answer says how many there are and how many it takes."""
    found = fit_usl({level: [0.1, 0.2] for level in levels})
    assert isinstance(found, TooFew)
    assert (found.levels, found.needed) == (levels, 4)


def test_a_level_with_one_pair_does_not_count() -> None:
    """One pair says nothing about its spread, so its level is as good as not measured."""
    assert isinstance(fit_usl({1: [0.0, 0.1], 5: [0.5, 0.6], 10: [0.8, 0.9], 20: [1.0]}), TooFew)


@pytest.mark.parametrize("outside", [0.5, 40.1, 100])
def test_nothing_is_drawn_past_the_data(outside: float) -> None:
    """A curve or a band beyond the levels measured is refused."""
    fit = fitted(measured((1, 0.1, 0.001), 0.03, 3, 1), draws=20)
    with pytest.raises(ValueError, match="1 to 40"):
        fit.curve([1, outside])
    with pytest.raises(ValueError, match="1 to 40"):
        fit.band([outside])


@pytest.mark.parametrize(
    ("contention", "coherency", "where", "peak"),
    [(0.02, 0.0, "highest level", 40), (1.5, 0.01, "lowest level", 1), (0.05, 0.0095, "inside", 10)],
)
def test_the_peak_stays_within_the_levels(contention: float, coherency: float, where: str, peak: float) -> None:
    """A curve that still rises, or falls from the start, has its peak at the last or first level, and says so."""
    fit = fitted({level: [math.log(law(level, 1, contention, coherency))] * 2 for level in LEVELS}, draws=2)
    assert fit.peak_at == where
    assert fit.peak.value == pytest.approx(peak, rel=1e-3)


def test_the_band_holds_the_curve_and_the_seed_decides() -> None:
    """The band encloses the curve, and the same seed gives the same numbers."""
    data = measured((1, 0.1, 0.001), 0.05, 4, 9)
    fit, again, other = fitted(data, seed=4), fitted(data, seed=4), fitted(data, seed=5)
    low, high = fit.band(LEVELS)
    assert (low <= fit.curve(LEVELS)).all()
    assert (fit.curve(LEVELS) <= high).all()
    assert fit.contention == again.contention
    assert fit.contention != other.contention
    assert fit.contention.value == other.contention.value
