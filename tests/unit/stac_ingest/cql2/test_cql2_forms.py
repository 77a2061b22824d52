"""Both forms of CQL2: what is read of them, and what is said of what can't be."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from expressions import as_text, trees
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.cql2 import read_expression
from stac_ingest.cql2.bounds import DEEPEST, LONGEST, MOST_PARTS
from stac_ingest.errors import ConfigurationError

GEOMETRY = {"property": "geometry"}
DAY = {"interval": ["2020-01-01", "2020-01-02T00:00:00Z"]}
PAIRS = [
    ("a = 1 OR b = 2 AND NOT c = 3", "a = 1 OR (b = 2 AND (NOT c = 3))"),
    ("a NOT IN (1, 2)", "NOT (a IN (1, 2))"),
    ("a NOT BETWEEN 1 AND 2 AND b IS NOT NULL", "(NOT a BETWEEN 1 AND 2) AND (NOT b IS NULL)"),
    ("a NOT LIKE 'x%'", "NOT a LIKE 'x%'"),
    ("eo:cloud_cover<-1.5e1", '"eo:cloud_cover" < -15.0'),
    ("TRUE = a", json.dumps({"op": "=", "args": [True, {"property": "a"}]})),
    ("a = 'it''s'", "a = 'it\\'s'"),
    (
        "T_DURING(datetime, INTERVAL('2020-01-01', '2020-01-02T00:00:00Z'))",
        {"op": "t_during", "args": [{"property": "datetime"}, DAY]},
    ),
    ("t_after(x, DATE('2020-01-01'))", {"op": "t_after", "args": [{"property": "x"}, {"date": "2020-01-01"}]}),
    (
        "t_intersects(INTERVAL(s, e), INTERVAL('..', '2020-01-01T00:00:00Z'))",
        {
            "op": "t_intersects",
            "args": [
                {"interval": [{"property": "s"}, {"property": "e"}]},
                {"interval": ["..", "2020-01-01T00:00:00Z"]},
            ],
        },
    ),
    (
        "S_INTERSECTS(geometry, BBOX(1, 2, 3, 4.5))",
        {"op": "s_intersects", "args": [GEOMETRY, {"bbox": [1, 2, 3, 4.5]}]},
    ),
    (
        "s_intersects(geometry, Polygon((0 0, 1 0, 1 -1e0, 0 0))) and true",
        {
            "op": "and",
            "args": [
                {
                    "op": "s_intersects",
                    "args": [
                        GEOMETRY,
                        {"type": "Polygon", "coordinates": [[[0.0, 0.0], [1.0, 0.0], [1.0, -1.0], [0.0, 0.0]]]},
                    ],
                },
                True,
            ],
        },
    ),
]
WRONG = [
    ("", "character 1.*expected a property.*found the end"),
    ("a = ", "character 5.*expected a property, a number"),
    ("a = 1 b = 2", "character 7.*expected AND, OR or the end, found 'b'"),
    ("a == 1", "character 4.*found '='"),
    ("a + 1 = 2", r"character 3.*'\+' means nothing"),
    ("a = 'x", "character 5.*never closed"),
    ("a = NULL", "character 5.*IS NULL"),
    ("(a = 1", r"character 7.*expected '\)', found the end"),
    ("a", "character 2.*expected a comparison"),
    ("a NOT = 1", "character 7.*expected LIKE, BETWEEN or IN"),
    ("1 IS NULL", "character 1.*expected a property"),
    ("casei(a) = 'x'", "character 1.*casei is not supported.*s_intersects"),
    ("s_intersect(geometry, POINT(1 2)) = 1", "did you mean s_intersects"),
    ("a = 1e999", "character 5.*too large"),
    ("a = TIMESTAMP('2020-01-01')", "character 15.*not a timestamp such as"),
    ("a = DATE('2020-02-30')", "character 10.*not a date such as"),
    ("T_AFTER(a, 1)", "character 12.*expected TIMESTAMP"),
    ("T_AFTER(a, INTERVAL('2021-01-01', '2020-01-01'))", "character 12.*ends before it starts"),
    ("S_INTERSECTS(place, BBOX(1,2,3,4))", "expected geometry, the only one"),
    ("S_INTERSECTS(geometry, BBOX(1,2,3))", "character 24.*3 numbers, not 4 or 6"),
    ("S_INTERSECTS(geometry, BBOX(1,9,3,4))", "south.*north"),
    ("S_INTERSECTS(geometry, POLYGON((0 0, 2 2, 2 0, 0 2, 0 0)))", "character 24.*not valid: Self-intersection"),
    ("S_INTERSECTS(geometry, POINT EMPTY)", "expected BBOX"),
    ('{"op":', "not JSON"),
    ('{"op": "eq", "args": []}', "at op: unknown operator 'eq'.*use one of"),
    ('{"op": "betwen", "args": []}', "did you mean between"),
    ('{"op": "=", "args": [{"property": "a"}]}', "at args: = takes 2, not 1"),
    ('{"op": "and", "args": [true, {"op": "=", "args": [{"prop": "a"}, 1]}]}', r"at args\[1\].args\[0\]: expected"),
    ('{"op": "in", "args": [{"property": "a"}, []]}', r"at args\[1\]: expected a list"),
    ('{"op": "=", "args": [{"property": "a"}, null]}', r"at args\[1\].*found nothing"),
    ('{"op": "=", "args": [{"property": "a"}, NaN]}', "NaN isn't a number"),
    ('{"op": "like", "args": [{"property": "a"}, 1]}', r"at args\[1\]: expected a text"),
    ('{"op": "t_after", "args": [{"property": "a"}, {"interval": ["2020-01-01"]}]}', r"interval: expected two"),
    (
        '{"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Point", "coordinates": []}]}',
        r"at args\[1\].*geometry",
    ),
]


@given(trees)
def test_text_and_json_are_read_as_the_same(tree: Any) -> None:
    """An expression means the same as text, as JSON, and as an object of a settings file."""
    read = read_expression({"op": "and", "args": [tree]})
    assert read_expression(as_text(tree)) == read
    assert read_expression(json.dumps({"op": "and", "args": [tree]})) == read


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_short_forms_and_precedence(one: str, other: Any) -> None:
    """NOT binds before AND, and AND before OR; negated predicates and functions are what the standard says."""
    assert read_expression(one) == read_expression(other)


@pytest.mark.parametrize(("expression", "said"), WRONG)
def test_what_is_wrong_is_shown_with_its_place(expression: str, said: str) -> None:
    """An error shows the expression, the character or the member, and what was expected there."""
    with pytest.raises(ConfigurationError, match=f"(?s)where: .*{said}"):
        read_expression(expression)


def test_whole_numbers_stay_whole() -> None:
    """A whole number beyond 2^53 isn't rounded, in either form."""
    assert read_expression(f"a = {2**53 + 1}") != read_expression(f"a = {2**53}")
    assert read_expression({"op": "=", "args": [{"property": "a"}, 2**53 + 1]}) == read_expression(f"a = {2**53 + 1}")


@pytest.mark.parametrize(
    "expression",
    [
        "(" * DEEPEST * 2 + "a = 1" + ")" * DEEPEST * 2,
        "NOT " * DEEPEST * 2 + "a = 1",
        "S_INTERSECTS(geometry, GEOMETRYCOLLECTION" + "(" * DEEPEST * 2 + ")" * DEEPEST * 2 + ")",
        '{"op": "not", "args": [' * DEEPEST * 2 + "true" + "]}" * DEEPEST * 2,
        "a = '" + "x" * LONGEST + "'",
        {"op": "in", "args": [{"property": "a"}, [1] * MOST_PARTS]},
    ],
)
def test_the_size_of_an_expression_is_bounded(expression: Any) -> None:
    """One that is too deep, too long or of too many parts is refused in words."""
    with pytest.raises(ConfigurationError, match="where: "):
        read_expression(expression)


@given(st.text("a1'\"()=<>, .-\\AND\n{}[]:", max_size=12) | st.text(max_size=6))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    """No text ends in another error than that of a setting."""
    with suppress(ConfigurationError):
        read_expression(text)
