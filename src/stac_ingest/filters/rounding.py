"""What was asked for in the numbers that a column has: never narrower than it was."""

from __future__ import annotations

import numpy as np

from stac_ingest.api.intervals import Interval
from stac_ingest.filters.boxes import Box

_NANOSECONDS = 1000
_MICROSECONDS = {"s": 1_000_000, "ms": 1000, "us": 1}
_LEAST, _GREATEST = -(1 << 63), (1 << 63) - 1


def in_unit(interval: Interval, unit: str) -> tuple[int, int]:
    """Give the least and greatest tick of a unit (s, ms, us, ns) whose microsecond lies in an interval."""
    start, end = interval
    first, last = _LEAST, _GREATEST
    if unit == "ns":
        first = first if start is None else start * _NANOSECONDS
        last = last if end is None else (end + 1) * _NANOSECONDS - 1
    else:
        length = _MICROSECONDS[unit]
        first = first if start is None else -(-start // length)
        last = last if end is None else end // length
    return min(max(first, _LEAST), _GREATEST), max(min(last, _GREATEST), _LEAST)


def as_float32(box: Box) -> Box:
    """Give the box whose sides are floats of 32 bits: who is in the box is in this one, once rounded alike."""
    with np.errstate(over="ignore"):
        west, south, bottom, east, north, top = (float(np.float32(side)) for side in box)
    return Box(
        min(west, box.west),
        min(south, box.south),
        min(bottom, box.bottom),
        max(east, box.east),
        max(north, box.north),
        max(top, box.top),
    )
