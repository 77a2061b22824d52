"""The filter of a run, held against the simulator's and on what no server has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from filter_shapes import flat_boxes, item, rectangle, solid_boxes
from hypothesis import given
from hypothesis import strategies as st

from ingest_bench.simulator.item_filter import ItemIndex
from ingest_bench.simulator.item_store import Store
from ingest_bench.simulator.query_params import read_search
from stac_ingest.config import IngestConfig
from stac_ingest.errors import ConfigurationError
from stac_ingest.filters.item_filter import ItemFilter
from stac_ingest.sources.wanted import filter_of
from stac_ingest.summary import IngestSummary

MOMENTS = st.integers(0, 40).map(
    lambda hours: (datetime(2024, 2, 28, 12, tzinfo=UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
)
PAIRS = st.tuples(MOMENTS, MOMENTS).map(sorted)
TIMES = st.one_of(
    MOMENTS.map(lambda moment: {"datetime": moment}),
    PAIRS.map(lambda pair: {"datetime": None, "start_datetime": pair[0], "end_datetime": pair[1]}),
)
INTERVALS = st.one_of(
    MOMENTS,
    PAIRS.map("/".join),
    MOMENTS.map(lambda moment: f"{moment}/.."),
    MOMENTS.map(lambda moment: f"../{moment}"),
)
CLOUDS = st.fixed_dictionaries({}, optional={"eo:cloud_cover": st.integers(0, 100) | st.none()})
BOXES = flat_boxes() | solid_boxes()


def wanted(**settings: Any) -> ItemFilter:
    """Make the filter of these settings for files."""
    found = filter_of(IngestConfig(mode="file", source="x", **settings))
    assert found is not None
    return found


@st.composite
def items(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Give items with boxes that are their geometries; heights begin at the ground where they have some."""
    found = []
    for number in range(draw(st.integers(1, 8))):
        box = draw(BOXES)
        properties = {**draw(TIMES), **draw(CLOUDS)}
        found.append(item(f"i{number}", box, collection="c", properties=properties))
    return found


@given(
    items(),
    st.fixed_dictionaries(
        {}, optional={"bbox": flat_boxes(), "datetime": INTERVALS, "query": st.just({"eo:cloud_cover": {"lt": 50}})}
    ),
)
def test_the_filter_is_the_simulators(found: list[dict[str, Any]], settings: dict[str, Any]) -> None:
    """The items that a search of the simulator finds are those that files give, for any box, time and query."""
    lines = b"".join(orjson.dumps(one) + b"\n" for one in found)
    store = Store(Path("corpus"), lines, {"id": "c"})
    search = read_search({"collections": ["c"], **settings}, "page", 100)
    expected = {store.item(index)["id"] for index in ItemIndex(store).find(search.filter)}
    matches = wanted(collection_id="c", **settings).matches
    assert {one["id"] for one in found if matches(one)} == expected


@given(solid_boxes(), solid_boxes())
def test_boxes_with_heights_are_the_simulators(own: list[float], requested: list[float]) -> None:
    """Where both have heights, they are compared as the simulator does."""
    one = item("a", own, collection="c")
    store = Store(Path("corpus"), orjson.dumps(one), {"id": "c"})
    search = read_search({"bbox": requested}, "page", 100)
    assert wanted(bbox=requested).matches(one) == bool(len(ItemIndex(store).find(search.filter)))


def test_no_filter_where_nothing_is_asked_for() -> None:
    """All items of files are wanted, and a server filters for itself."""
    assert filter_of(IngestConfig(mode="file", source="x", datetime="../..", query={})) is None
    assert filter_of(IngestConfig(mode="api", source="http://localhost", bbox=[0, 0, 1, 1])) is None


