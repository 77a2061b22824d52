"""Instants as text to columns of timestamps, without losing a digit.

The column is for searching. Where an instant has more to it than a timestamp holds, its text is kept beside it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.errors import ItemError

MICROSECONDS = pa.timestamp("us", "UTC")
NANOSECONDS = pa.timestamp("ns", "UTC")
"""For the years 1678 to 2261 only."""

_TEXT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?([Zz]|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
_LEAP = "60"
_YEARS = [int(day.astype("<M8[us]").astype(np.int64)) for day in np.array(["0000-01-01", "10000-01-01"], "<M8[D]")]
"""The first instant that RFC 3339 can say in UTC, and the first one after these. An offset can put one beyond."""


class Instants(NamedTuple):
    """A column of timestamps."""

    column: pa.Array
    texts: pa.Array | None
    """Where the timestamp doesn't say the same, what was given; None where it does everywhere."""


class _Moment(NamedTuple):
    """An instant in the form that Arrow reads."""

    minute: str
    seconds: str
    digits: str
    """Of the fraction of a second, without zeros at its end."""
    zone: str
    text: str | None
    """As it was given, where no timestamp says the same."""

    def written(self, digits: int) -> str | None:
        if self.seconds == _LEAP:
            return None
        return f"{self.minute}:{self.seconds}{('.' + self.digits[:digits]).rstrip('.')}{self.zone}"


def instants_of(name: str, values: Sequence[Any]) -> Instants:
    """Make a column of timestamps: of microseconds, or of nanoseconds where these are needed and all of them fit.

    Args:
        name: of the property.
        values: RFC 3339 text, or None. Text without an offset is taken for UTC; it is kept as it is, as is a second
            that only a leap second is, and what is finer than the column.

    Raises:
        ItemError: a value is something else.

    """
    try:
        texts = pa.array(values, pa.string())
        return _with_those_beyond(Instants(texts.cast(MICROSECONDS), None), values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return _one_by_one(name, values)


def cut_to_microseconds(column: pa.Array) -> Instants:
    """Make microseconds of nanoseconds, with the texts of those that have more digits."""
    cut = column.cast(MICROSECONDS, safe=False)
    same = cut.cast(pa.int64()).to_pylist()
    whole = column.cast(pa.int64()).to_pylist()
    texts = column.cast(pa.timestamp("ns")).cast(pa.string()).to_pylist()
    kept = [
        None if text is None or fine == 1000 * coarse else text.replace(" ", "T") + "Z"
        for text, fine, coarse in zip(texts, whole, same, strict=True)
    ]
    return Instants(cut, pa.array(kept, pa.string()))


def _one_by_one(name: str, values: Sequence[Any]) -> Instants:
    moments = [None if value is None else _moment(name, value) for value in values]
    for kind, most in ((NANOSECONDS, 9), (MICROSECONDS, 6)):
        if most > 6 and not any(moment and len(moment.digits) > 6 for moment in moments):  # noqa: PLR2004 - microseconds
            continue
        try:
            column = pa.array([moment and moment.written(most) for moment in moments], pa.string()).cast(kind)
        except pa.ArrowInvalid:
            continue
        kept = [moment and _kept(moment, value, most) for moment, value in zip(moments, values, strict=True)]
        return _with_those_beyond(Instants(column, pa.array(kept, pa.string()) if any(kept) else None), values)
    wrong = next(value for moment, value in zip(moments, values, strict=True) if moment and not _is_day(moment))
    raise _no_instant(name, wrong)


def _with_those_beyond(made: Instants, values: Sequence[Any]) -> Instants:
    """Keep the texts of instants that UTC has no text for."""
    if made.column.type != MICROSECONDS:
        return made
    numbers = made.column.cast(pa.int64())
    extremes = pc.min_max(numbers)
    first, last = extremes["min"].as_py(), extremes["max"].as_py()
    if first is None or (first >= _YEARS[0] and last < _YEARS[1]):
        return made
    is_beyond = pc.or_(pc.less(numbers, _YEARS[0]), pc.greater_equal(numbers, _YEARS[1]))
    given = pa.array([None if value is None else str(value) for value in values], pa.string())
    others = pa.nulls(len(numbers), pa.string()) if made.texts is None else made.texts
    return made._replace(texts=pc.if_else(is_beyond.fill_null(False), given, others))


def _kept(moment: _Moment, value: Any, most: int) -> str | None:
    return value if moment.text is None and len(moment.digits) > most else moment.text


def _is_day(moment: _Moment) -> bool:
    try:
        pa.array([moment._replace(seconds="00").written(0)], pa.string()).cast(MICROSECONDS)
    except pa.ArrowInvalid:
        return False
    return True


def _moment(name: str, value: Any) -> _Moment:
    text = value.isoformat() if isinstance(value, dt.datetime) else value
    match = _TEXT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise _no_instant(name, value)
    day, clock, seconds, digits, zone = match.groups()
    moment = _Moment(
        f"{day} {clock or '00:00'}", seconds or "00", (digits or "").rstrip("0"), (zone or "Z").upper(), None
    )
    if seconds != _LEAP and (zone or text is not value):
        return moment
    if not _is_day(moment):
        raise _no_instant(name, value)
    return moment._replace(text=text)


def _no_instant(name: str, value: Any) -> ItemError:
    return ItemError(f"its {name} is {value!r:.60}, expected an RFC 3339 date and time")
