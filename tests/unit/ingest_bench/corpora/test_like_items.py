"""Items like those of a user's file: what stays, and what is new."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_bench.corpora.items import ItemFactory
from ingest_bench.corpora.later import LaterFactory
from ingest_bench.corpora.like_items import LikeFactory
from ingest_bench.corpora.variation import Variation

ODD: dict[str, Any] = {
    "type": "Feature",
    "stac_version": "1.0.0",
    "id": "tile_7",
    "geometry": None,
    "properties": {
        "datetime": None,
        "start_datetime": "2024-02-29T23:59:59.123456+02:00",
        "end_datetime": "2024-03-01T00:00:00Z",
        "title": "tile_7 of a map",
        "gsd": 30.0,
        "code": 32_633,
        "size": 1_234_567,
        "huge": 2**80,
        "share": 97.25,
        "tiny": 1e-9,
        "truth": True,
        "nothing": None,
        "mixed": [1, 2.5, "tile_7", None],
    },
    "links": [],
    "assets": {"data": {"href": "https://example.com/tile_7.tif"}},
    "foreign": {"kept": [[]]},
}
SAMPLES = [ODD, ItemFactory(3, 5).item(0), ItemFactory(3, 20).item(1)]
IDS = st.lists(st.text(alphabet="ab_19-", min_size=1, max_size=6), min_size=1, max_size=4, unique=True)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70)
POINTS = st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(list)


def shape(value: Any) -> Any:
    """Return the members and types of a value, and the lengths of its lists."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value)


def factory(samples: list[dict[str, Any]] = SAMPLES, count: int = 300, *, one_collection: bool = False) -> LikeFactory:
    return LikeFactory(11, samples, count, one_collection=one_collection)


def test_members_types_and_sizes_are_those_of_the_samples() -> None:
    """Each made item has the members and types of its sample in their order, and about as many bytes as JSON."""
    made = factory()
    for index in range(30):
        sample, item = SAMPLES[index % 3], made.item(index)
        assert list(item) == list(sample)
        assert shape(item) == shape(sample)
        if sample is not ODD:  # whose one number orjson can't write
            assert len(orjson.dumps(item)) == pytest.approx(len(orjson.dumps(sample)), rel=0.01)


def test_what_is_new_and_what_stays() -> None:
    """Ids, times, places and measured values are new; codes, whole numbers, vocabulary and nulls are the sample's."""
    item = factory().item(0)
    old, new = ODD["properties"], item["properties"]
    assert item["id"] != ODD["id"]
    assert new["title"] == f"{item['id']} of a map"
    assert item["assets"]["data"]["href"] == f"https://example.com/{item['id']}.tif"
    assert new["mixed"] == [1, pytest.approx(2.5, abs=0.5), item["id"], None]
    assert {key for key in old if new[key] == old[key]} == {
        *("datetime", "gsd", "code", "huge", "tiny", "truth", "nothing")
    }
    assert new["start_datetime"].endswith(".123456+02:00")
    assert new["end_datetime"].endswith("Z")
    assert item["foreign"] == ODD["foreign"]
    real = factory().item(1)
    assert real["geometry"] != SAMPLES[1]["geometry"]
    assert real["bbox"] != SAMPLES[1]["bbox"]


def test_an_item_is_a_function_of_seed_and_index() -> None:
    """The same index makes the same item in another factory, another seed another one."""
    assert factory().item(17) == factory().item(17)
    assert factory().item(17) != LikeFactory(12, SAMPLES, 300, one_collection=False).item(17)


@given(ids=IDS, count=st.integers(1, 400))
def test_ids_are_unique(ids: list[str], count: int) -> None:
    """Whatever the samples are called, no two items of a corpus share an id."""
    made = factory([{"id": name} for name in ids], count)
    assert len({made.item(index)["id"] for index in range(count)}) == count


@given(number=NUMBERS)
def test_a_number_keeps_its_type_and_whole_part(number: float) -> None:
    """A float stays one with as large a whole part; the sign and the digits before the last ones stay an integer's."""
    new = Variation("a", {}, "old", "new").value(number)
    assert type(new) is type(number)
    if isinstance(number, float):
        assert abs(new - number) <= max(1, abs(number) * 1e-15)
    else:
        assert len(str(new)) == len(str(number))
        assert str(new)[: 1 + (number < 0)] == str(number)[: 1 + (number < 0)]
    assert Variation("a", {}, "old", "new").value([number, number]) == [new, new]


@given(points=st.lists(POINTS, min_size=3, max_size=8), name=st.text(max_size=3))
def test_a_footprint_moves_as_a_whole_and_stays_on_the_map(points: list[list[float]], name: str) -> None:
    """A ring stays closed, its box still fits, and no position leaves the map."""
    ring = [*points, points[0]]
    west, south = (min(point[axis] for point in ring) for axis in (0, 1))
    east, north = (max(point[axis] for point in ring) for axis in (0, 1))
    item = {"geometry": {"type": "Polygon", "coordinates": [ring]}, "bbox": [west, south, east, north]}
    change = Variation(name, item, "old", "new")
    [moved] = change.geometry(item["geometry"])["coordinates"]
    box = change.box(item["bbox"])
    assert moved[0] == moved[-1]
    assert box == [*map(min, zip(*moved, strict=True)), *map(max, zip(*moved, strict=True))]
    assert all(abs(x) <= 180 and abs(y) <= 90 for x, y in moved)


def test_an_api_has_one_collection() -> None:
    """What an API serves belongs to the collection of most samples, and its document says so."""
    made = factory(one_collection=True)
    assert made.collection_id == "sentinel-2-l2a"
    assert {made.item(index)["collection"] for index in range(3)} == {made.collection_id}
    document = made.collection()
    assert document["id"] == made.collection_id
    assert {link["rel"] for link in document["links"]} >= {"self", "root", "items"}


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"properties": None, "links": None, "assets": None, "geometry": None, "bbox": None, "collection": None},
        {"properties": [1], "links": ["a link"], "geometry": {"type": "GeometryCollection", "geometries": 5}},
        {"properties": {"datetime": 5}, "links": {"rel": "root"}, "geometry": [1], "bbox": ["w", "s", "e", "n"]},
        {"links": [{"rel": "root", "href": 5}], "bbox": [[1], [2], [3], [4]], "collection": {"id": "c"}},
    ],
)
def test_items_of_odd_members_are_imitated(odd: dict[str, Any]) -> None:
    """An item that lacks members, or has other types in them, has its like in a corpus, a later one and an API."""
    made = LikeFactory(11, [{"id": "odd", **odd}, ODD], 4, one_collection=True)
    later = LaterFactory(made, frozenset(range(4)))
    assert all("properties" in later.item(index) for index in range(4))
    assert len(sorted(made.key(index) for index in range(4))) == 4
    assert made.collection()["links"]
