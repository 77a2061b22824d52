"""Time intervals as a STAC API takes them, in whole microseconds since 1970 (UTC)."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

SECOND = 1_000_000
MILLISECOND = 1_000
DAY = 86_400 * SECOND
_ODD = 503 * MILLISECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
LATEST = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}.*")
_OPEN = ("", "..")


class Interval(NamedTuple):
    """A closed interval; None is an open end."""

    start: int | None
    end: int | None

    def __str__(self) -> str:
        """Write it as the `datetime` parameter."""
        if self.start is not None and self.start == self.end:
            return format_instant(self.start)
        ends = (".." if end is None else format_instant(end) for end in self)
        return "/".join(ends)


UNBOUNDED = Interval(None, None)

_DEFAULT_SPAN = 10 * 365 * DAY
"""How far back the items of a collection without a start in time are expected to reach."""


def expected_span(extent: Interval, requested: Interval, latest: int) -> tuple[int, int]:
    """Start and end of where in time items are expected: a collection's extent within the interval requested.

    `latest` is the instant that stands for an open end. All are in microseconds.
    """
    end = min((e for e in (extent.end, requested.end) if e is not None), default=latest)
    start = max((s for s in (extent.start, requested.start) if s is not None), default=end - _DEFAULT_SPAN)
    return min(start, end), max(start, end)


def parse_interval(text: str, *, grain: int = SECOND) -> Interval:
    """Read `2024`, `2024-05`, `2024-05-01`, a timestamp, or two of these (or `..`) with a slash between.

    A date without a time stands for all of it: its first instant at a start, its last one at an end.

    Args:
        text: as a user writes it.
        grain: how far before the next date the last instant of a date is: a second for servers, which may take no
            fractions of one.

    Raises:
        ValueError: it is none of these, or ends before it starts.

    """
    parts = text.strip().split("/")
    if len(parts) == 1:
        start, end = _first_and_last(parts[0], grain)
        return Interval(start, end)
    if len(parts) != 2:  # noqa: PLR2004 - an interval has two ends
        raise ValueError(f"{text!r} is not a time interval")
    interval = Interval(*(None if p in _OPEN else _first_and_last(p, grain)[i] for i, p in enumerate(parts)))
    if interval.start is not None and interval.end is not None and interval.start > interval.end:
        raise ValueError(f"{text!r} ends before it starts")
    return interval


def parse_instant(text: object) -> int | None:
    """Read a timestamp or the start of a date; None for anything else."""
    try:
        return _first_and_last(text)[0] if isinstance(text, str) else None
    except ValueError:
        return None


def format_instant(instant: int) -> str:
    """Write microseconds as RFC 3339, with no more digits than needed."""
    moment = _EPOCH + timedelta(microseconds=instant)
    spec = "seconds" if instant % SECOND == 0 else "milliseconds" if instant % MILLISECOND == 0 else "microseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def cut_near(instant: int, length: int) -> int:
    """Choose an instant to cut a stretch of time of some length at, less than a second away.

    Items often lie on whole seconds, days or months, so a cut that isn't on one has fewer items on it to fetch twice.
    """
    grain, off = (SECOND, _ODD) if length > 10 * SECOND else (MILLISECOND, 0)
    return instant // grain * grain + off


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """Sort intervals and join those that touch."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=_start):
        if merged and _start(interval) <= _end(merged[-1]):
            if _end(interval) > _end(merged[-1]):
                merged[-1] = Interval(merged[-1].start, interval.end)
        else:
            merged.append(interval)
    return merged


def remaining(whole: Interval, read: Sequence[Interval]) -> list[Interval]:
    """List the parts of an interval outside of `read`, which comes from `merge`. They share their edges with it."""
    if any(_start(interval) <= _start(whole) and _end(whole) <= _end(interval) for interval in read):
        return []
    rest = []
    at = whole.start
    for interval in read:
        if _end(interval) < _from(at) or _start(interval) > _end(whole):
            continue
        if _start(interval) > _from(at):
            rest.append(Interval(at, interval.start))
        at = interval.end
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


def _first_and_last(text: str, grain: int = SECOND) -> tuple[int, int]:
    if _TIMESTAMP.fullmatch(text):
        leap = text[17:19] == "60"  # a leap second, which Python has no time for
        moment = datetime.fromisoformat((f"{text[:17]}59{text[19:]}" if leap else text).upper())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        since = moment - _EPOCH
        # A third of the time of dividing it: it is done for each item of an API.
        instant = (since.days * 86_400 + since.seconds + leap) * SECOND + since.microseconds
        return instant, instant
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a date or a timestamp")
    year, month, day = (int(group) if group else None for group in match.groups())
    if year is None:  # the pattern always has a year
        raise ValueError(text)
    first = datetime(year, month or 1, day or 1, tzinfo=UTC)
    last_month = month or 12
    last_day = day or calendar.monthrange(year, last_month)[1]
    last = datetime(year, last_month, last_day, 23, 59, 59, tzinfo=UTC)
    end = (last - _EPOCH) // timedelta(microseconds=1) + SECOND - grain
    return (first - _EPOCH) // timedelta(microseconds=1), end
