"""Which stretch of time an item covers."""

from __future__ import annotations

from typing import Any

from stac_ingest.api.intervals import Interval, parse_instant, parse_interval
from stac_ingest.errors import ConfigurationError

TIMES = ("datetime", "start_datetime", "end_datetime")
"""The properties that say when an item is of."""


def requested_interval(text: str | None) -> Interval | None:
    """Read the setting `datetime`, to the microsecond; None where it leaves nothing out.

    Raises:
        ConfigurationError: it can't be read.

    """
    if text is None:
        return None
    try:
        interval = parse_interval(text, grain=1)
    except ValueError as error:
        raise ConfigurationError(f"datetime: {error}") from None
    return None if interval == (None, None) else interval


def span_of(item: dict[str, Any]) -> tuple[int, int] | None:
    """Return an item's first and last instant, in microseconds since 1970; None where it has none that can be read.

    An item with a start and an end covers all between, whatever its `datetime`; any other is of its `datetime`, and
    without one of its start or its end.
    """
    properties = item.get("properties")
    if type(properties) is not dict:
        return None
    start, end = parse_instant(properties.get("start_datetime")), parse_instant(properties.get("end_datetime"))
    if start is not None and end is not None:
        return (start, end) if start <= end else (end, start)
    instant = parse_instant(properties.get("datetime"))
    if instant is None:
        instant = end if start is None else start
    return None if instant is None else (instant, instant)
