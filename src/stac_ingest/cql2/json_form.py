"""CQL2 JSON: `{"op": "<", "args": [{"property": "eo:cloud_cover"}, 10]}`."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from stac_ingest.core.shapes import GEOMETRY_WORDS, checked_geometry
from stac_ingest.core.similar_names import did_you_mean
from stac_ingest.cql2 import tree
from stac_ingest.cql2.bounds import DEEPEST, MOST_PARTS, TOO_DEEP
from stac_ingest.cql2.tree import Node, Operand, Property

_T = TypeVar("_T")
_OPERATORS = ("and", "or", "not", *tree.COMPARISONS, "between", "in", "like", "isNull", *tree.FUNCTIONS)
_VALUE = 'a number, a text, true, false, {"property": ...}, {"timestamp": ...} or {"date": ...}'
_AREA = '{"bbox": [...]} or a GeoJSON geometry'


class Unfit(Exception):  # noqa: N818 - never leaves the package
    """What is wrong with an expression, and where, such as `args[1].op`."""

    def __init__(self, what: str, place: str) -> None:
        """Keep both."""
        super().__init__(what)
        self.place = place


def node_of_json(value: Any) -> Node:
    """Read an expression.

    Raises:
        Unfit: saying what was expected, and where.

    """
    return _Reader().node(value, "", 0)


class _Reader:
    """Reads one expression, and counts its parts."""

    def __init__(self) -> None:
        self._parts = 0

    def node(self, value: Any, place: str, depth: int) -> Node:
        """Read an expression that is true or false."""
        self._count(place, depth)
        if isinstance(value, bool):
            return tree.Constant(value)
        if not isinstance(value, dict) or "op" not in value:
            raise Unfit(f'expected {{"op": ..., "args": [...]}}, true or false, found {_shown(value)}', place)
        op, args = value["op"], value.get("args")
        if not isinstance(op, str) or op not in _OPERATORS:
            raise Unfit(f"unknown operator {_shown(op)}; {did_you_mean(op, _OPERATORS)}", _in(place, "op"))
        place = _in(place, "args")
        if not isinstance(args, list):
            raise Unfit(f"expected a list, found {_shown(args)}", place)
        if op in ("and", "or"):
            if not args:
                raise Unfit("expected one expression at least", place)
            nodes = tuple(self.node(arg, f"{place}[{number}]", depth + 1) for number, arg in enumerate(args))
            return nodes[0] if len(nodes) == 1 else tree.Junction(op, nodes)
        count = {"not": 1, "isNull": 1, "between": 3}.get(op, 2)
        if len(args) != count:
            raise Unfit(f"{op} takes {count}, not {len(args)}", place)
        return self._made(op, args, place, depth)

    def _made(self, op: str, args: list[Any], place: str, depth: int) -> Node:
        first, second = f"{place}[0]", f"{place}[1]"
        if op == "not":
            return tree.Not(self.node(args[0], first, depth + 1))
        if op in tree.TEMPORAL:
            return tree.Temporal(op, self._time(args[0], first), self._time(args[1], second))
        value = self._operand(args[0], first)
        if op in tree.COMPARISONS:
            return tree.Comparison(op, value, self._operand(args[1], second))
        if op == "between":
            return tree.Between(value, self._operand(args[1], second), self._operand(args[2], f"{place}[2]"))
        if op == "in":
            return tree.In(value, self._choices(args[1], second))
        if not isinstance(value, Property):
            raise Unfit(f'expected {{"property": ...}}, found {_shown(args[0])}', first)
        return self._of_property(op, value, args, place)

    def _of_property(self, op: str, value: Property, args: list[Any], place: str) -> Node:
        if op == "isNull":
            return tree.IsNull(value)
        second = f"{place}[1]"
        if op in tree.SPATIAL:
            if value != Property("geometry"):
                raise Unfit('expected {"property": "geometry"}, the only one that an item has', f"{place}[0]")
            return tree.Intersects(self._area(args[1], second))
        if not isinstance(args[1], str):
            raise Unfit(f"expected a text, found {_shown(args[1])}", second)
        return tree.Like(value, args[1])

    def _choices(self, value: Any, place: str) -> tuple[Operand, ...]:
        if not isinstance(value, list) or not value:
            raise Unfit(f"expected a list of values, found {_shown(value)}", place)
        return tuple(self._operand(choice, f"{place}[{number}]") for number, choice in enumerate(value))

    def _operand(self, value: Any, place: str) -> Operand:
        self._count(place, 0)
        if isinstance(value, str | bool):
            return value
        if isinstance(value, int | float):
            return self._number(value, place)
        for name, make in _MADE.items():
            if isinstance(value, dict) and isinstance(value.get(name), str):
                return _checked(place, partial(make, value[name]))
        raise Unfit(f"expected {_VALUE}, found {_shown(value)}", place)

    def _number(self, value: Any, place: str) -> int | float:
        try:
            if not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value):
                return value
        except OverflowError:
            pass
        raise Unfit(f"expected a number within the range of floats, found {_shown(value)}", place)

    def _time(self, value: Any, place: str) -> tree.Time:
        ends = value.get("interval") if isinstance(value, dict) else None
        if ends is None:
            operand = self._operand(value, place)
            return _checked(place, lambda: tree.time_of(operand))
        inside = _in(place, "interval")
        if not isinstance(ends, list) or len(ends) != 2:  # noqa: PLR2004 - an interval has two ends
            raise Unfit(f"expected two ends, found {_shown(ends)}", inside)
        start, end = (self._end(one, f"{inside}[{number}]", last=number == 1) for number, one in enumerate(ends))
        return _checked(inside, lambda: tree.period(start, end))

    def _end(self, value: Any, place: str, *, last: bool) -> float | Property:
        if isinstance(value, str):
            return _checked(place, lambda: tree.end_of(value, last=last))
        operand = self._operand(value, place)
        if isinstance(operand, Property):
            return operand
        raise Unfit(f'expected a date or a timestamp, ".." or {{"property": ...}}, found {_shown(value)}', place)

    def _area(self, value: Any, place: str) -> Any:
        if isinstance(value, dict) and isinstance(value.get("bbox"), list):
            inside = _in(place, "bbox")
            numbers = [float(self._number(one, f"{inside}[{number}]")) for number, one in enumerate(value["bbox"])]
            return _checked(inside, lambda: tree.box(numbers))
        if isinstance(value, dict) and str(value.get("type")).lower() in GEOMETRY_WORDS:
            return _checked(place, lambda: checked_geometry(value))
        raise Unfit(f"expected {_AREA}, found {_shown(value)}", place)

    def _count(self, place: str, depth: int) -> None:
        self._parts += 1
        if depth > DEEPEST:
            raise Unfit(TOO_DEEP, place)
        if self._parts > MOST_PARTS:
            raise Unfit(f"more than {MOST_PARTS} parts", place)


_MADE: dict[str, Callable[[str], Operand]] = {
    "property": tree.property_of,
    "timestamp": tree.timestamp,
    "date": tree.date,
}


def _checked(place: str, make: Callable[[], _T]) -> _T:
    try:
        return make()
    except ValueError as error:
        raise Unfit(str(error), place) from None


def _in(place: str, member: str) -> str:
    return f"{place}.{member}" if place else member


def _shown(value: Any) -> str:
    """Show the beginning of what was found; a deep or long one isn't walked through."""
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "nothing" if value is None else f"{value!r:.40}" if not isinstance(value, int) else "a whole number"
