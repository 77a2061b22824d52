"""Time as a STAC API takes it: RFC 3339, and closed intervals of it, in whole microseconds since 1970 (UTC).

Written apart from the client's reading of the same text, so that a mistake in one isn't hidden by the other.
"""

import re
from datetime import UTC, datetime, timedelta

EARLIEST, LATEST = -(1 << 62), 1 << 62
"""Open ends."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_TIMESTAMP = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?P<minute>[0-9]{2}:[0-9]{2}):(?P<second>[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]+))?(?:[Zz]|(?P<offset>[+-][0-9]{2}:[0-5][0-9]))"
)
_LEAP_SECOND = 60
_OPEN = ("", "..")


def parse_instant(text: str) -> int:
    """Return an RFC 3339 timestamp as microseconds since 1970; digits past the microsecond are cut off.

    Raises:
        ValueError: it isn't one; dates alone and times without an offset aren't.

    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an RFC 3339 timestamp")
    second = int(match["second"])
    leap = second == _LEAP_SECOND
    try:
        clock = f"{match['minute']}:{second - leap:02}{match['offset'] or '+00:00'}"
        moment = datetime.fromisoformat(f"{match['date']}T{clock}")
    except ValueError as error:
        raise ValueError(f"{text!r} is not an RFC 3339 timestamp: {error}") from None
    micros = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    return (moment - _EPOCH) // _MICROSECOND + leap * _SECOND + micros


def parse_interval(text: str) -> tuple[int, int]:
    """Return start and end of a timestamp, or of two with a slash between; one of these may be open (`..` or nothing).

    Raises:
        ValueError: it is neither, both ends are open, or it ends before it starts.

    """
    parts = text.split("/")
    if len(parts) == 1:
        instant = parse_instant(text)
        return instant, instant
    if len(parts) != 2 or all(part in _OPEN for part in parts):  # noqa: PLR2004 - an interval has two ends
        raise ValueError(f"{text!r} is not an interval with a start or an end")
    start = EARLIEST if parts[0] in _OPEN else parse_instant(parts[0])
    end = LATEST if parts[1] in _OPEN else parse_instant(parts[1])
    if end < start:
        raise ValueError(f"{text!r} ends before it starts")
    return start, end
