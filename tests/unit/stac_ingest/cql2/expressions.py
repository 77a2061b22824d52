"""Expressions for property tests: as CQL2 JSON, written as CQL2 text, and judged by a few lines of their own."""

from __future__ import annotations

import operator
from typing import Any

from hypothesis import strategies as st

NAMES = ["a", "b", "eo:cloud_cover", "with space", 'quo"te', "and"]
TIMES = ["2020-01-01T00:00:00Z", "2020-01-01T02:00:00+02:00", "2020-01-01T12:30:00.5Z", "2020-01-02T00:00:00Z"]
numbers = st.integers(-3, 3) | st.sampled_from([0.5, 1.0, -2.5, 2**53 + 1])
texts = st.text("ab%_' ", max_size=3)
values = numbers | texts | st.booleans()
properties = st.sampled_from(NAMES).map(lambda name: {"property": name})
moments = st.sampled_from(TIMES).map(lambda text: {"timestamp": text}) | st.just({"date": "2020-01-01"})
found_values = values | st.none() | st.sampled_from([*TIMES, "2020-01-01"]) | st.lists(numbers, max_size=1)
found = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, found_values))


def _node(op: str, *args: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*args).map(lambda made: {"op": op, "args": [*made]})


_signs = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
_operands = properties | values | moments
leaves = (
    st.booleans()
    | _signs.flatmap(lambda op: _node(op, properties, _operands) | _node(op, _operands, properties))
    | _node("between", properties, _operands, _operands)
    | _node("in", properties, st.lists(_operands, min_size=1, max_size=3))
    | _node("like", properties, st.text("ab%_", max_size=3))
    | _node("isNull", properties)
)
trees = st.recursive(
    leaves,
    lambda inner: (
        _node("not", inner)
        | st.sampled_from(["and", "or"]).flatmap(
            lambda op: st.lists(inner, min_size=2, max_size=3).map(lambda args: {"op": op, "args": args})
        )
    ),
    max_leaves=5,
)


def as_text(node: Any) -> str:
    """Write CQL2 JSON as CQL2 text."""
    if isinstance(node, bool):
        return str(node).upper()
    op, args = node["op"], node["args"]
    if op in ("and", "or"):
        return "(" + f" {op} ".join(map(as_text, args)) + ")"
    if op == "not":
        return f"NOT {as_text(args[0])}"
    first, *others = map(_operand, args)
    forms = {"between": "{} Between {} AND {}", "in": "{} IN {}", "isNull": "{} IS NULL"}
    return forms.get(op, "{} " + op.upper() + " {}").format(first, *others)


def _operand(value: Any) -> str:
    if isinstance(value, list):
        return f"({', '.join(map(_operand, value))})"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        if kind == "property":
            return '"' + text.replace('"', '""') + '"'
        return f"{kind}('{text}')"
    return str(value).upper()


def judged(node: Any, item: dict[str, Any]) -> bool | None:
    """Say whether an expression of numbers, texts and truth values holds of properties; None for unknown."""
    if isinstance(node, bool):
        return node
    op, args = node["op"], node["args"]
    if op == "not":
        answer = judged(args[0], item)
        return None if answer is None else not answer
    if op == "between":
        args = [{"op": ">=", "args": args[:2]}, {"op": "<=", "args": args[::2]}]
    elif op == "in":
        args = [{"op": "=", "args": [args[0], one]} for one in args[1]]
    elif op not in ("and", "or"):
        return _compared(op, *(_found(arg, item) for arg in args))
    answers, decisive = [judged(arg, item) for arg in args], op in ("or", "in")
    return decisive if decisive in answers else None if None in answers else not decisive


def _compared(op: str, value: Any, other: Any = None) -> bool | None:
    if op == "isNull":
        return value is None
    if value is None or other is None or _kind(value) != _kind(other) or isinstance(value, list):
        return None
    names = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
    return bool(getattr(operator, names[op])(value, other))


def _found(operand: Any, item: dict[str, Any]) -> Any:
    return item.get(operand["property"]) if isinstance(operand, dict) else operand


def _kind(value: Any) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__
