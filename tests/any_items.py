"""Items of all kinds for property tests: instants, geometries, nulls, nested lists and unlike assets."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from ingest_bench.writer_table.differences import Difference

_FIRST, _LAST = dt.datetime(1900, 1, 2), dt.datetime(2200, 1, 1)  # noqa: DTZ001 - hypothesis wants them without
degrees = st.floats(-90, 90, allow_nan=False).map(lambda value: value + 0.0)
plain_text = st.text(st.characters(exclude_categories=["C"]), max_size=8)
whole = st.integers(-(2**53), 2**53)


@st.composite
def instants(draw: st.DrawFn) -> str:
    """Draw an instant as RFC 3339 has it: any offset, up to six digits of a second."""
    zone = dt.timezone(dt.timedelta(minutes=draw(st.integers(-840, 840))))
    moment = draw(st.datetimes(_FIRST, _LAST, timezones=st.just(zone)))
    text = moment.isoformat(timespec=draw(st.sampled_from(["seconds", "milliseconds", "microseconds"])))
    return text.replace("+00:00", "Z") if zone.utcoffset(None) == dt.timedelta(0) else text


@st.composite
def geometries(draw: st.DrawFn) -> dict[str, Any] | None:
    """Draw a geometry in two or three dimensions, or none."""
    size = draw(st.integers(2, 3))
    position = st.lists(degrees, min_size=size, max_size=size)
    ring = st.lists(position, min_size=3, max_size=5).map(lambda points: [*points, points[0]])
    line = st.lists(position, min_size=2, max_size=4)
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "Point": position,
        "LineString": line,
        "Polygon": st.lists(ring, min_size=1, max_size=2),
        "MultiPoint": st.lists(position, min_size=1, max_size=3),
        "MultiLineString": st.lists(line, min_size=1, max_size=2),
        "MultiPolygon": st.lists(st.lists(ring, min_size=1, max_size=1), min_size=1, max_size=2),
    }
    kind = draw(st.sampled_from([None, *kinds]))
    return None if kind is None else {"type": kind, "coordinates": draw(kinds[kind])}


def some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


properties = some(
    created=instants(),
    updated=st.none() | instants(),
    gsd=whole | degrees,
    flag=st.booleans() | st.none(),
    title=plain_text,
    shape=st.lists(whole, max_size=3),
    nested=st.lists(st.lists(whole | st.none(), max_size=2), max_size=3),
    deep=some(a=whole | st.none(), b=st.lists(plain_text, max_size=2)).filter(bool),
)
asset = st.fixed_dictionaries(
    {"href": plain_text},
    optional={
        "title": plain_text | st.none(),
        "roles": st.lists(plain_text, max_size=2),
        "bands": st.lists(st.fixed_dictionaries({"name": plain_text}, optional={"nodata": degrees}), max_size=2),
    },
)


@st.composite
def collections(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw a few items that share what they like."""
    items = []
    for number in range(draw(st.integers(1, 4))):
        own = draw(properties)
        dated = (
            {"datetime": draw(instants())}
            if draw(st.booleans())
            else {"datetime": None, "start_datetime": draw(instants())}
        )
        box = draw(
            st.none() | st.sampled_from([4, 6]).flatmap(lambda size: st.lists(degrees, min_size=size, max_size=size))
        )
        keys = draw(st.lists(st.sampled_from(["B01", "b01", "data", "a b", "ü"]), max_size=2, unique=True))
        assets = {key: draw(asset) for key in ([*keys, "first"] if number == 0 else keys)}
        items.append(
            {
                "type": "Feature",
                "stac_version": "1.1.0",
                "stac_extensions": draw(st.lists(plain_text, max_size=2)),
                "id": f"{number}-{draw(plain_text)}",
                "collection": "c",
                "geometry": draw(geometries()),
                **({} if box is None else {"bbox": box}),
                "properties": {**dated, **own},
                "links": draw(st.lists(st.fixed_dictionaries({"rel": plain_text, "href": plain_text}), max_size=2)),
                "assets": assets,
            }
        )
    return items


def beside_nulls(found: list[Difference]) -> list[Difference]:
    """Give the differences that are more than a null member left out, which a table has no place for."""
    return [one for one in found if one.what != "null lost"]
