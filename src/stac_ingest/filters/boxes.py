"""Bounding boxes as GeoJSON has them: four or six numbers, the west beyond the east where the antimeridian is crossed.

Numbers are compared as they are. Nothing is taken for a globe's edge, so longitudes from 0 to 360, and coordinates of
other planets, are as good as those of the Earth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

_FLAT, _SOLID = 4, 6
"""Numbers in a box without and with heights."""


class Box(NamedTuple):
    """A closed box. West of it is more than east where it crosses the antimeridian."""

    west: float
    south: float
    bottom: float
    east: float
    north: float
    top: float
    """Bottom and top are infinite where the box has no heights."""

    @property
    def crosses(self) -> bool:
        """Whether it crosses the antimeridian."""
        return self.west > self.east

    @property
    def has_heights(self) -> bool:
        """Whether it has heights."""
        return self.bottom > -math.inf or self.top < math.inf

    def overlaps(self, other: Box) -> bool:
        """Say whether two boxes have a point in common; one without heights reaches through all of them."""
        if self.north < other.south or other.north < self.south or self.top < other.bottom or other.top < self.bottom:
            return False
        before, after = self.west <= other.east, other.west <= self.east
        if self.crosses:
            return other.crosses or before or after
        return before or after if other.crosses else before and after

    def holds(self, other: Box) -> bool:
        """Say whether another box lies inside this one, heights aside; False too where only a globe's size would tell.

        A box that crosses the antimeridian is inside of one that does, and not known to be inside of any other.
        """
        if other.south < self.south or other.north > self.north:
            return False
        before, after = self.west <= other.west, other.east <= self.east
        if other.crosses:
            return self.crosses and before and after
        return before or after if self.crosses else before and after


def requested_box(numbers: Sequence[float]) -> Box:
    """Make a box of what was asked for.

    Args:
        numbers: west, south, east, north; with heights west, south, bottom, east, north, top.

    Raises:
        ValueError: it is no box.

    """
    if len(numbers) not in (_FLAT, _SOLID):
        raise ValueError(f"{len(numbers)} numbers, not 4 or 6")
    if not all(map(math.isfinite, numbers)):
        raise ValueError("numbers must be finite")
    box = _box(numbers)
    if box.south > box.north:
        raise ValueError(f"the south ({box.south:g}) is north of the north ({box.north:g})")
    if box.bottom > box.top:
        raise ValueError(f"the bottom ({box.bottom:g}) is above the top ({box.top:g})")
    return box


def box_of(value: Any) -> Box | None:
    """Make a box of an item's `bbox`; None where it has none, or something else than numbers."""
    if type(value) is not list or len(value) not in (_FLAT, _SOLID):
        return None
    for number in value:
        if type(number) is not float and type(number) is not int:
            return None
    return None if any(map(math.isnan, value)) else _box(value)


def _box(numbers: Sequence[float]) -> Box:
    if len(numbers) == _SOLID:
        return Box(*numbers)
    west, south, east, north = numbers
    return Box(west, south, -math.inf, east, north, math.inf)
