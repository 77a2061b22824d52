"""From the parameters of a GET or a POST to a search. A parameter that can't be used is refused, not ignored."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ingest_bench.simulator.item_filter import OPERATORS, Condition, Filter
from ingest_bench.simulator.timestamps import parse_interval

NAMES = (
    *("bbox", "collections", "datetime", "fields", "filter", "filter-lang", "ids", "intersects", "limit", "query"),
    "sortby",
)
"""Known everywhere, below a collection too, where clients repeat its id."""
DEFAULT_LIMIT = 10
"""The specification's own."""
_DEGREES = 90
_FLAT, _SOLID = 4, 6


class InvalidParameterError(ValueError):
    """A parameter of a request can't be used: status 400. The message is for the client and starts with its name."""


@dataclass(frozen=True, slots=True)
class Search:
    """The filter of the items, how many a page holds, and where it starts."""

    filter: Filter
    limit: int
    fields: tuple[tuple[str, ...], tuple[str, ...]] | None
    """Of the items: to include and to exclude; None for all."""
    position: Any
    """The value of the paging style's own parameter; None on the first page."""


def from_query(query: Mapping[str, str]) -> dict[str, Any]:
    """Return the query of a GET as the body of the same POST.

    Args:
        query: as received, decoded.

    Raises:
        InvalidParameterError: one is given twice, or not even of the right form.

    """
    body: dict[str, Any] = {}
    for name, text in query.items():
        if name in body:
            raise InvalidParameterError(f"{name}: given twice")
        try:
            body[name] = _FROM_TEXT.get(name, str)(text)
        except ValueError:
            raise InvalidParameterError(f"{name}: {text!r} can't be read") from None
    return body


def read_search(body: Mapping[str, Any], paging: str, max_page: int) -> Search:
    """Return the search of a request.

    Args:
        body: of a POST.
        paging: the name of the parameter that says where a page starts.
        max_page: a larger limit is clamped to this.

    Raises:
        InvalidParameterError: a parameter is unknown or can't be used.

    """
    given = {name: value for name, value in body.items() if value is not None}
    for name in given:
        if name not in NAMES and name != paging:
            raise InvalidParameterError(f"{name}: unknown parameter; known are {', '.join((*NAMES, paging))}")
    if "bbox" in given and "intersects" in given:
        raise InvalidParameterError("bbox: can't be given together with intersects")

    def read(name: str, reader: Callable[[str, Any], Any]) -> Any:
        return reader(name, given[name]) if name in given else None

    wanted = Filter(
        collections=read("collections", _texts),
        ids=read("ids", _texts),
        interval=read("datetime", _interval),
        box=read("bbox", _box),
        intersects=read("intersects", _geometry),
        query=read("query", _conditions) or (),
        expression=_expression(given.get("filter"), given.get("filter-lang")),
        order=read("sortby", _order) or (),
    )
    limit = DEFAULT_LIMIT if "limit" not in given else whole("limit", given["limit"], minimum=0)
    return Search(wanted, min(limit, max_page), read("fields", _fields), given.get(paging))


def whole(name: str, value: Any, *, minimum: int) -> int:
    """Return the value, a whole number.

    Raises:
        InvalidParameterError: it isn't one, or it is too small.

    """
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise InvalidParameterError(f"{name}: {value!r} is not a whole number of {minimum} or more")
    return value


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise InvalidParameterError(f"{name}: not an array of strings")
    return tuple(value)


def _interval(name: str, value: Any) -> tuple[int, int]:
    if not isinstance(value, str):
        raise InvalidParameterError(f"{name}: not a string")
    try:
        return parse_interval(value)
    except ValueError as error:
        raise InvalidParameterError(f"{name}: {error}") from None


