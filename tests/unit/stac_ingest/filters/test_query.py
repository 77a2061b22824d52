"""The conditions of the query extension."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_bench.simulator.item_filter import OPERATORS as SIMULATED
from ingest_bench.simulator.item_filter import Condition
from stac_ingest.errors import ConfigurationError
from stac_ingest.filters.query import OPERATORS, conditions_of

TEXT = st.text("abc", max_size=3)
NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, 1.0, -2.5])


def holds(query: dict[str, Any], properties: dict[str, Any], **members: Any) -> bool:
    """Say whether an item fulfils all conditions."""
    return all(condition({"properties": properties, **members}) for condition in conditions_of(query))


def test_the_operators_are_those_of_the_extension() -> None:
    """They are the ones that the simulator knows, too."""
    assert sorted(OPERATORS) == sorted(SIMULATED)


@given(st.sampled_from(["eq", "neq", "lt", "lte", "gt", "gte"]), NUMBERS | TEXT, NUMBERS | TEXT | st.none())
def test_comparisons_are_those_of_the_simulator(name: str, wanted: Any, found: Any) -> None:
    """Numbers and texts compare as a server has it, within their kind."""
    if isinstance(found, str) != isinstance(wanted, str) and found is not None:
        assert not holds({"x": {name: wanted}}, {"x": found})
    else:
        assert holds({"x": {name: wanted}}, {"x": found}) == Condition("x", name, wanted).holds(found)


@given(st.sampled_from(["startsWith", "endsWith", "contains"]), TEXT, TEXT | st.lists(TEXT) | NUMBERS)
def test_tests_of_text_are_those_of_the_simulator(name: str, wanted: str, found: Any) -> None:
    """A list contains its members; a number contains nothing."""
    assert holds({"x": {name: wanted}}, {"x": found}) == Condition("x", name, wanted).holds(found)


@pytest.mark.parametrize(
    ("query", "properties", "expected"),
    [
        ({"x": {"in": ["a", 2]}}, {"x": "a"}, True),
        ({"x": {"in": ["a", 2]}}, {"x": 2.0}, True),
        ({"x": {"in": ["a", 1]}}, {"x": True}, False),
        ({"x": {"eq": True}}, {"x": 1}, False),
        ({"x": {"eq": False}}, {"x": False}, True),
        ({"x": {"gt": 1, "lt": 3}}, {"x": 2}, True),
        ({"x": {"gt": 1, "lt": 3}}, {"x": 3}, False),
        ({"x": {"gt": 1}, "y": {"eq": "b"}}, {"x": 2, "y": "a"}, False),
        ({"x": {"neq": 1}}, {}, False),
        ({"x": {"neq": 1}}, {"x": None}, False),
        ({"x": {"eq": "a"}}, {"x": {"b": 1}}, False),
        ({"properties.x": {"eq": 1}}, {"x": 1}, True),
        ({"x": {"gt": "2024-01-01T00:00:00Z"}}, {"x": "2024-01-01T00:00:00.5Z"}, True),
        ({"x": {"eq": "2024-01-01T00:00:00Z"}}, {"x": "2024-01-01T01:00:00+01:00"}, True),
        ({"x": {"eq": "2024-01-01"}}, {"x": "2024"}, False),
    ],
)
def test_conditions(query: dict[str, Any], properties: dict[str, Any], expected: bool) -> None:
    """All must hold; kinds of values aren't mixed; instants are instants however they are written."""
    assert holds(query, properties) == expected


def test_members_are_named_like_properties() -> None:
    """`id` and `collection` are those of the item, where no property is called so."""
    assert holds({"id": {"startsWith": "S2"}, "collection": {"eq": "c"}}, {}, id="S2A", collection="c")
    assert not holds({"id": {"eq": "S2A"}}, {"id": "other"}, id="S2A")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"x": {"like": "a"}}, "unknown operator 'like'"),
        ({"x": {"startswith": "a"}}, "did you mean startsWith"),
        ({"x": 5}, "x needs an operator"),
        ({"x": {"in": "a"}}, "takes a list"),
        ({"x": {"lt": [1]}}, "doesn't go with lt"),
        ({"x": {"eq": None}}, "doesn't go with eq"),
        ({"x": {"endsWith": 1}}, "doesn't go with endsWith"),
    ],
)
def test_what_is_no_condition_is_refused(query: dict[str, Any], why: str) -> None:
    """The message names the property and the operator."""
    with pytest.raises(ConfigurationError, match=f"query: .*{why}"):
        conditions_of(query)
