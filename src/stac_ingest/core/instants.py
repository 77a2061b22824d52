"""Instants as text: which properties are some, and how the same instant is written in one way only."""

from __future__ import annotations

import datetime as dt
import re

INSTANTS = frozenset(
    {"datetime", "start_datetime", "end_datetime", "created", "updated", "published", "expires", "unpublished"}
)
"""Properties that are instants, which GeoParquet stores as timestamps and not as text."""

_TEXT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:[Zz]|([+-])(\d\d):?(\d\d)?)", re.ASCII)


def same_instant(text: str) -> str:
    """Return an instant in UTC, with capitals and without zeros at its end: the same text for the same instant.

    What is no instant of RFC 3339 with an offset, such as one without, comes back as it is.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        return text
    day, minute, second, digits, sign, hours, minutes = match.groups()
    if sign is not None and (hours != "00" or minutes not in {"00", None}):
        shift = dt.timedelta(hours=int(hours), minutes=int(minutes or 0))
        try:
            there = dt.datetime.fromisoformat(f"{day}T{minute}")
            moment = (there - shift if sign == "+" else there + shift).isoformat()
        except (ValueError, OverflowError):
            return text
        day, _, minute = moment[:16].partition("T")
    fraction = (digits or "").rstrip("0")
    return f"{day}T{minute}:{second or '00'}{'.' if fraction else ''}{fraction}Z"
