"""The generated items: valid, plausible, unique, and the same everywhere."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from hashlib import sha256
from math import gcd
from statistics import mean

import orjson
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from pystac.validation.local_validator import get_local_schema_cache
from referencing import Registry, Resource

from ingest_bench.corpora.items import ItemFactory, collection
from ingest_bench.corpora.scenes import _STRIDE, _TILES, DATATAKE_ITEMS, scene
from ingest_bench.corpora.seeded_bytes import decimal

SCHEMAS = get_local_schema_cache()
REGISTRY = Registry().with_resources([(uri, Resource.from_contents(schema)) for uri, schema in SCHEMAS.items()])
SIZES = (5, 20)
FACTORIES = {size: ItemFactory(20260210, size) for size in SIZES}
INDEXES = st.integers(0, 9_999_999)
ANTIMERIDIAN = next(n for n in range(5000) if FACTORIES[5].item(n)["geometry"]["type"] == "MultiPolygon")


def validator(kind):
    return Draft7Validator(
        SCHEMAS[f"https://schemas.stacspec.org/v1.1.0/{kind}-spec/json-schema/{kind}.json"], registry=REGISTRY
    )


ITEM_VALIDATOR = validator("item")


def json_types(value, path=""):
    """List (path, JSON type) of every leaf; elements of a list share a path."""
    if isinstance(value, dict):
        return {pair for key, inner in value.items() for pair in json_types(inner, f"{path}/{key}")}
    if isinstance(value, list):
        return {pair for inner in value for pair in json_types(inner, f"{path}[]")}
    return {(path, type(value).__name__)}


def floats(value):
    """List every float inside a value."""
    if isinstance(value, float):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [number for part in inner for number in floats(part)]


@pytest.mark.parametrize("size", SIZES)
@given(index=INDEXES)
def test_items_are_valid_stac(size, index):
    """Any item passes the core schema of STAC 1.1, without the network."""
    errors = list(ITEM_VALIDATOR.iter_errors(FACTORIES[size].item(index)))
    assert not errors


def test_the_collection_is_valid_stac():
    """The collection passes the core schema of STAC 1.1."""
    assert not list(validator("collection").iter_errors(collection()))


@pytest.mark.parametrize("size", SIZES)
def test_items_are_as_large_as_they_say(size):
    """Items have 5 or 20 KB of compact JSON, within 15%."""
    sizes = [len(orjson.dumps(FACTORIES[size].item(index))) for index in range(0, 4000, 40)]
    assert 0.85 * size * 1000 < min(sizes)
    assert max(sizes) < 1.15 * size * 1000
    assert mean(sizes) / size / 1000 == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (5, "85d3eee7665be7c54725a92781196dd1fdc3a874262ffc529d4ec691add30cd3"),
        (20, "8cb03b673bf8851442ee3b2c561ed0f69bcc9889eb49d9cb6c78a8db1d029380"),
    ],
)
def test_items_never_change(size, expected):
    """The bytes of some items are the same on every machine; if this fails on purpose, raise `GENERATOR`."""
    total = sha256()
    for index in [*range(100), ANTIMERIDIAN, 9_999_999]:
        total.update(orjson.dumps(FACTORIES[size].item(index)))
    assert total.hexdigest() == expected


@given(index=INDEXES)
def test_an_item_depends_on_seed_size_and_index_alone(index):
    """A fresh factory makes the same item, whatever others it made before; another seed makes another."""
    factory = ItemFactory(7, 5)
    factory.item(3)
    assert factory.item(index) == ItemFactory(7, 5).item(index)
    assert factory.item(index) != ItemFactory(8, 5).item(index)


@pytest.mark.parametrize("size", SIZES)
@given(index=INDEXES)
def test_a_key_has_one_type(size, index):
    """A value has the same JSON type in all items, and all items have the same keys, so that they fit a table."""
    first, other = FACTORIES[size].item(0), FACTORIES[size].item(index)
    for item in (first, other):
        del item["geometry"]["coordinates"]
    assert json_types(first) == json_types(other)


@pytest.mark.parametrize("size", SIZES)
@given(index=INDEXES)
def test_no_float_is_a_whole_number(size, index):
    """Floats can't be taken for integers on their way through a table."""
    found = floats(FACTORIES[size].item(index))
    assert len(found) > 20
    assert not [number for number in found if number.is_integer()]


