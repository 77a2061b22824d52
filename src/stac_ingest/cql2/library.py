"""What of CQL2 isn't read here: the package `cql2` does it, an extra that is imported when it is needed.

It knows arithmetic, arrays and all spatial predicates. It has no answer where an item lacks a property, which is
unknown here, it takes every number for a float, and it finds no instant between two or among several. So it is asked
for those parts of an expression alone that aren't read here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from stac_ingest.core.model import Item
from stac_ingest.cql2 import tree
from stac_ingest.cql2.bounds import DEEPEST, LONGEST
from stac_ingest.cql2.evaluate import Predicate, joined, negated, predicate_of
from stac_ingest.cql2.read import read_expression
from stac_ingest.cql2.values import Answer
from stac_ingest.errors import ConfigurationError

_EVALUATED = frozenset(
    {
        *("and", "or", "not", "between", "in", "like", "isnull", *tree.COMPARISONS, *tree.TEMPORAL),
        *("+", "-", "*", "/", "%", "^", "div"),
        *("s_contains", "s_crosses", "s_disjoint", "s_equals", "s_intersects", "s_overlaps", "s_touches", "s_within"),
        *("a_containedby", "a_contains", "a_equals", "a_overlaps"),
    }
)
"""Operators that the package has an answer for; of CASEI and ACCENTI, and of functions of one's own, it has none."""


class LibraryExpression(NamedTuple):
    """An expression of the package; `holds` is None where it has no answers."""

    holds: Predicate | None
    json: Any
    text: str


def library_expression(
    setting: str, expression: str | Mapping[str, Any], refused: ConfigurationError, *, here: bool
) -> LibraryExpression:
    """Read an expression with the package.

    Args:
        setting: the name of the setting.
        expression: as it was given.
        refused: what was said of it by who couldn't read it.
        here: whether it has to be evaluated here.

    Raises:
        ConfigurationError: the package isn't installed, can't read it either, or can't evaluate it though it has to.

    """
    text = expression if isinstance(expression, str) else json.dumps(expression, allow_nan=False)
    if len(text) > LONGEST or _is_deep(text):
        raise refused
    try:
        import cql2  # noqa: PLC0415 - see above
    except ImportError:
        more = 'arithmetic, arrays and more of CQL2 need an extra: pip install "stac-ingest-bench[cql2]"'
        raise ConfigurationError(f"{refused} ({more})") from None
    try:
        read = cql2.parse_json if text.lstrip().startswith("{") else cql2.parse_text
        made = read(text)
        written, shown = made.to_json(), made.to_text()
    except Exception:  # noqa: BLE001 - whatever it raises, the first refusal says more
        raise refused from None
    unknown = sorted({*_operators(written)} - _EVALUATED)
    if unknown and here:
        raise ConfigurationError(f"{setting}: {', '.join(unknown)} can't be evaluated here") from refused
    return LibraryExpression(None if unknown else _by_parts(written), written, shown)


def _by_parts(node: Any) -> Predicate:
    """Make the predicate of CQL2 JSON that the package wrote: what is read here is evaluated here."""
    if isinstance(node, bool):
        return lambda _: node
    op, parts = node.get("op"), node.get("args", [])
    if op in ("and", "or"):
        return joined([*map(_by_parts, parts)], decisive=op == "or")
    if op == "not":
        return negated(_by_parts(parts[0]))
    try:
        return predicate_of(read_expression(node))
    except ConfigurationError:
        import cql2  # noqa: PLC0415 - see above

        return _predicate(cql2.parse_json(json.dumps(node)))


def _predicate(made: Any) -> Predicate:
    def holds(item: Item) -> Answer:
        try:
            return bool(made.matches(item))
        except Exception:  # noqa: BLE001 - what it raises where a property is missing is a plain Exception
            return None

    return holds


def _operators(node: Any) -> Iterator[str]:
    open_nodes = [node]
    while open_nodes:
        part = open_nodes.pop()
        if isinstance(part, dict):
            if isinstance(part.get("op"), str):
                yield part["op"].lower()
            open_nodes.extend(part.values())
        elif isinstance(part, list):
            open_nodes.extend(part)


def _is_deep(text: str) -> bool:
    """Say whether brackets lie deeper inside each other than an expression's may: the package has no bound."""
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth > 2 * DEEPEST:
            return True
    return False
