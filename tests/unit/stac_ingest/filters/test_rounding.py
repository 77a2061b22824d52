"""What is asked for in the numbers of a column."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.api.intervals import Interval
from stac_ingest.filters.boxes import requested_box
from stac_ingest.filters.rounding import as_float32, in_unit

TICKS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


@given(st.sampled_from(list(TICKS)), st.integers(-(10**6), 10**6), st.integers(-(10**4), 10**4), st.integers(0, 10**4))
def test_ticks_are_those_whose_microsecond_is_in_the_interval(unit: str, tick: int, start: int, length: int) -> None:
    """A tick is between the bounds where its microsecond, rounded down, is in the interval."""
    low, high = in_unit(Interval(start, start + length), unit)
    micros = tick * TICKS[unit] // 1000
    assert (low <= tick <= high) == (start <= micros <= start + length)


def test_bounds_stay_within_64_bits() -> None:
    """The year 9999 in nanoseconds, and an open end, are the last tick there is."""
    assert in_unit(Interval(None, 253402300799_000000), "ns") == (-(1 << 63), (1 << 63) - 1)
    assert in_unit(Interval(0, None), "ms") == (0, (1 << 63) - 1)


@given(st.floats(-400, 400), st.floats(-400, 400))
def test_a_side_that_is_in_a_box_is_in_it_once_rounded(side: float, east: float) -> None:
    """A float of 32 bits is compared with no less than it was before it was rounded."""
    if side <= east:
        assert float(np.float32(side)) <= as_float32(requested_box([-500, 0, east, 1])).east
    if side >= east:
        assert float(np.float32(side)) >= as_float32(requested_box([east, 0, 500, 1])).west
