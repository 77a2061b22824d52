"""Expressions written anew mean the same; and the package `cql2` reads them, and says the same of items."""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import pytest
from expressions import NAMES, as_text, numbers, texts, trees
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.cql2 import expression_of, predicate_of, read_expression
from stac_ingest.cql2 import write as written
from stac_ingest.errors import ConfigurationError

OTHERS = [
    "T_DURING(INTERVAL(start_datetime, end_datetime), INTERVAL('2024-01-01', '..'))",
    "T_AFTER(datetime, TIMESTAMP('2024-05-01T00:00:00.25Z'))",
    "T_EQUALS(datetime, DATE('2024-05-01'))",
    "S_INTERSECTS(geometry, BBOX(-1.5, 0, 0.1, 3e-7))",
    "S_INTERSECTS(geometry, BBOX(0, 0, -5, 1, 1, 5))",
    "S_INTERSECTS(geometry, POLYGON((0 0, 0.1 0, 0.1 0.30000000000000004, 0 0)))",
    '"and" = 1 AND "timestamp" = 2 AND properties.n = 3',
]
has_package = importlib.util.find_spec("cql2") is not None
needs_package = pytest.mark.skipif(not has_package, reason="the package cql2 is not there")


@settings(max_examples=100, deadline=None)
@given(trees)
def test_what_is_written_reads_the_same(tree):
    """In both languages an expression that is written is the one that was read."""
    node = read_expression(tree) if isinstance(tree, dict) else read_expression(as_text(tree))
    assert read_expression(written.as_text(node)) == node
    made = written.as_json(node)
    if isinstance(made, dict):
        assert read_expression(made) == node


@pytest.mark.parametrize("text", OTHERS)
def test_times_and_places_are_written_whole(text):
    """Open ends, fractions of seconds, heights and all digits of a coordinate are kept."""
    node = read_expression(text)
    assert read_expression(written.as_text(node)) == node
    assert read_expression(written.as_json(node)) == node


def _all_known(tree: Any) -> bool:
    """Say whether an expression has only what the package answers as the standard does."""
    if isinstance(tree, bool):
        return True
    op, args = tree["op"], tree["args"]
    if op in ("and", "or", "not"):
        return all(map(_all_known, args))
    operands = [one for arg in args for one in (arg if isinstance(arg, list) else [arg])]
    return op in ("=", "<>", "<", "<=", ">", ">=", "between", "in") and all(
        (isinstance(one, dict) and "property" in one) or type(one) in (int, float) for one in operands
    )


@needs_package
@settings(max_examples=60, deadline=None)
@given(trees.filter(_all_known), st.fixed_dictionaries({name: st.integers(-3, 3) for name in NAMES}))
def test_the_package_agrees(tree, properties):
    """Of items that have all that is asked for, comparisons of numbers say the same here and there."""
    import cql2  # noqa: PLC0415 - an extra

    if isinstance(tree, bool):
        return
    item = {"type": "Feature", "id": "x", "geometry": None, "properties": properties}
    node = read_expression(tree)
    try:
        theirs = cql2.parse_json(json.dumps(written.as_json(node))).matches(item)
    except Exception:  # noqa: BLE001 - it has no answer where an expression can't be reduced
        return
    assert predicate_of(node)(item) == theirs


@needs_package
@settings(max_examples=40, deadline=None)
@given(numbers.filter(lambda n: abs(n) < 2**50), texts)
def test_what_is_not_read_here_goes_to_the_package(number, text):
    """Arithmetic, arrays and further predicates are evaluated; without the property the answer is unknown."""
    item = {"type": "Feature", "id": "x", "geometry": {"type": "Point", "coordinates": [1, 1]}}
    holds = expression_of("filter", f"n + 1 > {number}").holds
    assert holds({**item, "properties": {"n": 2}}) == (number < 3)
    assert holds({**item, "properties": {"m": text}}) is None
    inside = expression_of("where", "S_WITHIN(geometry, POLYGON((0 0, 2 0, 2 2, 0 2, 0 0)))")
    assert inside.holds({**item, "properties": {}}) is True
    assert inside.names is None
    tags = expression_of("where", "A_CONTAINS(tags, ('a', 'b'))").holds
    assert (tags({**item, "properties": {"tags": ["b", "a", "c"]}}), tags({**item, "properties": {"tags": ["a"]}})) == (
        True,
        False,
    )


@needs_package
@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("d BETWEEN TIMESTAMP('2024-01-01T00:00:00Z') AND TIMESTAMP('2024-01-05T00:00:00Z')", True),
        ("d IN (TIMESTAMP('2024-01-01T00:00:00Z'))", True),
        ("d BETWEEN DATE('2025-01-01') AND DATE('2026-01-01')", False),
        ("NOT (d < DATE('2024-01-01') OR FALSE)", True),
        ("TRUE", True),
        ("missing = 1", None),
        ("(missing = 1 OR name = 'a')", True),
    ],
)
def test_the_package_is_asked_for_what_it_alone_knows(expression, answer):
    """Beside arithmetic all else means what it means alone: the package finds no instant between two."""
    item = {"id": "x", "properties": {"d": "2024-01-01T00:00:00Z", "n": 3, "name": "a"}}
    assert expression_of("filter", f"n + 1 > 3 AND {expression}").holds(item) is answer
    assert expression_of("filter", f"n + 1 > 4 AND {expression}").holds(item) is False


def test_what_nothing_here_evaluates_is_for_servers_alone():
    """A function that only a server knows is written for it, and refused where it had to be evaluated here."""
    found = expression_of("filter", "casei(name) = casei('a')", here=False)
    assert found.holds is None
    assert found.json["op"] == "="
    with pytest.raises(ConfigurationError, match="filter: casei can't be evaluated here"):
        expression_of("filter", "casei(name) = casei('a')")


@pytest.mark.parametrize("text", ["n <", "((((", "n + ", "'a", '{"op": "+"}', "{", "(" * 500 + "n"])
def test_what_neither_reads_is_refused_as_it_was(text):
    """The words are those of who read it first, and name the setting."""
    with pytest.raises(ConfigurationError, match=r"^filter: "):
        expression_of("filter", text)
