"""Which items the simulated server finds, against a model that looks at every item."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box, mapping, shape

from ingest_bench.errors import MeasurementError
from ingest_bench.simulator.item_filter import ItemIndex
from ingest_bench.simulator.item_store import open_store
from ingest_bench.simulator.query_params import read_search

START = datetime(2024, 1, 1, tzinfo=UTC)
HOURS = 48
BOXES = [
    [0, 0, 10, 10],
    [10, 10, 20, 20],
    [-20, -20, -5, -5],
    [170, -10, -170, 10],
    [175, 40, 180, 50],
    [-180, 40, -175, 50],
    [5, 5, 100, 6, 6, 200],
    None,
]


def stamp(hour):
    """Write an hour after the start; half of them with another offset."""
    moment = START + timedelta(hours=hour)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if hour % 2 else moment.isoformat()


def item(number):
    """Make an item; every fourth lasts for some hours, several share an instant."""
    hour = (number * 7) % HOURS
    properties = {"datetime": stamp(hour), "cloud": number % 5}
    if number % 4 == 0:
        properties |= {"datetime": None, "start_datetime": stamp(hour), "end_datetime": stamp(hour + number % 9)}
    if number % 3 == 0:
        properties["platform"] = f"sat-{number % 2}"
    bbox = BOXES[number % len(BOXES)]
    geometry = None
    if bbox is not None:
        flat = bbox if len(bbox) == 4 else [*bbox[:2], *bbox[3:5]]
        geometry = mapping(box(*flat)) if flat[0] <= flat[2] else mapping(box(flat[0], flat[1], 180, flat[3]))
    return {
        "type": "Feature",
        "id": f"item-{number:03}",
        "collection": "things",
        "bbox": bbox,
        "geometry": geometry,
        "properties": properties,
        "links": [],
        "assets": {},
    }


ITEMS = [item(number) for number in range(96)]


def write(folder, items, collection=None):
    """Write a corpus."""
    about = collection or {"id": "things", "type": "Collection", "links": []}
    (folder / "collection.json").write_text(json.dumps(about))
    (folder / "items.ndjson").write_text("".join(json.dumps(one) + "\n" for one in items))
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return open_store(write(tmp_path_factory.mktemp("corpus"), ITEMS))


@pytest.fixture(scope="module")
def find(store):
    index = ItemIndex(store)

    def found(body):
        wanted = read_search({**body, "limit": 1}, "token", 1000).filter
        return [store.item(number)["id"] for number in index.find(wanted)]

    return found


def span(one):
    """Give first and last instant of an item."""
    properties = one["properties"]
    first = properties.get("start_datetime") or properties["datetime"]
    last = properties.get("end_datetime") or properties["datetime"]
    return datetime.fromisoformat(first), datetime.fromisoformat(last)


def newest_first(items):
    """Order items as the server does."""
    return [one["id"] for one in sorted(items, key=lambda one: (span(one), one["id"]), reverse=True)]


@given(first=st.integers(-2, HOURS + 9), length=st.integers(0, 30), open_start=st.booleans(), open_end=st.booleans())
@settings(deadline=None)
def test_time_matches_on_intersection_with_a_closed_interval(find, first, length, open_start, open_end):
    """Exactly those items are found, newest first, whose time has at least an instant in common with the interval."""
    start, end = START + timedelta(hours=first), START + timedelta(hours=first + length)
    open_end = open_end and not open_start
    text = f"{'..' if open_start else start.isoformat()}/{'' if open_end else end.isoformat()}"
    expected = [one for one in ITEMS if (open_end or span(one)[0] <= end) and (open_start or span(one)[1] >= start)]
    assert find({"datetime": text}) == newest_first(expected)


def longitudes(west, east):
    """Cut a span of longitudes at the antimeridian."""
    return [(west, east)] if west <= east else [(west, 180), (-180, east)]


def touch(one, query):
    """Compare two flat bounding boxes the long way round."""
    south, north = max(one[1], query[1]), min(one[3], query[3])
    across = any(
        max(a[0], b[0]) <= min(a[1], b[1]) for a in longitudes(one[0], one[2]) for b in longitudes(query[0], query[2])
    )
    return across and south <= north


@given(
    west=st.integers(-180, 180),
    east=st.integers(-180, 180),
    latitudes=st.lists(st.integers(-90, 90), min_size=2, max_size=2),
)
@settings(deadline=None)
def test_boxes_match_on_intersection_also_across_the_antimeridian(find, west, east, latitudes):
    """Exactly those items are found whose bounding box touches the one asked for, whichever crosses 180 degrees."""
    south, north = sorted(latitudes)
    expected = []
    for one in ITEMS:
        bbox = one["bbox"]
        if bbox is not None:
            flat = bbox if len(bbox) == 4 else [*bbox[:2], *bbox[3:5]]
            if touch(flat, [west, south, east, north]):
                expected.append(one)
    assert find({"bbox": [west, south, east, north]}) == newest_first(expected)


def test_elevations_count_when_asked_for(find):
    """With six numbers, items without an elevation lie at 0, and others are found at theirs."""
    low = [one for one in ITEMS if one["bbox"] and len(one["bbox"]) == 4 and touch(one["bbox"], [0, 0, 9, 9])]
    high = [one for one in ITEMS if one["bbox"] and len(one["bbox"]) == 6]
    assert find({"bbox": [0, 0, -1, 9, 9, 1]}) == newest_first(low)
    assert find({"bbox": [0, 0, 150, 9, 9, 160]}) == newest_first(high)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": [5.5, 5.5]},
        {"type": "LineString", "coordinates": [[-30, -30], [30, 30]]},
        {"type": "Polygon", "coordinates": [[[-10, -4], [4, -4], [-10, 20], [-10, -4]]]},
        {"type": "MultiPoint", "coordinates": [[15, 15], [-6, -6]]},
        {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [176, 45]}]},
    ],
)
def test_geometries_match_on_intersection(find, geometry):
    """With `intersects`, those items are found whose own geometry touches the one given, of whatever type."""
    wanted = shape(geometry)
    expected = [one for one in ITEMS if one["geometry"] and shape(one["geometry"]).intersects(wanted)]
    assert expected
    assert find({"intersects": geometry}) == newest_first(expected)


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ({"cloud": {"lt": 2}}, lambda p: p["cloud"] < 2),
        ({"cloud": {"gte": 1, "lte": 3}}, lambda p: 1 <= p["cloud"] <= 3),
        ({"cloud": {"gt": 3}}, lambda p: p["cloud"] > 3),
        ({"cloud": {"neq": 0}}, lambda p: p["cloud"] != 0),
        ({"cloud": {"in": [0, 4]}}, lambda p: p["cloud"] in (0, 4)),
        ({"platform": {"eq": "sat-1"}, "cloud": {"eq": 3}}, lambda p: p.get("platform") == "sat-1" and p["cloud"] == 3),
        (
            {"platform": {"startsWith": "sat", "endsWith": "0", "contains": "t-"}},
            lambda p: p.get("platform") == "sat-0",
        ),
        ({"platform": {"lt": 3}}, lambda p: False),
        ({"missing": {"eq": 1}}, lambda p: False),
    ],
)
def test_properties_are_compared(find, query, holds):
    """The operators of the query extension hold as they say, and not where a value is missing or of another kind."""
    assert find({"query": query}) == newest_first([one for one in ITEMS if holds(one["properties"])])


def test_ids_and_collections_select_and_all_conditions_hold_at_once(find):
    """Ids don't override other conditions, unknown ids are nothing, and another collection is empty."""
    ids = ["item-003", "item-010", "nobody"]
    assert sorted(find({"ids": ids})) == ids[:2]
    assert find({"ids": ids, "query": {"cloud": {"eq": 3}}}) == ["item-003"]
    assert find({"ids": []}) == []
    assert find({"collections": ["others"]}) == []
    assert find({"collections": ["others", "things"]}) == newest_first(ITEMS)
    assert find({}) == newest_first(ITEMS)


