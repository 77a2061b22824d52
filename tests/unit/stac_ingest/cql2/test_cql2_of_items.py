"""What expressions say of items."""

from __future__ import annotations

import re
from typing import Any

import pytest
from expressions import found, judged, trees
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.config import IngestConfig
from stac_ingest.cql2 import predicate_of, read_expression
from stac_ingest.cql2.patterns import pattern_test
from stac_ingest.sources.wanted import filter_of

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]}
BOXES = st.lists(st.integers(-170, 170), min_size=2, max_size=2).flatmap(
    lambda x: st.tuples(st.integers(-80, 0), st.integers(0, 80)).map(lambda y: [x[0], y[0], x[1], y[1]])
)


def said(expression: Any, properties: dict[str, Any] | None = None, **members: Any) -> bool | None:
    """Say what an expression says of an item."""
    return predicate_of(read_expression(expression))({"id": "i", "properties": properties, **members})


@given(trees, found)
def test_logic_has_three_values(tree: Any, properties: dict[str, Any]) -> None:
    """Comparisons with null are unknown, and NOT, AND and OR go on with that as SQL does."""
    text = str(tree)
    timed = ":" in "".join(value for value in properties.values() if isinstance(value, str))
    if "timestamp" not in text and "date" not in text and "like" not in text and not timed:
        assert said({"op": "and", "args": [tree]}, properties) is judged(tree, properties)
    opposite = said({"op": "not", "args": [tree]}, properties)
    answer = said({"op": "and", "args": [tree]}, properties)
    assert opposite is (None if answer is None else not answer)


@pytest.mark.parametrize(
    ("expression", "properties", "answer"),
    [
        ("cc < 20", {}, None),
        ("cc < 20", {"cc": None}, None),
        ("NOT cc < 20", {}, None),
        ("cc IS NULL", {}, True),
        ("cc < 20 OR cc IS NULL", {}, True),
        ("cc < 20 AND FALSE", {}, False),
        ("cc < 20", {"cc": "5"}, None),
        ("cc <> 'x'", {"cc": 5}, None),
        ("cc = TRUE", {"cc": 1}, None),
        ("cc = 1", {"cc": 1.0}, True),
        ("cc = 9007199254740993", {"cc": 9007199254740992}, False),
        ("cc = [1]", {"cc": [1]}, "refused"),
        ("cc = 1", {"cc": [1]}, None),
        ("a < b", {"a": 1, "b": 2}, True),
        ("a < b", {"a": 1}, None),
        ("5 > a", {"a": 1}, True),
        ("cc IN (1, 2)", {"cc": 2}, True),
        ("cc IN (1, 'x')", {"cc": 2}, None),
        ("cc NOT IN ('x', 'y')", {}, None),
        ("cc NOT IN ('x', 'y')", {"cc": "z"}, True),
        ("properties.cc = 1 AND cc = 1", {"cc": 1}, True),
        ("id = 'i' AND id LIKE '_'", {"id": "other"}, True),
        ("properties.id = 'other'", {"id": "other"}, True),
        ("collection IS NULL", {}, True),
        ("cc = 1", None, None),
        ("cc = 1", [1], None),
        ("1 = 1 AND 'a' < 'b'", {}, True),
    ],
)
def test_values_are_compared_within_their_kind(expression: str, properties: Any, answer: Any) -> None:
    """Null, another kind and a missing property are unknown; numbers compare exactly, a name finds its property."""
    if answer == "refused":
        with pytest.raises(Exception, match="where: "):
            said(expression, properties)
    else:
        assert said(expression, properties) is answer


