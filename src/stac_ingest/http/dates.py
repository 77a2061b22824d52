"""Dates in headers of HTTP (RFC 9110)."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime


def seconds_of(text: str) -> float | None:
    """Return the time that a date is, in seconds since 1970; None for other text.

    All of HTTP's dates are in UTC, also those in its two old forms, of which one names no zone.
    """
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