@pytest.mark.parametrize(
    ("one", "matches"),
    [
        (item(bbox=[1, 1, 3, 3]), True),
        (item(bbox=[2, 2, 3, 3]), True),
        (item(bbox=[3, 3, 4, 4]), False),
        (item(geometry=rectangle([1, 1, 3, 3])), True),
        (item(geometry=rectangle([3, 3, 4, 4])), False),
        (item(bbox=[0, 0, 1, 1], geometry=None), False),
        (item(bbox=[0, 0, 1, 1], geometry={"type": "Polygon", "coordinates": []}), False),
        (item(bbox=[0, 0, 1, 1], geometry={"type": "GeometryCollection", "geometries": []}), False),
        # Boxes overlap in one corner, and only there the geometry isn't.
        (item(bbox=[1, 1, 9, 9], geometry={"type": "LineString", "coordinates": [[1, 9], [9, 1]]}), False),
        (item(bbox=[-5, 1, 9, 9], geometry={"type": "LineString", "coordinates": [[-5, 1], [9, 2]]}), True),
        (
            item(
                bbox=[-9, 0, 9, 1],
                geometry={
                    "type": "GeometryCollection",
                    "geometries": [rectangle([-9, 0, -8, 1]), {"type": "Point", "coordinates": [9, 1]}],
                },
            ),
            False,
        ),
        ({**item(geometry=rectangle([1, 1, 2, 2])), "bbox": ["a", 0, 1, 1]}, True),
        ({"id": "bare"}, False),
    ],
)
def test_the_geometry_decides_where_the_box_overlaps(one: dict[str, Any], matches: bool) -> None:
    """Closed boxes; exact where a box overlaps partly; by the geometry without a box; never without a geometry."""
    assert wanted(bbox=[0, 0, 2, 2]).matches(one) == matches


def test_items_that_say_no_collection_are_kept() -> None:
    """They are noted; those of another collection are left out."""
    summary, found = IngestSummary(), wanted(collection_id="c")
    given_items = [item("a", collection="c"), item("b"), item("c", collection="d"), item("d", collection=None)]
    assert [one["id"] for one in given_items if found.matches(one)] == ["a", "b", "d"]
    found.describe(summary)
    assert summary.notes == ["2 items name no collection, and may be of 'c': kept"]


def test_a_collection_that_no_item_is_of_is_noted() -> None:
    """The note names one that there is; nothing is noted where an item is of the one that is asked for."""
    for collection, notes in (("e", ["no item is of collection 'e'; there are items of 'd'"]), ("d", [])):
        summary, found = IngestSummary(), wanted(collection_id=collection)
        assert found.matches(item("a", collection="d")) is (collection == "d")
        found.describe(summary)
        assert summary.notes == notes


def test_what_can_not_be_judged_is_noted() -> None:
    """Items without a time, without a geometry, and with a box upside down are left out, and said to be."""
    summary, found = IngestSummary(), wanted(bbox=[0, 4, 2, 5], datetime="2024")
    for one in (item(properties={}), item(bbox=None), item(bbox=[0, 9, 1, 3])):
        assert not found.matches(one)
    found.describe(summary)
    assert [note.split(":")[0] for note in summary.notes] == [
        "1 item has no readable time",
        "1 item has no geometry",
        "1 item has a bbox whose south is north of its north",
    ]


def test_what_is_left_out_is_counted() -> None:
    """A decoder that filters gives the wanted items, and counts the others."""
    summary = IngestSummary()
    decode = wanted(collection_id="c").decoding(lambda batch, _: iter(batch), summary)  # type: ignore[arg-type, return-value]
    assert [one["id"] for one in decode([item("a", collection="d"), item("b", collection="c")], print)] == ["b"]  # type: ignore[arg-type, list-item]
    assert summary.filtered == 1


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"bbox": [0, 0, 1]}, "bbox: 3 numbers"),
        ({"bbox": [0, 9, 1, 1]}, "bbox: the south"),
        ({"datetime": "soon"}, "datetime: 'soon'"),
        ({"query": {"x": {"like": 1}}}, "query: x: unknown operator"),
    ],
)
def test_what_can_not_be_asked_is_refused(settings: dict[str, Any], why: str) -> None:
    """The message names the setting."""
    with pytest.raises(ConfigurationError, match=why):
        wanted(**settings)
