"""Any item to a file of ours and back: what comes is what went, or the difference is counted or named."""

from __future__ import annotations

import datetime as dt
import math
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from any_rows import assert_lines
from stac_ingest.changes import ChangeCollector
from stac_ingest.core.instants import INSTANTS
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.writer import GeoParquetWriter

Item = dict[str, Any]

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6)
CORE = ["id", "type", "collection", "links", "assets", "bbox", "geometry", "properties", "stac_version"]
ODD_NAMES = [
    "item.title",
    "properties.id",
    "properties.datetime",
    "item.geometry",
    "a.b",
    "",
    "Foo",
    "foo",
    "\x00",
    "é",
]
names = st.sampled_from(["title", "gsd", "x", "l", "proj:geometry", *CORE, *ODD_NAMES]) | words
numbers = st.one_of(
    st.integers(-9, 9),
    st.integers(-(2**70), 2**70),
    st.sampled_from([2**53 + 1, 2**63, 2**64, 0.0, -0.0, 1.0, 1e300, 5e-324]),
    st.floats(allow_nan=False, allow_infinity=False),
)
scalars = st.none() | st.booleans() | numbers | words
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def instants(draw: st.DrawFn) -> str | None:
    """Draw an instant in any spelling of RFC 3339, with any number of digits, or a time without an offset."""
    if draw(st.integers(0, 9)) == 0:
        return None
    moment = draw(st.datetimes()).isoformat(timespec="seconds")
    moment = moment.replace("T", draw(st.sampled_from("Tt ")))
    moment = draw(st.sampled_from([moment, moment[:-2] + "60"]))
    fraction = draw(st.from_regex(r"(\.[0-9]{1,12})?", fullmatch=True))
    return moment + fraction + draw(st.sampled_from(["Z", "z", "+02:00", "-11:30", "-00:00", ""]))


coordinates = st.one_of(st.integers(-200, 200), st.floats(-200, 200), st.sampled_from([2**53 + 1, 1e9]))
positions = st.lists(coordinates, min_size=2, max_size=4)
lines = st.lists(positions, min_size=2, max_size=4)
rings = st.lists(positions, min_size=3, max_size=5).map(lambda ring: [*ring, ring[0]])
plain_geometries = st.one_of(
    st.tuples(st.just("Point"), positions | st.just([])),
    st.tuples(st.just("MultiPoint"), st.lists(positions, max_size=3)),
    st.tuples(st.just("LineString"), lines | st.just([])),
    st.tuples(st.just("MultiLineString"), st.lists(lines, max_size=2)),
    st.tuples(st.just("Polygon"), st.lists(rings, max_size=2) | st.just([[]])),
    st.tuples(st.just("MultiPolygon"), st.lists(st.lists(rings, max_size=2), max_size=2)),
).map(lambda pair: {"type": pair[0], "coordinates": pair[1]})
geometries = st.recursive(
    plain_geometries,
    lambda inner: st.lists(inner, max_size=2).map(lambda held: {"type": "GeometryCollection", "geometries": held}),
    max_leaves=3,
)


@st.composite
def shapes(draw: st.DrawFn) -> dict[str, Any] | None:
    """Draw a geometry, of any kind and with members of its own, or none."""
    if draw(st.integers(0, 9)) == 0:
        return None
    shape = draw(geometries)
    extra = draw(st.dictionaries(st.sampled_from(["crs", "bbox", "note"]), values, max_size=1))
    return {**shape, **extra} if draw(st.booleans()) else shape


boxes = st.lists(coordinates, min_size=4, max_size=4) | st.lists(coordinates, min_size=6, max_size=6)
bands = st.lists(
    st.fixed_dictionaries({}, optional={"nodata": scalars, "scale": numbers, "storage": st.just({})}), max_size=2
)
assets = st.dictionaries(
    st.sampled_from(["B01", "visual"]) | words,
    st.fixed_dictionaries({"href": words}, optional={"raster:bands": bands, "storage": values, "n": values}) | values,
    max_size=2,
)
links = st.lists(st.fixed_dictionaries({"rel": words, "href": words}, optional={"title": values}), max_size=2)


@st.composite
def items(draw: st.DrawFn) -> Item:
    """Draw an item that has whatever JSON allows."""
    moments = draw(st.dictionaries(st.sampled_from(sorted(INSTANTS)), instants(), max_size=2))
    properties = draw(st.dictionaries(names, values, max_size=4))
    named = {name: draw(shapes() | values) for name in ["proj:geometry"] if draw(st.booleans())}
    item: Item = {
        "type": "Feature",
        "id": draw(words),
        "geometry": draw(shapes()),
        "properties": {"datetime": None, **properties, **named, **moments},
    }
    known = {"links": links, "assets": assets, "collection": words, "bbox": boxes, "stac_extensions": st.lists(words)}
    for name, kind in known.items():
        if draw(st.booleans()):
            item[name] = draw(kind | st.none())
    foreign = draw(st.dictionaries(names | st.sampled_from(sorted(INSTANTS)), values, max_size=2))
    return {**{name: value for name, value in foreign.items() if name not in CORE}, **item}


