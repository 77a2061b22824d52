"""What an expression consists of. Each part is checked as it is made, by functions that both forms use."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stac_ingest.api.intervals import parse_interval
from stac_ingest.core.similar_names import did_you_mean
from stac_ingest.filters.boxes import Box, requested_box

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
TEMPORAL = ("t_after", "t_before", "t_contains", "t_disjoint", "t_during", "t_equals", "t_intersects")
SPATIAL = ("s_intersects",)
FUNCTIONS = (*SPATIAL, *TEMPORAL)
MEMBERS = ("id", "collection", "geometry")
"""Members of an item that an expression names like properties."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the item, or one of its members `id`, `collection` and `geometry`."""

    name: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A timestamp, or all of a date: the first and the last instant, in microseconds since 1970. Both are closed."""

    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time; an end is an instant, infinity where it is open, or a property."""

    start: float | Property
    end: float | Property


Value = str | int | float | bool | Moment
Operand = Property | Value
Time = Property | Moment | Period


@dataclass(frozen=True, slots=True)
class Comparison:
    """One of `COMPARISONS` between two values."""

    op: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    """Whether a value is from `low` to `high`; both count."""

    value: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class In:
    """Whether a value is one of several."""

    value: Operand
    choices: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """Whether a text is of a pattern: `%` is any text, `_` a character, and a backslash takes the next one as it is."""

    value: Property
    pattern: str


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether a property is null or missing."""

    value: Property


@dataclass(frozen=True, slots=True)
class Temporal:
    """One of `TEMPORAL` between two times."""

    op: str
    left: Time
    right: Time


@dataclass(frozen=True, slots=True)
class Intersects:
    """Whether the item's geometry meets a box, or a geometry as GeoJSON has it."""

    area: Box | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    node: Node


@dataclass(frozen=True, slots=True)
class Junction:
    """Whether all of the nodes hold, or any of them."""

    op: str
    """`and` or `or`."""
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Constant:
    """True or false."""

    value: bool


Node = Comparison | Between | In | Like | IsNull | Temporal | Intersects | Not | Junction | Constant


def property_of(name: str) -> Property:
    """Name a property; `properties.` in front of it may be there.

    Raises:
        ValueError: it is empty.

    """
    if not name:
        raise ValueError("a property has no name")
    return Property(name)


def timestamp(text: str) -> Moment:
    """Read a timestamp as RFC 3339 has it.

    Raises:
        ValueError: it is none.

    """
    return _moment(text, _TIMESTAMP, "a timestamp such as 2024-05-01T00:00:00Z")


def date(text: str) -> Moment:
    """Read a date: all of the day, in UTC.

    Raises:
        ValueError: it is none.

    """
    return _moment(text, _DATE, "a date such as 2024-05-01")


def end_of(value: str | Property | None, *, last: bool) -> float | Property:
    """Read an end of an interval: a date, a timestamp, `..` for an open end, or a property.

    Raises:
        ValueError: it is none of these.

    """
    if isinstance(value, Property):
        return value
    if value is None or value in ("..", ""):
        return math.inf if last else -math.inf
    moment = date(value) if _DATE.fullmatch(value) else timestamp(value)
    return moment.last if last else moment.first


def period(start: float | Property, end: float | Property) -> Period:
    """Make a stretch of time.

    Raises:
        ValueError: it ends before it starts.

    """
    if not isinstance(start, Property) and not isinstance(end, Property) and start > end:
        raise ValueError("the interval ends before it starts")
    return Period(start, end)


def box(numbers: Sequence[float]) -> Box:
    """Make a box of west, south, east, north, or six numbers with heights.

    Raises:
        ValueError: it is none.

    """
    return requested_box(numbers)


def time_of(operand: Operand | Period) -> Time:
    """Take an operand for a time.

    Raises:
        ValueError: it is none.

    """
    if isinstance(operand, Property | Moment | Period):
        return operand
    raise ValueError("expected TIMESTAMP('...'), DATE('...'), INTERVAL('...', '...') or a property")


def unknown_function(name: str) -> str:
    """Say that there is no such function, and which there are."""
    return f"{name} is not supported; {did_you_mean(name.lower(), FUNCTIONS)}"


def _moment(text: str, pattern: re.Pattern[str], what: str) -> Moment:
    try:
        if pattern.fullmatch(text):
            found = parse_interval(text, grain=1)
            if found.start is not None and found.end is not None:
                return Moment(found.start, found.end)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{text!r:.60} is not {what}")
