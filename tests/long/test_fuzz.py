"""Any bytes are read, or refused by a typed error. `make test-long` tries many; it prints how many."""

from __future__ import annotations

import os
from collections import Counter

import fuzz_targets
import orjson
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stac_ingest.geoparquet.writer import GeoParquetWriter

EXAMPLES = int(os.environ.get("TEST_INPUTS", "100000")) if "TEST_LONG" in os.environ else 200
URL = fuzz_targets.URL
SPLICES = [
    b'"features":', b'"links":[', b'"rel":"next"', b'"href":"', b"//", b"..", b"\\u0000", b"\\ud83d", b"NaN", b"1e999",
    b"null", b"[", b"]", b"{", b"}", b",", b'"', b"\\", b"\xef\xbb\xbf", b"\xff", b"-0", b'"id":""', b"[" * 1_100,
    b'"merge":true', b'"method":"POST"', b'"body":{', b'"headers":{', b'"datetime":"', b"9" * 30, b"PAR1",
]  # fmt: skip
TRIED = Counter()


def items(count):
    return [
        {
            "type": "Feature",
            "stac_version": "1.1.0",
            "id": f"i{number}",
            "collection": "things",
            "bbox": [0.0, 0.0, 1.0, 1.0],
            "geometry": {"type": "Point", "coordinates": [0.0, 1.0]},
            "properties": {"datetime": f"2024-01-0{number + 1}T00:00:00Z", "cover": [1.5, None], "deep": {"a": [{}]}},
            "links": [{"rel": "self", "href": "x"}],
            "assets": {"a": {"href": "y", "roles": ["data"]}},
        }
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """Make sound inputs: they are what gets changed."""
    path = tmp_path_factory.mktemp("seeds") / "items.parquet"
    with GeoParquetWriter(path, row_group_items=2) as writer:
        writer.write(items(5))
    following = {"rel": "next", "href": f"{URL}?token=2", "method": "POST", "body": {"token": "2"}, "merge": True}
    whole = {"type": "FeatureCollection", "features": items(3), "links": [following], "numberMatched": 9}
    spread = {**whole, "links": [{**following, "headers": {"X-Cursor": "1"}, "method": "GET"}], "numberReturned": 3}
    pages = [orjson.dumps(whole), orjson.dumps(spread, option=orjson.OPT_INDENT_2), orjson.dumps(items(1)[0])]
    links = [b"?token=2\0GET\0X-Cursor\0a\0{}", b'http://user@10.0.0.1/s\0POST\0Host\0b\0{"token": 1}\0aa']
    shapes = [shapely.Point(1, 2), shapely.box(0, 0, 1, 1), shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])]
    shapes.append(shapely.GeometryCollection([shapely.LineString([(0, 0, 1), (1, 1, 1)]), shapely.Point()]))
    return {
        "page": pages,
        "text": [*pages, orjson.dumps(items(2))],
        "parquet": [path.read_bytes()],
        "link": links,
        "geometry": [shapely.to_wkb(shape, byte_order=order) for shape in shapes for order in (0, 1)],
    }


@st.composite
def edits(draw):
    """Choose changes: where, in shares of the whole, how much goes, and what comes in its place."""
    change = st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(SPLICES) | st.binary(max_size=8))
    return draw(st.lists(change, min_size=1, max_size=6))


@pytest.mark.parametrize("target", fuzz_targets.TARGETS)
def test_any_bytes_are_read_or_refused(target, seeds):
    """Sound inputs with pieces cut out, put in and exchanged, and plain noise, never get further than a typed error."""

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(seeds[target]), edits(), st.none() | st.binary(max_size=60))
    def try_one(seed, changes, noise):
        data = seed if noise is None else noise
        for share, gone, put in changes:
            at = int(share * len(data))
            data = data[:at] + put + data[at + gone :]
        TRIED[target] += 1
        fuzz_targets.TARGETS[target](data)

    try_one()
    print(f"{target}: {TRIED[target]} inputs")  # noqa: T201 - a figure
