"""What is done with bytes of strangers, as functions that take any bytes and may only refuse them by typed errors.

`test_fuzz.py` calls them with hypothesis, `fuzz_atheris.py` with atheris.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import orjson
import pyarrow as pa
import shapely
import yarl

from stac_ingest.api.intervals import parse_interval
from stac_ingest.api.item_splitter import features
from stac_ingest.api.links import VisitedRequests, next_request
from stac_ingest.api.pages import page_counts, parse_page, read_page
from stac_ingest.api.time_chunks.page_order import instants_of, marks
from stac_ingest.api.time_chunks.resume import ChunkProgress, item_times
from stac_ingest.config import IngestConfig
from stac_ingest.core.json_items import checked, parse
from stac_ingest.errors import DataProcessingError, ItemError, LinkRefused, PaginationLoop, ResponseError
from stac_ingest.filters.rows import RowFilter
from stac_ingest.geoparquet.wkb import geojson_column
from stac_ingest.http.request import Request
from stac_ingest.http.urls import display, network_scope, origin, same_origin
from stac_ingest.sources.geoparquet import Decodable, GeoParquetSource, _batches, row_groups
from stac_ingest.sources.json_file import items_of_file
from stac_ingest.sources.wanted import filter_of
from stac_ingest.summary import IngestSummary

URL = "https://stac.example.com/search"


def page(data):
    """Read a page of an API as the source does, and follow its `next`."""
    try:
        found = read_page(data, URL)
        counts = page_counts(found)
        members = parse_page(data, URL)["features"]
    except ResponseError:
        return
    if is_json(data) and b"\\" not in data:  # an escaped name can be another `features`
        assert list(features(data, URL)) == members
    assert all(count is None or count >= 0 for count in counts)
    seen = marks(found)
    if is_json(data):  # of other bytes nothing is known: what looks like an instant may overlap another one
        assert seen is None or set(seen) <= {*instants_of(found)}
    ChunkProgress(parse_interval("2020/2021")).advance(list(map(item_times, items(members))), ended=True, clean=True)
    for asked in (Request("GET", URL), Request("POST", URL, {}, {"limit": 1})):
        follow(found.links, asked)


def is_json(data):
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


BASES = (
    "https://stac.example.com/search",
    "http://127.0.0.1:8080/v1/search",
    "https://10.1.2.3/",
    "http://[fd00::1]:81/",
)


def link(data):
    """Follow a `next` whose parts are anything: where it leads, how, with which headers and body."""
    href, method, name, value, body, base = [*data.decode("utf-8", "replace").split("\0"), *[""] * 6][:6]
    try:
        body = orjson.loads(body)
    except orjson.JSONDecodeError:
        body = {}
    found = {
        "rel": "next",
        "href": href,
        "method": method,
        "headers": {name: value},
        "body": body,
        "merge": len(base) > 1,
    }
    base = BASES[len(base) % len(BASES)]
    for asked in (Request("GET", base, {"X-Mine": "1"}), Request("POST", base, {"X-Mine": "1"}, {"limit": 1})):
        try:
            following = next_request([found], asked)
        except LinkRefused:
            continue
        if following is not None:
            within_reach(following, base)


def within_reach(found, base):
    """Assert that a request goes where the network code will go too, in its base's network scope, as safe as before."""
    scheme, host, port = origin(found.url)
    seen = yarl.URL(found.url, encoded=True)
    assert (seen.scheme, (seen.raw_host or "").lower(), seen.port, seen.user) == (scheme, host, port, None)
    assert scheme == "https" or base.startswith("http:")
    assert host == origin(base)[1] or (network_scope(host) or "the internet") == (
        network_scope(origin(base)[1]) or "the internet"
    )
    assert same_origin(found.url, base) or not found.headers
    assert found.url.isascii()
    assert found.url.isprintable()
    assert not set("\r\n\0") & set("".join([*found.headers, *found.headers.values()]))
    orjson.dumps(found.body)
    assert len(display(found.url)) < 600


def follow(links, asked):
    """Find the next request: refused, or fit to be sent, and noticed when it comes again."""
    try:
        found = next_request(links, asked)
        if found is None:
            return
        visited = VisitedRequests(asked)
        visited.add(found)
    except (LinkRefused, PaginationLoop):
        return
    assert origin(found.url)[0] == "https"
    assert found.url.isascii()
    assert found.url.isprintable()
    assert not set("\r\n\0") & set("".join([*found.headers, *found.headers.values()]))
    orjson.dumps(found.body)
    try:
        visited.add(found)
    except PaginationLoop:
        return
    raise AssertionError("a request that comes again was not noticed")


def text(data):
    """Read a file of JSON."""
    try:
        members = items_of_file(parse(data), "file")
    except (ValueError, DataProcessingError):
        return
    items(members)


def items(members):
    """Give those that are items; each has an id that can be written."""
    good = []
    for member in members:
        try:
            good.append(checked(member))
        except ItemError:
            continue
    for one in good:
        assert one["id"].encode()
    return good


WANTED = filter_of(
    IngestConfig(mode="file", source="x", bbox=[0, 0, 9, 9], datetime="2020/2024", collection_id="things")
)


def parquet(data):
    """Read a Parquet file, all of it and what a filter leaves."""
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        file.write(data)
        file.flush()
        unit = row_groups(Path(file.name))
        if unit.decoder is None:
            assert isinstance(unit.error, DataProcessingError)
            return
        may_match = unit.may_match(WANTED)
        some = [number for number in unit.numbers if may_match(number)]
        for part in (unit, unit._replace(numbers=some, rows=RowFilter(WANTED, unit.schema))):
            for read in _batches(part, unit.metadata):
                if read.rows is not None:
                    decode(Decodable(unit.decoder, read.rows))


def decode(data):
    source = GeoParquetSource([], IngestConfig(mode="file", source="x"), IngestSummary())
    for _ in source._items(data, "file", lambda *_: None):
        pass


POINT = shapely.to_wkb(shapely.Point(1, 2))


def geometry(data):
    """Read a column of Well-Known Binary: a row is a geometry to GEOS too, closed or not, or named; no other minds."""
    rows = [data, POINT, data[: len(data) // 2], None, POINT + data]
    found, bad = geojson_column(pa.array(rows, pa.binary()))
    found = list(found)
    assert not {1, 3} & set(bad)
    assert found[1] == {"type": "Point", "coordinates": [1.0, 2.0]}
    for number, raw in enumerate(rows):
        if found[number] is not None:
            assert shapely.from_wkb(raw, on_invalid="fix") is not None
            orjson.dumps(found[number])


TARGETS = {"page": page, "text": text, "parquet": parquet, "link": link, "geometry": geometry}
