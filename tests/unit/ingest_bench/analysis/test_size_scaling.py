"""The exponent of growth against data whose exponent is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_bench.analysis.size_scaling import fit_growth
from ingest_bench.analysis.speedup import Estimate

SIZES = (1_000, 10_000, 80_000)


def speeds(exponent: float, spread: float = 0.0, pairs: int = 5, shift: float = 0.0) -> dict[float, list[Estimate]]:
    """Give the speed at each size relative to that at the smallest; a time that grows as size^exponent."""
    return {
        float(size): [Estimate((1 - exponent) * math.log(size / SIZES[0]) + shift, spread, pairs)] for size in SIZES
    }


@settings(max_examples=60, deadline=None)
@given(exponent=st.floats(0, 3), shift=st.floats(-3, 3))
def test_an_exponent_without_noise_is_found_again(exponent: float, shift: float) -> None:
    """Whatever the exponent is, and however fast the reference, the fit gives it back."""
    found = fit_growth(speeds(exponent, shift=shift))
    assert found is not None
    assert found.exponent.value == pytest.approx(exponent, abs=1e-9)
    assert found.times_time == pytest.approx(80**exponent, rel=1e-6)


def test_intervals_cover_the_exponent() -> None:
    """Of 100 noisy measurements the 95% interval holds the truth in at least 90, and is not always right either."""
    covered = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        data = {
            float(size): [Estimate.from_logs((-0.2 * math.log(size / 1_000) + rng.normal(0, 0.1, 6)).tolist())]
            for size in SIZES
        }
        found = fit_growth(data, seed=seed)  # type: ignore[arg-type] # six pairs always give an estimate
        assert found is not None
        covered += found.exponent.low <= 1.2 <= found.exponent.high
    assert 90 <= covered < 100


def test_a_step_that_all_sizes_share_adds_no_doubt() -> None:
    """How fast the reference itself is doesn't matter to growth, so its spread doesn't widen the interval."""
    shared = Estimate(1.0, 2.0, 3)
    plain = fit_growth(speeds(1.3))
    linked = fit_growth({size: [shared, *steps] for size, steps in speeds(1.3).items()})
    assert plain is not None
    assert linked is not None
    assert linked.exponent.high - linked.exponent.low == pytest.approx(0, abs=1e-9)
    assert linked.exponent.value == pytest.approx(plain.exponent.value)


@pytest.mark.parametrize(
    ("exponent", "spread", "shape"),
    [
        (1.0, 0.1, "linear"),
        (1.5, 0.1, "faster than linear"),
        (0.5, 0.1, "slower than linear"),
        (1.5, 9.0, "linear"),
    ],
)
def test_the_shape_is_what_the_interval_says(exponent: float, spread: float, shape: str) -> None:
    """Growth is called linear as long as the interval holds 1."""
    found = fit_growth(speeds(exponent, spread))
    assert found is not None
    assert found.shape == shape


def test_one_size_says_nothing() -> None:
    """Growth takes two sizes."""
    assert fit_growth({1_000.0: [Estimate(0.0, 0.1, 3)]}) is None
