"""The conditions of the STAC API's query extension: `{"eo:cloud_cover": {"lt": 10}}`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stac_ingest.api.intervals import parse_instant
from stac_ingest.core.similar_names import did_you_mean
from stac_ingest.errors import ConfigurationError

Condition = Callable[[dict[str, Any]], bool | None]
"""Says whether a condition holds of an item; None where the item hasn't the property."""

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
_OF_TEXT: dict[str, Callable[[Any, Any], bool]] = {"startsWith": str.startswith, "endsWith": str.endswith}
OPERATORS = (*_COMPARISONS, "in", *_OF_TEXT, "contains")

_MEMBERS = ("id", "collection")
"""Members of an item that a query names like properties."""


def conditions_of(query: Mapping[str, Any]) -> list[Condition]:
    """Make the conditions of a query, all of which must hold.

    An item without the property, with null, or with a value of another kind, holds none of them. Texts that are both
    timestamps are compared as instants.

    Raises:
        ConfigurationError: an operator is unknown, or its value is of the wrong kind.

    """
    return list(_conditions(query))


def _conditions(query: Mapping[str, Any]) -> Iterator[Condition]:
    for name, tests in query.items():
        if not isinstance(tests, Mapping):
            raise ConfigurationError(f'query: {name} needs an operator and a value, as {{"{name}": {{"eq": ...}}}}')
        for test, wanted in tests.items():
            if test not in OPERATORS:
                raise ConfigurationError(f"query: {name}: unknown operator {test!r}; {did_you_mean(test, OPERATORS)}")
            yield _condition(name, _test(name, test, wanted))


def _test(name: str, test: str, wanted: Any) -> Callable[[Any], bool]:
    if test == "in":
        if not isinstance(wanted, list):
            raise ConfigurationError(f"query: {name}: `in` takes a list of values, not {wanted!r:.60}")
        choices = [_comparison(operator.eq, choice) for choice in wanted]
        return lambda value: any(choice(value) for choice in choices)
    if wanted is None or isinstance(wanted, dict | list) or (test in _OF_TEXT and not isinstance(wanted, str)):
        raise ConfigurationError(f"query: {name}: {wanted!r:.60} doesn't go with {test}")
    if test == "contains":
        return lambda value: _contains(value, wanted)
    if test in _OF_TEXT:
        of_text = _OF_TEXT[test]
        return lambda value: isinstance(value, str) and of_text(value, wanted)
    return _comparison(_COMPARISONS[test], wanted)


def _comparison(compare: Callable[[Any, Any], bool], wanted: Any) -> Callable[[Any], bool]:
    kind, instant = _kind(wanted), _timestamp(wanted)

    def holds(value: Any) -> bool:
        if _kind(value) is not kind:
            return False
        if instant is not None and (own := _timestamp(value)) is not None:
            return compare(own, instant)
        return compare(value, wanted)

    return holds


def _timestamp(value: Any) -> int | None:
    # A date alone may be the number of something.
    return parse_instant(value) if isinstance(value, str) and ":" in value else None


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(value, list):
        return any(_kind(member) is _kind(wanted) and member == wanted for member in value)
    return isinstance(value, str) and isinstance(wanted, str) and wanted in value


def _kind(value: Any) -> type | None:
    """Tell kinds of values apart that are compared with one another: True is not 1, and 1 is 1.0."""
    kind = type(value)
    return float if kind is int else kind if kind in (str, float, bool) else None


def _condition(name: str, test: Callable[[Any], bool]) -> Condition:
    prefix, _, rest = name.partition(".")
    bare = rest if prefix == "properties" and rest else name

    def holds(item: dict[str, Any]) -> bool | None:
        properties = item.get("properties")
        value = properties.get(bare) if type(properties) is dict else None
        if value is None and name in _MEMBERS:
            value = item.get(name)
        return None if value is None else test(value)

    return holds