@given(index=INDEXES)
def test_times_carry_milliseconds(index):
    """Times are RFC 3339 in UTC, with milliseconds that aren't zero, and in the order of events."""
    properties = FACTORIES[5].item(index)["properties"]
    texts = [properties[key] for key in ("datetime", "created", "updated")]
    assert all(len(text) == 24 and text[19] == "." and text[20:23] != "000" and text[23] == "Z" for text in texts)
    assert texts == sorted(texts)
    interval = collection()["extent"]["temporal"]["interval"][0]
    assert datetime.fromisoformat(interval[0]) <= datetime.fromisoformat(texts[0]) < datetime.fromisoformat(interval[1])


@given(word=st.integers(0, 2**32 - 1), low=st.integers(-90, 90), span=st.integers(1, 300), places=st.integers(1, 12))
def test_decimals_stay_in_range(word, low, span, places):
    """A drawn decimal lies strictly inside its range and is never a whole number."""
    number = decimal(word, low, low + span, places)
    assert low < number < low + span
    assert not number.is_integer()


@given(index=INDEXES)
def test_footprints_are_valid(index):
    """A footprint doesn't cross itself, stays on the globe, and fills its bbox."""
    item = FACTORIES[20].item(index)
    shape = shapely.from_geojson(orjson.dumps(item["geometry"]))
    assert shape.is_valid
    west, south, east, north = item["bbox"]
    assert -180 < west < 180
    assert -180 < east < 180
    assert (shape.bounds[1], shape.bounds[3]) == (south, north)
    if item["geometry"]["type"] == "Polygon":
        assert (shape.bounds[0], shape.bounds[2]) == (west, east)


def test_a_footprint_is_split_at_the_antimeridian():
    """A few footprints are MultiPolygons with a part on either side, and a bbox whose west is east of its east."""
    item = FACTORIES[20].item(ANTIMERIDIAN)
    shape = shapely.from_geojson(orjson.dumps(item["geometry"]))
    assert shape.is_valid
    left, right = shape.geoms
    assert left.bounds[2] > 179.9
    assert right.bounds[0] < -179.9
    assert item["bbox"][0] == left.bounds[0] > item["bbox"][2] == right.bounds[2]
    kinds = Counter(FACTORIES[5].item(index)["geometry"]["type"] for index in range(2000))
    assert 0 < kinds["MultiPolygon"] < 0.01 * kinds["Polygon"]


@given(index=INDEXES, laps=st.integers(1, 115))
def test_ids_of_one_tile_are_unique(index, laps):
    """Items of one tile have ids that differ, since their lap shows in the seconds; a lap visits a tile once."""
    first, second = (scene(1, number) for number in (index % _TILES, index % _TILES + laps * _TILES))
    assert first.tile == second.tile
    assert first.id != second.id
    assert (second.product - second.datatake.start).seconds % 120 == laps
    assert gcd(_STRIDE, _TILES) == 1


def test_ids_are_unique_and_plain():
    """Ten thousand items have ten thousand ids, which are safe file names."""
    names = {FACTORIES[5].key(index)[1] for index in range(10_000)}
    assert len(names) == 10_000
    assert all(name.replace("_", "").isalnum() and name.isascii() for name in names)


@given(index=INDEXES)
def test_the_key_is_that_of_the_item(index):
    """Sorting by the cheap key is sorting the items."""
    item = FACTORIES[5].item(index)
    assert FACTORIES[5].key(index) == (item["properties"]["datetime"], item["id"])


def test_times_are_uneven():
    """Some months hold several times what others do, and some dozens of items share one instant."""
    times = [FACTORIES[5].key(index)[0] for index in range(0, 96_000, 8)]
    months = Counter(time[:7] for time in times)
    assert len(months) > 50
    assert max(months.values()) > 5 * min(months.values())
    instants = Counter(FACTORIES[5].key(index)[0] for index in range(20 * DATATAKE_ITEMS))
    assert max(instants.values()) == DATATAKE_ITEMS
