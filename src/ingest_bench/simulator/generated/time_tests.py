"""What a search says of times and ids, as tests of whole columns; what else it says is left to the generic search."""

from __future__ import annotations

import operator
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ingest_bench.simulator.generated.item_text import item_id
from ingest_bench.simulator.generated.store import TIMES
from ingest_bench.simulator.item_filter import Condition
from ingest_bench.simulator.timestamps import parse_instant
from stac_ingest.cql2 import Node, tree

Mask: TypeAlias = NDArray[np.bool_]
Column: TypeAlias = Callable[[str], NDArray[np.int64]]
"""Gives one of `TIMES`, or the numbers that ids are made of, of the items that are looked at."""

_KEYS = range(1 << 32)
_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OF_QUERY = {"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OF_MOMENTS = {"t_after": ">", "t_before": "<", "t_equals": "="}
_OF_PERIODS = {"t_intersects": (">=", "<="), "t_during": (">", "<")}


def condition_mask(condition: Condition, column: Column) -> Mask | None:
    """Return which items a condition of the query extension holds of; None where it is about something else."""
    if condition.operator not in _OF_QUERY:
        return None
    return _compared(condition.name, _OF_QUERY[condition.operator], condition.value, column)


def node_mask(node: Node, column: Column) -> Mask | None:
    """Return which items an expression holds of; None where a part of it is about something else."""
    match node:
        case tree.Junction(op, nodes):
            masks = [mask for each in nodes if (mask := node_mask(each, column)) is not None]
            join = np.logical_and if op == "and" else np.logical_or
            found: Mask | None = join.reduce(masks) if len(masks) == len(nodes) else None
        case tree.Not(inner):
            mask = node_mask(inner, column)
            found = None if mask is None else ~mask
        case tree.Comparison() | tree.Between():
            found = _comparison(node, column)
        case tree.Temporal(op, tree.Property(name), tree.Moment() as moment) if op in _OF_MOMENTS:
            found = _compared(name, _OF_MOMENTS[op], moment, column)
        case tree.Temporal(op, tree.Property(name), tree.Period(start, end)) if op in _OF_PERIODS:
            after, before = _OF_PERIODS[op]
            found = _both(_at(name, after, start, column), _at(name, before, end, column))
        case _:
            found = None
    return found


def parts_of(node: Node) -> tuple[Node, ...]:
    """Return the nodes that all have to hold."""
    if isinstance(node, tree.Junction) and node.op == "and":
        return tuple(part for each in node.nodes for part in parts_of(each))
    return (node,)


def _comparison(node: tree.Comparison | tree.Between, column: Column) -> Mask | None:
    match node:
        case tree.Between(tree.Property(name), low, high):
            return _both(_compared(name, ">=", low, column), _compared(name, "<=", high, column))
        case tree.Comparison(op, tree.Property(name), value):
            return _compared(name, op, value, column)
        case tree.Comparison(op, value, tree.Property(name)):
            return _compared(name, _TURNED[op], value, column)
    return None


def _both(one: Mask | None, other: Mask | None) -> Mask | None:
    return None if one is None or other is None else one & other


def _compared(name: str, op: str, value: Any, column: Column) -> Mask | None:
    bare = name.removeprefix("properties.")
    if name == "id" and isinstance(value, str):
        return _with_id(op, value, column)
    if bare not in TIMES:
        return None
    if isinstance(value, tree.Moment):
        return _at(name, op, value.first, column) if value.first == value.last else None
    if not isinstance(value, str):
        return None
    try:
        instant = parse_instant(value)
    except ValueError:
        return None
    return _at(name, op, instant, column)


def _at(name: str, op: str, instant: Any, column: Column) -> Mask | None:
    bare = name.removeprefix("properties.")
    if bare not in TIMES or isinstance(instant, tree.Property):
        return None
    mask: Mask = _COMPARED[op](column(bare), instant)
    return mask


def _with_id(op: str, text: str, column: Column) -> Mask:
    """Compare ids with a text: their numbers are in the same order."""
    keys, first, after = column("id"), bisect_left(_KEYS, text, key=item_id), bisect_right(_KEYS, text, key=item_id)
    masks: dict[str, Callable[[], Mask]] = {
        "=": lambda: (keys >= first) & (keys < after),
        "<>": lambda: (keys < first) | (keys >= after),
        "<": lambda: keys < first,
        "<=": lambda: keys < after,
        ">": lambda: keys >= after,
        ">=": lambda: keys >= first,
    }
    return masks[op]()