def _box(name: str, value: Any) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) not in (_FLAT, _SOLID) or not all(map(_is_number, value)):
        raise InvalidParameterError(f"{name}: not an array of four or six numbers")
    west, south, *bottom, east, north = value if len(value) == _FLAT else (*value[:3], *value[3:5])
    low, high = (bottom[0], value[5]) if bottom else (-math.inf, math.inf)
    if not -_DEGREES <= south <= north <= _DEGREES:
        raise InvalidParameterError(f"{name}: latitudes {south} to {north} are not in order, or off the globe")
    if low > high:
        raise InvalidParameterError(f"{name}: elevations {low} to {high} are not in order")
    return west, south, low, east, north, high


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _geometry(name: str, value: Any) -> str:
    import shapely  # noqa: PLC0415 - few searches need it

    if not isinstance(value, dict):
        raise InvalidParameterError(f"{name}: not a GeoJSON geometry")
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    try:
        usable = not shapely.from_geojson(text).is_empty
    except shapely.GEOSException:
        usable = False
    if not usable:
        raise InvalidParameterError(f"{name}: not a GeoJSON geometry")
    return text


def _conditions(name: str, value: Any) -> tuple[Condition, ...]:
    if not isinstance(value, dict) or not all(isinstance(tests, dict) for tests in value.values()):
        raise InvalidParameterError(f"{name}: not an object of objects, such as {{'eo:cloud_cover': {{'lt': 10}}}}")
    return tuple(
        Condition(of, test, _operand(name, test, operand))
        for of, tests in value.items()
        for test, operand in tests.items()
    )


def _operand(name: str, test: str, operand: Any) -> Any:
    if test not in OPERATORS:
        raise InvalidParameterError(f"{name}: unknown operator {test!r}; known are {', '.join(OPERATORS)}")
    if (test == "in") != isinstance(operand, list) or isinstance(operand, dict):
        raise InvalidParameterError(f"{name}: {operand!r} doesn't go with {test}")
    if isinstance(operand, list):
        if any(isinstance(part, list | dict) for part in operand):
            raise InvalidParameterError(f"{name}: {test} takes an array of plain values")
        return tuple(operand)
    return operand


def _expression(value: Any, language: Any) -> str | None:
    """Read an expression, and give it as CQL2 JSON."""
    if value is None:
        return None
    from stac_ingest.cql2 import expression_of  # noqa: PLC0415 - few searches have one
    from stac_ingest.errors import ConfigurationError  # noqa: PLC0415 - same

    if language not in (None, "cql2-text", "cql2-json") or (language == "cql2-text" and not isinstance(value, str)):
        raise InvalidParameterError(f"filter-lang: {language!r} doesn't go with the filter")
    try:
        return orjson.dumps(expression_of("filter", value).json).decode()
    except ConfigurationError as error:
        raise InvalidParameterError(str(error)) from None


def _order(name: str, value: Any) -> tuple[tuple[str, bool], ...]:
    if not isinstance(value, list) or not all(
        isinstance(one, dict) and isinstance(one.get("field"), str) for one in value
    ):
        raise InvalidParameterError(f"{name}: not an array of objects with a field and a direction")
    return tuple((one["field"], one.get("direction") == "desc") for one in value)


def _fields(name: str, value: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not isinstance(value, dict):
        raise InvalidParameterError(f"{name}: not an object with include and exclude")
    return _texts(name, value.get("include", [])), _texts(name, value.get("exclude", []))


def _order_of_text(text: str) -> list[dict[str, str]]:
    return [{"field": one.lstrip("+-"), "direction": "desc" if one[:1] == "-" else "asc"} for one in text.split(",")]


def _fields_of_text(text: str) -> dict[str, list[str]]:
    named = [one for one in text.split(",") if one]
    return {
        "include": [one.removeprefix("+") for one in named if one[0] != "-"],
        "exclude": [one[1:] for one in named if one[0] == "-"],
    }


_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "bbox": lambda text: [float(part) for part in text.split(",")],
    "collections": lambda text: text.split(","),
    "fields": _fields_of_text,
    "ids": lambda text: text.split(","),
    "intersects": orjson.loads,
    "limit": int,
    "offset": int,
    "page": int,
    "query": orjson.loads,
    "sortby": _order_of_text,
}
