"""The temporal operators, on stretches of time; an instant is one without length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stac_ingest.core.model import Item
from stac_ingest.cql2.tree import Moment, Period, Property, Temporal, Time
from stac_ingest.cql2.values import Answer, moment_of

Getter = Callable[[Item], Any]
_Span = tuple[float, float]

_TESTS: dict[str, Callable[[_Span, _Span], bool]] = {
    "t_after": lambda one, other: one[0] > other[1],
    "t_before": lambda one, other: one[1] < other[0],
    "t_contains": lambda one, other: one[0] < other[0] and other[1] < one[1],
    "t_disjoint": lambda one, other: one[1] < other[0] or one[0] > other[1],
    "t_during": lambda one, other: other[0] < one[0] and one[1] < other[1],
    "t_equals": lambda one, other: one == other,
    "t_intersects": lambda one, other: one[0] <= other[1] and one[1] >= other[0],
}
"""As the standard defines them, by starts and ends: what is during an interval touches neither of its ends."""


def temporal_of(node: Temporal, getter: Callable[[str], Getter]) -> Callable[[Item], Answer]:
    """Make the function that says whether a temporal operator holds of an item."""
    test, left, right = _TESTS[node.op], _span_of(node.left, getter), _span_of(node.right, getter)

    def holds(item: Item) -> Answer:
        one = left(item)
        if one is None:
            return None
        other = right(item)
        return None if other is None else test(one, other)

    return holds


def _span_of(time: Time, getter: Callable[[str], Getter]) -> Callable[[Item], _Span | None]:
    """Make the function that gives a time of an item, its first and last instant; None where it isn't known."""
    if isinstance(time, Moment):
        moment = (time.first, time.last)
        return lambda _: moment
    if isinstance(time, Period):
        start, end = _end_of(time.start, getter, last=False), _end_of(time.end, getter, last=True)
        return lambda item: _ordered(start(item), end(item))
    value_of = getter(time.name)

    def span(item: Item) -> _Span | None:
        own = moment_of(value_of(item))
        return None if own is None else (own.first, own.last)

    return span


def _end_of(end: float | Property, getter: Callable[[str], Getter], *, last: bool) -> Callable[[Item], float | None]:
    if not isinstance(end, Property):
        return lambda _: end
    value_of = getter(end.name)

    def instant(item: Item) -> float | None:
        own = moment_of(value_of(item))
        return None if own is None else own.last if last else own.first

    return instant


def _ordered(start: float | None, end: float | None) -> _Span | None:
    if start is None or end is None:
        return None
    return (start, end) if start <= end else (end, start)  # an item that ends before it starts, as `datetime` has it
