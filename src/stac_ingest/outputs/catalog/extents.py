"""What the items of a collection cover, in space and time: a sum that grows item by item, in bounded memory."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from stac_ingest.api.intervals import format_instant
from stac_ingest.core.model import Item
from stac_ingest.filters.boxes import Box, box_of
from stac_ingest.filters.times import span_of

Numbers = list[float]
"""Of a box: four, or six with heights."""
Span = tuple[int, int]
"""First and last instant, microseconds since 1970."""

_WORLD: Numbers = [-180, -90, 180, 90]
_HALF = 180
_STRETCHES = 256
"""Stretches of longitude that are kept apart; those that lie nearest are joined where there are more."""


def box_of_item(item: Item) -> Numbers | None:
    """Return the box of an item: its own, or else that of its geometry; None where neither says a place."""
    own = _usable(item.get("bbox"))
    if own is not None:
        return own
    sides = [math.inf, math.inf, -math.inf, -math.inf]
    for x, y in _positions(item.get("geometry")):
        sides = [min(sides[0], x), min(sides[1], y), max(sides[2], x), max(sides[3], y)]
    return sides if sides[0] < math.inf else None


def _usable(value: Any) -> Numbers | None:
    try:
        box = box_of(value)
        if box is None or not all(map(math.isfinite, value)) or box.south > box.north or box.bottom > box.top:
            return None
    except OverflowError:  # a whole number beyond all floats
        return None
    return list(value)


def _positions(geometry: Any) -> Iterator[tuple[float, float]]:
    """Yield the positions of a geometry, of those that are numbers."""
    waiting = [geometry]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [one.get("coordinates"), *(_list(one.get("geometries")))]
        elif isinstance(one, list) and len(one) > 1 and not isinstance(one[0], list | dict):
            if _is_number(one[0]) and _is_number(one[1]):
                yield one[0], one[1]
        else:
            waiting += _list(one)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


class Extent:
    """The least box and the least interval that hold those of all items.

    A box crosses the antimeridian only where that of an item does; then it leaves out the widest stretch of longitudes
    in which no item is. It has heights only where all boxes have.
    """

    def __init__(self) -> None:
        self._span: Span | None = None
        self._flat: Numbers | None = None
        """South, west, north, east of all; the longitudes of those that don't cross."""
        self._heights: list[float] | None = [math.inf, -math.inf]
        self._stretches: list[tuple[float, float]] = []
        self._crosses = False

    def add(self, box: Numbers | None, span: Span | None) -> None:
        """Take in the box and the interval of an item; None where it has none."""
        if span is not None:
            first, last = self._span or span
            self._span = (min(first, span[0]), max(last, span[1]))
        if box is not None and (known := box_of(box)) is not None:
            self._add_box(known)

    def spatial(self) -> list[Numbers]:
        """Return the boxes that a collection's `extent` has: one, of the world where no item says a place."""
        if self._flat is None:
            return [_WORLD]
        south, west, north, east = self._flat
        if self._crosses:
            west, east = self._around()
        if self._heights is None:
            return [[west, south, east, north]]
        return [[west, south, self._heights[0], east, north, self._heights[1]]]

    def temporal(self) -> list[list[str | None]]:
        """Return the intervals that it has: one, open where no item says a time."""
        return [[None, None] if self._span is None else [format_instant(instant) for instant in self._span]]

    def _add_box(self, box: Box) -> None:
        flat = self._flat or [box.south, box.west, box.north, box.east]
        self._flat = [
            min(flat[0], box.south),
            min(flat[1], box.west, box.east),
            max(flat[2], box.north),
            max(flat[3], box.west, box.east),
        ]
        if not box.has_heights:
            self._heights = None
        elif self._heights is not None:
            self._heights = [min(self._heights[0], box.bottom), max(self._heights[1], box.top)]
        if box.crosses:
            self._crosses = True
            self._join(box.west, math.inf)
            self._join(-math.inf, box.east)
        else:
            self._join(box.west, box.east)

    def _join(self, west: float, east: float) -> None:
        """Take in a stretch of longitudes: those that it touches become one with it."""
        stretches = self._stretches
        start = bisect_left(stretches, west, key=lambda one: one[1])
        stop = start
        while stop < len(stretches) and stretches[stop][0] <= east:
            west, east = min(west, stretches[stop][0]), max(east, stretches[stop][1])
            stop += 1
        stretches[start:stop] = [(west, east)]
        if len(stretches) > _STRETCHES:
            gaps = [after[0] - before[1] for before, after in pairwise(stretches)]
            near = gaps.index(min(gaps))
            stretches[near : near + 2] = [(stretches[near][0], stretches[near + 1][1])]

    def _around(self) -> tuple[float, float]:
        """Return west and east of the box that crosses the antimeridian, and leaves out the widest gap."""
        stretches = self._stretches
        gaps = [(after[0] - before[1], before[1], after[0]) for before, after in pairwise(stretches)]
        if not gaps:
            return -_HALF, _HALF
        _, end, begin = max(gaps)
        return begin, end


def extent_of(item: Item) -> tuple[Numbers | None, Span | None]:
    """Return what an item covers, as `Extent.add` takes it."""
    return box_of_item(item), span_of(item)