@pytest.mark.parametrize(
    ("expression", "value", "answer"),
    [
        ("d = TIMESTAMP('2020-01-01T00:00:00Z')", "2020-01-01T02:00:00+02:00", True),
        ("d = '2020-01-01T00:00:00Z'", "2020-01-01T02:00:00+02:00", True),
        ("d < '2020-01-01T00:00:00Z'", "2019-12-31T23:59:59.999999Z", True),
        ("d = '2020-01-01'", "2020-01-01T00:00:00Z", False),
        ("d = DATE('2020-01-01')", "2020-01-01T23:59:59.5Z", True),
        ("d > DATE('2020-01-01')", "2020-01-01T23:59:59.5Z", False),
        ("d >= DATE('2020-01-01')", "2020-01-01T00:00:00Z", True),
        ("d <= DATE('2020-01-01')", "2020-01-01T23:00:00Z", True),
        ("d <> DATE('2020-01-01')", "2020-01-02T00:00:00Z", True),
        ("d < DATE('2020-01-01')", "soon", None),
        ("d < DATE('2020-01-01')", 5, None),
        ("d BETWEEN TIMESTAMP('2020-01-01T00:00:00Z') AND DATE('2020-01-03')", "2020-01-03T12:00:00Z", True),
        ("T_AFTER(d, DATE('2020-01-01'))", "2020-01-02T00:00:00Z", True),
        ("T_BEFORE(d, INTERVAL('2020-01-01', '..'))", "2019-12-31T23:00:00-02:00", False),
        ("T_DURING(d, INTERVAL('2020-01-01', '2020-01-02'))", "2020-01-02T23:59:59Z", True),
        ("T_DURING(d, INTERVAL('2020-01-01T00:00:00Z', '..'))", "2020-01-01T00:00:00Z", False),
        ("T_INTERSECTS(d, INTERVAL('2020-01-01T00:00:00Z', '..'))", "2020-01-01T00:00:00Z", True),
        ("T_DISJOINT(d, INTERVAL('..', '2020-01-01'))", "2020-01-02T00:00:00Z", True),
        ("T_EQUALS(d, TIMESTAMP('2020-01-01T00:00:00Z'))", "2020-01-01T00:00:00.000Z", True),
        ("T_CONTAINS(INTERVAL('2019-01-01', '2021-01-01'), d)", "2020-01-01T00:00:00Z", True),
        ("T_INTERSECTS(INTERVAL(d, e), DATE('2020-01-05'))", "2020-01-01T00:00:00Z", True),
        ("T_INTERSECTS(INTERVAL(d, nothing), DATE('2020-01-05'))", "2020-01-01T00:00:00Z", None),
        ("NOT T_AFTER(d, DATE('2020-01-01'))", None, None),
    ],
)
def test_times_are_compared_as_instants(expression: str, value: Any, answer: Any) -> None:
    """Offsets and fractions count; a date is all of its day; what is during an interval doesn't touch its ends."""
    assert said(expression, {"d": value, "e": "2020-01-09T00:00:00Z"}) is answer


@pytest.mark.parametrize(
    ("area", "geometry", "answer"),
    [
        ("BBOX(1, 1, 3, 3)", SQUARE, True),
        ("BBOX(3, 3, 4, 4)", SQUARE, False),
        ("POLYGON((2 2, 3 2, 3 3, 2 2))", SQUARE, True),
        ("POLYGON((2.1 2, 3 2, 3 3, 2.1 2))", SQUARE, False),
        ("POLYGON((0 2.1, 2.1 0, 3 3, 0 2.1))", {"type": "Point", "coordinates": [0, 0]}, False),
        ("LINESTRING(-1 1, 3 1)", {"type": "GeometryCollection", "geometries": [SQUARE]}, True),
        ("POINT(1 1)", None, None),
        ("POINT(1 1)", {"type": "Point", "coordinates": "x"}, None),
        ("POINT(1 1)", {"type": "Point", "coordinates": []}, None),
        ("BBOX(1, 1, 3, 3)", {"type": "Point", "coordinates": []}, None),
        ("BBOX(1, 1, 3, 3)", {"type": "Point", "coordinates": "x"}, None),
        ("BBOX(170, -5, -170, 5)", {"type": "Point", "coordinates": [175, 0]}, True),
        ("BBOX(170, -5, -170, 5)", {"type": "Point", "coordinates": [0, 0]}, False),
    ],
)
def test_areas_are_met_exactly(area: str, geometry: Any, answer: Any) -> None:
    """A geometry decides, not its box; a box over the antimeridian is what GeoJSON says; no geometry is unknown."""
    assert said(f"S_INTERSECTS(geometry, {area})", {}, geometry=geometry) is answer


@given(BOXES, BOXES.map(lambda box: box[:2]))
def test_a_box_means_what_the_setting_bbox_means(box: list[int], point: list[int]) -> None:
    """Of items with a geometry, `s_intersects` with a box says what the filter of `bbox` says."""
    wanted = filter_of(IngestConfig(mode="file", source="x", bbox=box))
    item = {"geometry": {"type": "Point", "coordinates": point}, "bbox": [*point, *point], "properties": {}}
    assert wanted is not None
    area = ", ".join(map(str, box))
    assert said(f"S_INTERSECTS(geometry, BBOX({area}))", **item) is wanted.matches(item)


@given(st.text("ab%_\\", max_size=6), st.text("ab%_\\\n", max_size=6))
def test_like_is_a_pattern_of_the_whole_text(pattern: str, text: str) -> None:
    """`%` is any text and `_` one character, new lines included; a backslash takes what follows as it is."""
    parts = re.findall(r"(?s)\\.|.", pattern)
    forms = {"%": "(?s:.*)", "_": "(?s:.)"}
    expected = re.fullmatch("".join(forms.get(part, re.escape(part[-1])) for part in parts), text) is not None
    assert pattern_test(pattern)(text) is expected
