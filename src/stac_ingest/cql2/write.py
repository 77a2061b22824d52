"""An expression written for a server, as CQL2 JSON and as CQL2 text: what was read in one form can be sent in the other."""

from __future__ import annotations

import math
import re
from typing import Any

import orjson

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
    match node:
        case tree.Constant(value):
            return value
        case tree.Not(inner):
            return _op("not", as_json(inner))
        case tree.Junction(op, nodes):
            return _op(op, *map(as_json, nodes))
        case tree.Comparison(op, left, right):
            return _op(op, _json(left), _json(right))
        case tree.Between(value, low, high):
            return _op("between", *map(_json, (value, low, high)))
        case tree.In(value, choices):
            return _op("in", _json(value), [*map(_json, choices)])
        case tree.Like(value, pattern):
            return _op("like", _json(value), pattern)
        case tree.IsNull(value):
            return _op("isNull", _json(value))
        case tree.Temporal(op, left, right):
            return _op(op, _json(left), _json(right))
        case tree.Intersects(area):
            shape = {"bbox": _numbers(area)} if isinstance(area, Box) else area
            return _op("s_intersects", {"property": "geometry"}, shape)


def as_text(node: Node) -> str:
    """Return an expression as CQL2 text has it."""
    match node:
        case tree.Constant(value):
            return _text(value)
        case tree.Not(inner):
            return f"NOT ({as_text(inner)})"
        case tree.Junction(op, nodes):
            return f" {op.upper()} ".join(f"({as_text(one)})" for one in nodes)
        case tree.Comparison(op, left, right):
            return f"{_text(left)} {op} {_text(right)}"
        case tree.Between(value, low, high):
            return f"{_text(value)} BETWEEN {_text(low)} AND {_text(high)}"
        case tree.In(value, choices):
            return f"{_text(value)} IN ({', '.join(map(_text, choices))})"
        case tree.Like(value, pattern):
            return f"{_text(value)} LIKE {_text(pattern)}"
        case tree.IsNull(value):
            return f"{_text(value)} IS NULL"
        case tree.Temporal(op, left, right):
            return f"{op.upper()}({_text(left)}, {_text(right)})"
        case tree.Intersects(area):
            return f"S_INTERSECTS(geometry, {_area(area)})"


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
    import shapely  # noqa: PLC0415 - few expressions have a geometry

    # With all digits: a server is asked for this very geometry.
    text: str = shapely.to_wkt(shapely.from_geojson(orjson.dumps(area).decode()), rounding_precision=-1)
    return text


def _numbers(box: Box) -> list[float]:
    return [*box] if box.has_heights else [box.west, box.south, box.east, box.north]