@st.composite
def parts(draw: st.DrawFn) -> list[list[Item]]:
    """Draw items, as they are handed to the writer."""
    return draw(st.lists(st.lists(items(), min_size=1, max_size=3), min_size=1, max_size=3))


CYCLE = 146_097 * 86_400
"""Seconds of 400 years, after which the calendar is the same again."""


def moment_of(text: str) -> tuple[int, str]:
    """Give the instant that RFC 3339 text is: seconds, but for whole cycles of the calendar, and the digits behind."""
    found = re.fullmatch(r"(\d{4})(-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)", text, re.ASCII)
    assert found is not None
    year, day, clock, digits, zone = found.groups()
    # Python's calendar has no year 0, and an offset may lead there.
    there = dt.datetime.fromisoformat(f"{2000 + int(year) % 400}{day}T{clock}{zone.upper()}")
    return int(there.timestamp()) % CYCLE, (digits or "").rstrip("0")


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal as JSON's are: 10 is 10.0, and no truth value is a number."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def same_item(one: Item, other: Item) -> bool:
    """Tell whether items are the same but for the spelling of their instants."""
    one, other = ({**item, "properties": dict(item["properties"])} for item in (one, other))
    for name in INSTANTS & set(one["properties"]) & set(other["properties"]):
        texts = (one["properties"][name], other["properties"][name])
        if texts[0] != texts[1] and None not in texts and moment_of(texts[0]) == moment_of(texts[1]):
            one["properties"][name] = texts[1]
    return same(one, other)


def without_null_members(value: Any) -> Any:
    """Leave out null members, at any depth."""
    if isinstance(value, dict):
        return {name: without_null_members(member) for name, member in value.items() if member is not None}
    return [without_null_members(member) for member in value] if isinstance(value, list) else value


def null_members(value: Any) -> int:
    """Count null members, at any depth."""
    if isinstance(value, dict):
        return sum((member is None) + null_members(member) for member in value.values())
    return sum(map(null_members, value)) if isinstance(value, list) else 0


def round_trip(written: list[list[Item]]) -> tuple[list[Item], ChangeCollector]:
    """Write items to a file, and read it both as items and as lines."""
    changes = ChangeCollector()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "items.parquet"
        with GeoParquetWriter(path, row_group_items=2, changes=changes) as writer:
            for part in written:
                writer.write(part)
        with pq.ParquetFile(path) as file:
            decoder = Decoder(file.schema_arrow)

            def reject(origin: str, error: Exception) -> None:
                raise AssertionError(origin) from error

            batches = list(file.iter_batches())
            for rows in batches:
                assert_lines(rows, decoder)
            return [item for rows in batches for item in decoder.items(rows, "file", reject)], changes


@settings(max_examples=500 if "TEST_LONG" in os.environ else 75, deadline=None)
@given(written=parts())
def test_any_item_comes_back(written: list[list[Item]]) -> None:
    """Each value comes back at its place and of its type; null members that don't are counted, one by one."""
    read, changes = round_trip(written)
    sent = [item for part in written for item in part]
    assert len(read) == len(sent)
    for before, after in zip(sent, read, strict=True):
        assert same_item(without_null_members(before), without_null_members(after)), (before, after)
    assert changes.changes == 0
    assert changes.null_members == null_members(sent) - null_members(read)


def not_finite(value: Any, found: set[str], place: str = "") -> Any:
    """Find where NaN and the infinities are, and give the value as it is to come back."""
    if isinstance(value, dict):
        return {name: not_finite(member, found, f"{place}.{name}" if place else name) for name, member in value.items()}
    if isinstance(value, list):
        return [not_finite(member, found, place) for member in value]
    if isinstance(value, float) and not math.isfinite(value):
        found.add(place)
        return str(value) if place.endswith(".nodata") else None
    return value


with_nan = st.recursive(
    st.floats() | st.integers() | st.booleans() | words,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["nodata", "x", "y"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@settings(max_examples=500 if "TEST_LONG" in os.environ else 50, deadline=None)
@given(
    written=st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "nodata"]), with_nan, max_size=2), min_size=1, max_size=4
    )
)
def test_numbers_that_json_lacks_are_named(written: list[dict[str, Any]]) -> None:
    """NaN and the infinities are text in `nodata` and null elsewhere; each of them is named, and nothing else."""
    sent = [
        {"type": "Feature", "id": f"{number}", "geometry": None, "properties": {"datetime": None, **properties}}
        for number, properties in enumerate(written)
    ]
    read, changes = round_trip([sent])
    expected = set()
    for before, after in zip(sent, read, strict=True):
        places: set[str] = set()
        finite = not_finite(before, places)
        expected |= {(before["id"], place) for place in places}
        assert same(without_null_members(finite), without_null_members(after))
    assert {(change.item_id, change.member) for change in changes.get_all()} == expected
