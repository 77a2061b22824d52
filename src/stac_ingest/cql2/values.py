"""How values of an item are compared: true, false, or unknown (None) where one is null or they are of unlike kinds."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from stac_ingest.api.intervals import parse_instant
from stac_ingest.cql2.tree import Moment

Answer = bool | None
Test = Callable[[Any], Answer]

_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""Each comparison as it is from right to left."""


def comparison(op: str, wanted: Any) -> Test:
    """Make the test that compares a value of an item with another one.

    Numbers are compared with numbers, texts with texts, truth values with each other. Texts that are both timestamps
    are compared as instants, as the query extension's are here. A timestamp or date is compared with a text that is
    one: an instant is before a day, in it, or after it.
    """
    if isinstance(wanted, Moment):
        return _comparison_with_time(op, wanted)
    compare, kind = _COMPARED[op], kind_of(wanted)
    if kind is None:
        return _unknown
    instant = _timestamp(wanted) if kind is str else None
    if instant is None:
        return lambda value: compare(value, wanted) if kind_of(value) is kind else None

    def of_texts(value: Any) -> Answer:
        if type(value) is not str:
            return _comparison_with_time(op, Moment(instant, instant))(value) if type(value) is Moment else None
        own = _timestamp(value)
        return compare(value, wanted) if own is None else compare(own, instant)

    return of_texts


def kind_of(value: Any) -> type | None:
    """Tell kinds of values apart that are compared with one another: True is not 1, and 1 is 1.0."""
    kind = type(value)
    return float if kind is int else kind if kind in (str, float, bool) else None


def moment_of(value: Any) -> Moment | None:
    """Take a value for a time; None where it is none. A date stands for its first instant."""
    if type(value) is Moment:
        return value
    try:
        instant = parse_instant(value)
    except OverflowError:
        return None
    return None if instant is None else Moment(instant, instant)


def _comparison_with_time(op: str, wanted: Moment) -> Test:
    first, last = wanted.first, wanted.last
    tests: dict[str, Callable[[Moment], bool]] = {
        "=": lambda own: first <= own.first and own.last <= last,
        "<>": lambda own: own.first < first or last < own.last,
        "<": lambda own: own.last < first,
        "<=": lambda own: own.last <= last,
        ">": lambda own: own.first > last,
        ">=": lambda own: own.first >= first,
    }
    test = tests[op]

    def of_times(value: Any) -> Answer:
        own = moment_of(value)
        return None if own is None else test(own)

    return of_times


def _timestamp(value: str) -> int | None:
    # A date alone may be the number of something.
    if ":" not in value:
        return None
    try:
        return parse_instant(value)
    except OverflowError:
        return None


def _unknown(_: Any) -> None:
    return None
