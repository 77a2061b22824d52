"""Stretches of time that were read, and what they leave of others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from stac_ingest.api.intervals import Interval


def united(stretches: Iterable[Interval]) -> list[Interval]:
    """Sort stretches, and join those that touch."""
    found: list[Interval] = []
    for stretch in sorted(stretches, key=_start):
        if found and _start(stretch) <= _end(found[-1]):
            if _end(stretch) > _end(found[-1]):
                found[-1] = Interval(found[-1].start, stretch.end)
        else:
            found.append(stretch)
    return found


def left_of(whole: Interval, read: Sequence[Interval]) -> list[Interval]:
    """Give what `read`, as `united` gives it, leaves of an interval. It shares its edges with what was read."""
    if any(_start(stretch) <= _start(whole) and _end(whole) <= _end(stretch) for stretch in read):
        return []
    left = []
    at = whole.start
    for stretch in read:
        if _end(stretch) < _from(at) or _start(stretch) > _end(whole):
            continue
        if _start(stretch) > _from(at):
            left.append(Interval(at, stretch.start))
        at = stretch.end
        if at is None:
            return left
    if not left or _from(at) < _end(whole):
        left.append(Interval(at, whole.end))
    return left


def _from(instant: int | None) -> float:
    return -math.inf if instant is None else instant


def _start(interval: Interval) -> float:
    return _from(interval.start)


def _end(interval: Interval) -> float:
    return math.inf if interval.end is None else interval.end
