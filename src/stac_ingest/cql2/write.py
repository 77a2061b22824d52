"""An expression written as CQL2 JSON and as CQL2 text: what was read in one form can be sent in the other."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from stac_ingest.api.intervals import format_instant
from stac_ingest.cql2 import tree
from stac_ingest.cql2.tree import Moment, Node, Period, Property
from stac_ingest.filters.boxes import Box

_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_:.]*")
_WORDS = frozenset(
    {
        *("and", "or", "not", "in", "like", "between", "is", "null", "true", "false"),
        *("timestamp", "date", "interval", "bbox", *tree.FUNCTIONS),
    }
)
"""Words that are no names of properties, unless they are quoted."""


def as_json(node: Node) -> Any:
    """Return an expression as CQL2 JSON has it."""
    return _AS_JSON[type(node)](node)


def as_text(node: Node) -> str:
    """Return an expression as CQL2 text has it."""
    return _AS_TEXT[type(node)](node)


def _op(op: str, *args: Any) -> dict[str, Any]:
    return {"op": op, "args": [*args]}


def _json(value: Any) -> Any:
    match value:
        case Property(name):
            return {"property": name}
        case Moment():
            kind, text = _moment(value)
            return {kind: text}
        case Period(start, end):
            return {"interval": [_json(one) if isinstance(one, Property) else _end(one) for one in (start, end)]}
    return value


def _text(value: Any) -> str:
    match value:
        case bool():
            return str(value).upper()
        case str():
            return "'" + value.replace("'", "''") + "'"
        case Property(name):
            plain = _SIMPLE.fullmatch(name) and name.lower() not in _WORDS
            return name if plain else '"' + name.replace('"', '""') + '"'
        case Moment():
            kind, text = _moment(value)
            return f"{kind.upper()}('{text}')"
        case Period(start, end):
            ends = (_text(one) if isinstance(one, Property) else f"'{_end(one)}'" for one in (start, end))
            return f"INTERVAL({', '.join(ends)})"
    return repr(value)


def _moment(moment: Moment) -> tuple[str, str]:
    text = format_instant(int(moment.first))
    return ("timestamp", text) if moment.first == moment.last else ("date", text[:10])


def _end(instant: float) -> str:
    return ".." if math.isinf(instant) else format_instant(int(instant))


def _area(area: Box | dict[str, Any]) -> str:
    if isinstance(area, Box):
        return f"BBOX({', '.join(map(repr, _numbers(area)))})"
    return _wkt(area)


def _wkt(area: dict[str, Any]) -> str:
    """Write a geometry of GeoJSON with all digits, of which GEOS writes 16: a server is asked for this very one."""
    kind = area["type"].upper()
    if kind == "GEOMETRYCOLLECTION":
        return f"{kind}({', '.join(map(_wkt, area['geometries']))})"
    text = _positions(area["coordinates"])
    return f"{kind}({text})" if kind == "POINT" else f"{kind}{text}"


def _positions(value: Any) -> str:
    if not isinstance(value[0], list):
        return " ".join(map(repr, value))
    return f"({', '.join(map(_positions, value))})"


def _numbers(box: Box) -> list[float]:
    return [*box] if box.has_heights else [box.west, box.south, box.east, box.north]


def _intersects(node: tree.Intersects) -> Any:
    area = {"bbox": _numbers(node.area)} if isinstance(node.area, Box) else node.area
    return _op("s_intersects", {"property": "geometry"}, area)


_AS_JSON: dict[type, Callable[[Any], Any]] = {
    tree.Between: lambda node: _op("between", *map(_json, (node.value, node.low, node.high))),
    tree.Comparison: lambda node: _op(node.op, _json(node.left), _json(node.right)),
    tree.Constant: lambda node: node.value,
    tree.In: lambda node: _op("in", _json(node.value), [*map(_json, node.choices)]),
    tree.Intersects: _intersects,
    tree.IsNull: lambda node: _op("isNull", _json(node.value)),
    tree.Junction: lambda node: _op(node.op, *map(as_json, node.nodes)),
    tree.Like: lambda node: _op("like", _json(node.value), node.pattern),
    tree.Not: lambda node: _op("not", as_json(node.node)),
    tree.Temporal: lambda node: _op(node.op, _json(node.left), _json(node.right)),
}
_AS_TEXT: dict[type, Callable[[Any], str]] = {
    tree.Between: lambda node: f"{_text(node.value)} BETWEEN {_text(node.low)} AND {_text(node.high)}",
    tree.Comparison: lambda node: f"{_text(node.left)} {node.op} {_text(node.right)}",
    tree.Constant: lambda node: _text(node.value),
    tree.In: lambda node: f"{_text(node.value)} IN ({', '.join(map(_text, node.choices))})",
    tree.Intersects: lambda node: f"S_INTERSECTS(geometry, {_area(node.area)})",
    tree.IsNull: lambda node: f"{_text(node.value)} IS NULL",
    tree.Junction: lambda node: f" {node.op.upper()} ".join(f"({as_text(one)})" for one in node.nodes),
    tree.Like: lambda node: f"{_text(node.value)} LIKE {_text(node.pattern)}",
    tree.Not: lambda node: f"NOT ({as_text(node.node)})",
    tree.Temporal: lambda node: f"{node.op.upper()}({_text(node.left)}, {_text(node.right)})",
}