def test_lines_are_the_bytes_of_the_corpus(store, tmp_path):
    """What is served is what the file holds, to the byte, whatever order the file is in and however it ends."""
    (write(tmp_path, []) / "items.ndjson").write_text("\n".join(map(json.dumps, reversed(ITEMS))))
    other = open_store(tmp_path)
    assert len(other) == len(store) == len(ITEMS)
    assert [bytes(other.line(n)) for n in range(len(other))] == [bytes(store.line(n)) for n in range(len(store))]
    assert bytes(store.line(store.index("item-007"))) == json.dumps(ITEMS[7]).encode()


def test_an_empty_corpus_can_be_searched(tmp_path):
    """A collection without items is served as one."""
    store = open_store(write(tmp_path, []))
    assert len(store) == 0
    for body in ({}, {"bbox": [0, 0, 1, 1]}, {"datetime": "2024-01-01T00:00:00Z"}, {"query": {"a": {"eq": 1}}}):
        assert len(ItemIndex(store).find(read_search(body, "token", 10).filter)) == 0


def test_links_of_items_can_be_led_to_the_server(tmp_path):
    """With links of its own, only those that lead to the API of the corpus change."""
    api = "https://api.example.com/v1"
    about = {"id": "things", "links": [{"rel": "root", "href": api}]}
    one = {
        **ITEMS[0],
        "links": [{"href": api}, {"href": f"{api}/collections"}, {"href": f"{api}0"}, {"href": "https://x"}],
    }
    store = open_store(write(tmp_path, [one], about), "http://127.0.0.1:1")
    assert [link["href"] for link in store.item(0)["links"]] == [
        "http://127.0.0.1:1",
        "http://127.0.0.1:1/collections",
        f"{api}0",
        "https://x",
    ]


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ('{"id": ', "item 1 can't be served"),
        ("[]", "item 1 can't be served"),
        (json.dumps({**ITEMS[0], "collection": "others"}), "belongs to collection 'others'"),
        (json.dumps({**ITEMS[1], "properties": {"datetime": "yesterday"}}), "'yesterday' is not"),
        (json.dumps({**ITEMS[1], "bbox": [1, 2]}), "bbox has 2 numbers"),
        (json.dumps(ITEMS[1]) + "\n" + json.dumps(ITEMS[1]), "id twice"),
    ],
)
def test_a_damaged_corpus_is_refused(tmp_path, lines, complaint):
    """A corpus that can't be served as it is stops the server at once, with the place and the reason."""
    (write(tmp_path, []) / "items.ndjson").write_text(lines)
    with pytest.raises(MeasurementError, match=complaint):
        open_store(tmp_path)


def test_a_missing_corpus_is_refused(tmp_path):
    """A folder that is no corpus is an error that names what it lacks, and what such a folder has."""
    with pytest.raises(MeasurementError, match=r"collection\.json is not there; give a folder with"):
        open_store(tmp_path)
    (tmp_path / "collection.json").write_text("[]")
    (tmp_path / "items.ndjson").write_text("")
    with pytest.raises(MeasurementError, match="not a STAC Collection"):
        open_store(tmp_path)
