"""Boxes, and when they overlap."""

from __future__ import annotations

import math

import numpy as np
import pytest
from filter_shapes import flat_boxes
from hypothesis import given

from ingest_bench.simulator.item_filter import _overlaps
from stac_ingest.filters.boxes import Box, box_of, requested_box


def simulated(bbox: list[float]) -> tuple[float, ...]:
    """Return a box as the simulator has it."""
    west, south, east, north = bbox
    return west, south, 0, east, north, 0


@given(flat_boxes(), flat_boxes())
def test_overlap_is_what_the_simulator_finds(one: list[float], other: list[float]) -> None:
    """Two boxes overlap where the server of the benchmark, which shares no code with this, says so."""
    expected = bool(_overlaps(np.array([simulated(one)]).T, simulated(other))[0])
    assert requested_box(one).overlaps(requested_box(other)) == expected
    assert requested_box(other).overlaps(requested_box(one)) == expected


@given(flat_boxes(), flat_boxes())
def test_a_box_inside_another_overlaps_it(one: list[float], other: list[float]) -> None:
    """`holds` is never said of boxes that are apart, nor of one that reaches out of the other at its corners."""
    outer, inner = requested_box(one), requested_box(other)
    if outer.holds(inner):
        assert outer.overlaps(inner)
        for lon in (inner.west, inner.east):
            assert outer.overlaps(Box(lon, inner.south, -math.inf, lon, inner.south, math.inf))


@pytest.mark.parametrize(
    ("outer", "inner", "holds"),
    [
        ([0, 0, 10, 10], [0, 0, 10, 10], True),
        ([0, 0, 10, 10], [5, 5, 11, 6], False),
        ([170, 0, -170, 10], [175, 1, -175, 2], True),
        ([170, 0, -170, 10], [165, 1, -175, 2], False),
        ([170, 0, -170, 10], [171, 1, 179, 2], True),
        ([170, 0, -170, 10], [-175, 1, -171, 2], True),
        ([-180, -90, 180, 90], [175, 1, -175, 2], False),
        ([-180, -90, 180, 90], [-180, -90, 180, 90], True),
        ([0, 0, 360, 10], [185, 1, 190, 2], True),
    ],
)
def test_what_a_box_holds(outer: list[float], inner: list[float], holds: bool) -> None:
    """A box across the antimeridian is inside of another such box alone; longitudes may go on to 360."""
    assert requested_box(outer).holds(requested_box(inner)) == holds


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        ([1, 2, 3], "3 numbers"),
        ([0, 5, 1, 4], "south"),
        ([0, 0, 9, 1, 1, 8], "bottom"),
        ([0, 0, math.nan, 1], "finite"),
        ([0, 0, math.inf, 1], "finite"),
    ],
)
def test_what_is_no_box_is_refused(numbers: list[float], why: str) -> None:
    """The message says what is wrong with the numbers."""
    with pytest.raises(ValueError, match=why):
        requested_box(numbers)


@pytest.mark.parametrize("value", [None, [], [1, 2, 3], ["0", 0, 1, 1], [0, 0, math.nan, 1], (0, 0, 1, 1), {"a": 1}])
def test_an_item_without_numbers_has_no_box(value: object) -> None:
    """Whatever else stands there is no box."""
    assert box_of(value) is None


def test_heights_are_compared_where_both_have_them() -> None:
    """A box without heights reaches through all of them."""
    wanted = requested_box([0, 0, 100, 2, 2, 200])
    assert [
        wanted.overlaps(requested_box(box)) for box in ([0, 0, 1, 1], [0, 0, 200, 1, 1, 300], [0, 0, 0, 1, 1, 99])
    ] == [
        True,
        True,
        False,
    ]
