"""Where throughput stops growing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_bench.knee import fit_knee

LEVELS = (1, 2, 4, 8, 16, 32)


def logs(knee: float) -> dict[int, list[float]]:
    """Return the log speed-ups of a system with this knee, two pairs a level."""
    return {level: [math.log(min(level, knee))] * 2 for level in LEVELS}


@given(st.floats(1, 31))
def test_a_known_knee_is_found(knee: float) -> None:
    """Without noise the knee is found within the steps of the search."""
    found = fit_knee(logs(knee))
    assert found
    assert found.at == pytest.approx(knee, rel=0.01)


def test_growth_to_the_end_has_its_knee_beyond() -> None:
    """Throughput that grows up to the highest level has no knee within the levels."""
    found = fit_knee(logs(100))
    assert found
    assert found.beyond
    assert found.at == pytest.approx(32)
    within = fit_knee(logs(20))
    assert within
    assert not within.beyond


def test_levels_with_more_pairs_count_for_more() -> None:
    """One stray pair at a level with few doesn't move a knee that many pairs tell of."""
    measured = {1: [0.0] * 2, 4: [math.log(4)] * 50, 16: [math.log(8)] * 50, 32: [math.log(12)] * 2}
    found = fit_knee(measured)
    assert found
    assert found.at == pytest.approx(8, rel=0.05)


@pytest.mark.parametrize("measured", [{}, {1: [0.0, 0.0], 2: [0.5, 0.6]}, {1: [0.0], 2: [0.5], 4: [0.9]}])
def test_too_little_shows_no_bend(measured: dict[int, list[float]]) -> None:
    """Fewer than three levels of two pairs have no knee."""
    assert fit_knee(measured) is None
