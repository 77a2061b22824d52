"""What an expression says of an item: true, false, or unknown (None), which counts as false.

Unknown is what SQL has for it: a comparison with a property that is null or missing, or with a value of another kind.
NOT of it is unknown, AND is false where a part is false, OR is true where a part is true.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stac_ingest.core.model import Item
from stac_ingest.cql2 import tree
from stac_ingest.cql2.patterns import pattern_test
from stac_ingest.cql2.times import temporal_of
from stac_ingest.cql2.tree import Node, Property
from stac_ingest.cql2.values import TURNED, Answer, comparison
from stac_ingest.filters.boxes import Box

Predicate = Callable[[Item], Answer]
_PREFIX = "properties."


def predicate_of(node: Node) -> Predicate:
    """Make the function that says whether an expression holds of an item: True, False, or None for unknown."""
    return _MADE[type(node)](node)


def getter(name: str) -> Callable[[Item], Any]:
    """Make the function that gives a property, or a member of the item; None where it isn't there."""
    if name in tree.MEMBERS:
        return lambda item: item.get(name)
    bare = _bare(name)

    def property_of(item: Item) -> Any:
        properties = item.get("properties")
        return properties.get(bare) if type(properties) is dict else None

    return property_of


def _bare(name: str) -> str:
    return name.removeprefix(_PREFIX) or name


def _constant(node: tree.Constant) -> Predicate:
    value = node.value
    return lambda _: value


def _negation(node: tree.Not) -> Predicate:
    return negated(predicate_of(node.node))


def negated(holds: Predicate) -> Predicate:
    """Make the opposite of a predicate; of what is unknown that is unknown."""

    def negation(item: Item) -> Answer:
        answer = holds(item)
        return None if answer is None else not answer

    return negation


def _junction(node: tree.Junction) -> Predicate:
    return joined([*map(predicate_of, node.nodes)], decisive=node.op == "or")


def joined(parts: list[Predicate], *, decisive: bool) -> Predicate:
    """Join predicates; an answer of `decisive` decides, else one that is unknown does."""

    def junction(item: Item) -> Answer:
        result: Answer = not decisive
        for part in parts:
            answer = part(item)
            if answer is decisive:
                return decisive
            if answer is None:
                result = None
        return result

    return junction


def _comparison(node: tree.Comparison) -> Predicate:
    op, left, right = node.op, node.left, node.right
    if not isinstance(left, Property):
        if not isinstance(right, Property):
            constant = comparison(op, right)(left)
            return lambda _: constant
        op, left, right = TURNED[op], right, left
    value_of = getter(left.name)
    if not isinstance(right, Property):
        test = comparison(op, right)
        return lambda item: test(value_of(item))
    other_of = getter(right.name)
    return lambda item: comparison(op, other_of(item))(value_of(item))


def _between(node: tree.Between) -> Predicate:
    above, below = tree.Comparison(">=", node.value, node.low), tree.Comparison("<=", node.value, node.high)
    return joined([_comparison(above), _comparison(below)], decisive=False)


def _membership(node: tree.In) -> Predicate:
    plain = [choice for choice in node.choices if type(choice) is str and ":" not in choice]
    if isinstance(node.value, Property) and len(plain) == len(node.choices):
        # Many ids are looked up in one step.
        value_of, choices = getter(node.value.name), frozenset(plain)

        def membership(item: Item) -> Answer:
            value = value_of(item)
            return value in choices if type(value) is str else None

        return membership
    return joined([_comparison(tree.Comparison("=", node.value, choice)) for choice in node.choices], decisive=True)


def _likeness(node: tree.Like) -> Predicate:
    value_of, fits = getter(node.value.name), pattern_test(node.pattern)

    def likeness(item: Item) -> Answer:
        value = value_of(item)
        return fits(value) if type(value) is str else None

    return likeness


def _nullness(node: tree.IsNull) -> Predicate:
    value_of = getter(node.value.name)
    return lambda item: value_of(item) is None


def _timing(node: tree.Temporal) -> Predicate:
    return temporal_of(node, getter)


def _meeting(node: tree.Intersects) -> Predicate:
    from stac_ingest.filters.geometries import box_test, shape_test  # noqa: PLC0415 - few expressions have an area

    # A box has one meaning: that of `--bbox`.
    return box_test(node.area) if isinstance(node.area, Box) else shape_test(node.area)


_MADE: dict[type, Callable[[Any], Predicate]] = {
    tree.Between: _between,
    tree.Comparison: _comparison,
    tree.Constant: _constant,
    tree.In: _membership,
    tree.Intersects: _meeting,
    tree.IsNull: _nullness,
    tree.Junction: _junction,
    tree.Like: _likeness,
    tree.Not: _negation,
    tree.Temporal: _timing,
}


def operands_of(node: Node) -> set[str]:
    """Name the properties, without `properties.` in front, and the members that an expression looks at."""
    found: set[str] = set()
    open_nodes: list[Any] = [node]
    while open_nodes:
        part = open_nodes.pop()
        if isinstance(part, Property):
            found.add(_bare(part.name))
        elif isinstance(part, tree.Intersects):
            found |= {"geometry", "bbox"}
        elif isinstance(part, tuple) and not isinstance(part, Box):
            open_nodes.extend(part)
        elif hasattr(part, "__dataclass_fields__"):
            open_nodes.extend(getattr(part, name) for name in part.__dataclass_fields__)
    return found
