"""Stretches of time that were read, and what remains of others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from stac_ingest.api.intervals import Interval


def merge(stretches: Iterable[Interval]) -> list[Interval]:
    """Sort stretches and join those that touch."""
    merged: list[Interval] = []
    for stretch in sorted(stretches, key=_start):
        if merged and _start(stretch) <= _end(merged[-1]):
            if _end(stretch) > _end(merged[-1]):
                merged[-1] = Interval(merged[-1].start, stretch.end)
        else:
            merged.append(stretch)
    return merged


def remaining(whole: Interval, read: Sequence[Interval]) -> list[Interval]:
    """List the parts of an interval outside of `read`, which comes from `merge`. They share their edges with it."""
    if any(_start(stretch) <= _start(whole) and _end(whole) <= _end(stretch) for stretch in read):
        return []
    rest = []
    at = whole.start
    for stretch in read:
        if _end(stretch) < _from(at) or _start(stretch) > _end(whole):
            continue
        if _start(stretch) > _from(at):
            rest.append(Interval(at, stretch.start))
        at = stretch.end
        if at is None:
            return rest
    if not rest or _from(at) < _end(whole):
        rest.append(Interval(at, whole.end))
    return rest


def _from(instant: int | None) -> float:
    return -math.inf if instant is None else instant


def _start(interval: Interval) -> float:
    return _from(interval.start)


def _end(interval: Interval) -> float:
    return math.inf if interval.end is None else interval.end
