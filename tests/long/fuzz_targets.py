"""What is done with bytes of strangers, as functions that take any bytes and may only refuse them by typed errors.

`test_fuzz.py` calls them with hypothesis, `fuzz_atheris.py` with atheris.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import orjson

from stac_ingest.api.intervals import parse_interval
from stac_ingest.api.links import Request, Trail, next_request
from stac_ingest.api.order import instants_of, marks
from stac_ingest.api.pages import page_counts, parse_page, read_page
from stac_ingest.api.resuming import Track
from stac_ingest.api.urls import origin
from stac_ingest.config import IngestConfig
from stac_ingest.errors import DataProcessingError, ItemError, LinkRefused, PaginationLoop, ResponseError
from stac_ingest.sources.geoparquet import Decodable, GeoParquetSource, _batches, row_groups
from stac_ingest.sources.json_file import items_of_file
from stac_ingest.sources.json_text import checked, parse
from stac_ingest.summary import IngestSummary

URL = "https://stac.example.com/search"


def page(data):
    """Read a page of an API as the source does, and follow its `next`."""
    try:
        found = read_page(data, URL)
        counts = page_counts(found)
        features = parse_page(data, URL)["features"]
    except ResponseError:
        return
    assert all(count is None or count >= 0 for count in counts)
    seen = marks(found)
    assert seen is None or set(seen) <= {*instants_of(found)}
    Track(parse_interval("2020/2021")).place(items(features), ended=True, clean=True)
    for asked in (Request("GET", URL), Request("POST", URL, {}, {"limit": 1})):
        follow(found.links, asked)


def follow(links, asked):
    """Find the next request: refused, or fit to be sent, and noticed when it comes again."""
    try:
        found = next_request(links, asked)
        if found is None:
            return
        trail = Trail(asked)
        trail.step(found)
    except (LinkRefused, PaginationLoop):
        return
    assert origin(found.url)[0] == "https"
    assert found.url.isascii()
    assert found.url.isprintable()
    assert not set("\r\n\0") & set("".join([*found.headers, *found.headers.values()]))
    orjson.dumps(found.body)
    try:
        trail.step(found)
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


def parquet(data):
    """Read a Parquet file."""
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        file.write(data)
        file.flush()
        unit = row_groups(Path(file.name))
        if unit.decoder is None:
            assert isinstance(unit.error, DataProcessingError)
            return
        for read in _batches(unit, unit.metadata):
            if read.error is None:
                decode(Decodable(unit.decoder, read.rows))


def decode(data):
    source = GeoParquetSource([], IngestConfig(mode="file", source="x"), IngestSummary())
    for _ in source._items(data, "file", lambda *_: None):
        pass


TARGETS = {"page": page, "text": text, "parquet": parquet}
