"""The terms of a search, asked of servers that do them, don't declare them, ignore them or refuse them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from ingest_bench.simulator.in_process import serving
from ingest_bench.simulator.item_store import open_store
from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.completeness import completeness_report
from stac_ingest.errors import ConfigurationError
from stac_ingest.pipeline import PipelineResult

COUNT = 60
START = datetime(2024, 1, 1, tzinfo=UTC)
AREA = {"type": "Polygon", "coordinates": [[[-0.5, -1], [20.5, -1], [20.5, 3], [-0.5, -1]]]}
"""A triangle: its box has more items than it does."""
FILTER = "cloud < 20 AND platform LIKE 'a%'"


def item(number):
    properties = {
        "datetime": (START + timedelta(days=number)).isoformat(),
        "cloud": number,
        "platform": "ab"[number % 2],
    }
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": f"i{number:02}",
        "collection": "c",
        "bbox": [number, number % 3, number, number % 3],
        "geometry": {"type": "Point", "coordinates": [number, number % 3]},
        "properties": properties,
        "links": [],
        "assets": {"a": {"href": "http://127.0.0.1/a"}},
    }


def in_area(number):
    return number <= 20 and number % 3 <= -1 + (number + 0.5) * 4 / 21


TERMS = {
    "ids": ({"ids": ["i03", "i41", "i59"]}, lambda number: number in (3, 41, 59)),
    "intersects": ({"intersects": AREA}, in_area),
    "query": ({"query": {"cloud": {"gte": 50}}}, lambda number: number >= 50),
    "filter": ({"filter": FILTER}, lambda number: number < 20 and number % 2 == 0),
}
WAYS = [(1, "semaphore"), (4, "time_chunks"), (4, "queue")]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("c")
    extent = {"spatial": {"bbox": [[0, 0, 60, 2]]}, "temporal": {"interval": [["2024-01-01T00:00:00Z", None]]}}
    about = {"type": "Collection", "stac_version": "1.1.0", "id": "c", "description": "d", "license": "other"}
    (folder / "collection.json").write_text(json.dumps({**about, "links": [], "extent": extent}))
    (folder / "items.ndjson").write_text("".join(json.dumps(item(number)) + "\n" for number in range(COUNT)))
    return open_store(folder)


async def search(store, behaviours=(), **settings):
    """Read; give the items, the server and the report."""
    async with serving(store, behaviours) as server:
        found, report = await read(server.url, **settings)
    return found, server, report


async def read(url, **settings):
    module = IngestModule({"mode": "api", "source": url, "collection_id": "c", "limit": 10, **settings})
    found = [one async for one in module.fetch(WorkflowContext())]
    result = PipelineResult(fetched=len(found))
    return found, completeness_report(module.config, "c", module.summary, result, failures=0)


def numbers(found):
    return sorted(int(one["id"][1:]) for one in found)


def sent(server):
    """Give the parameters of the searches by GET that were received."""
    return [parse_qs(urlsplit(one.path).query) for one in server.received if "limit" in one.path]


@pytest.mark.parametrize(("concurrency", "strategy"), WAYS)
@pytest.mark.parametrize("behaviours", [[], ["get-only"]])
@pytest.mark.parametrize("term", TERMS)
async def test_a_server_does_what_it_declares(term, behaviours, concurrency, strategy, store):
    """By POST and by GET, in one cursor and in many, the server is asked, and all that matches comes."""
    settings, expected = TERMS[term]
    how = {"concurrency": concurrency, "worker_strategy": strategy}
    found, server, report = await search(store, behaviours, **settings, **how)
    assert numbers(found) == [*filter(expected, range(COUNT))]
    assert (report.verdict, report.filtered, report.expected) == ("complete", 0, len(found))
    assert not any(term in note for note in report.notes)
    if behaviours:
        assert all(term in one for one in sent(server) if "items" not in one)


@pytest.mark.parametrize(("concurrency", "strategy"), WAYS)
@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize(
    "behaviour",
    [
        "undeclared={}",
        "undeclared=all",
        "ignore-filters={}",
        "no-search",
        "refuse-term={}:400",
        "refuse-term={}:405",
        "refuse-term={}:501",
    ],
)
async def test_what_a_server_does_not_do_is_done_here(behaviour, term, concurrency, strategy, store):
    """A term that isn't declared, is ignored or is refused leaves the same items, and the report says what was done."""
    if term in ("ids", "intersects") and behaviour.startswith("undeclared"):
        pytest.skip("is of the core")
    settings, expected = TERMS[term]
    how = {"concurrency": concurrency, "worker_strategy": strategy}
    found, _, report = await search(store, [behaviour.format(term)], **settings, **how)
    assert numbers(found) == [*filter(expected, range(COUNT))]
    assert report.verdict == "complete", report
    assert report.filtered == COUNT - len(found)
    assert any(f"`{term}`" in note and "here" in note for note in report.notes), report.notes


@pytest.mark.parametrize("behaviour", ["undeclared=sort", "no-search", "refuse-term=sortby:400"])
async def test_an_order_that_a_server_does_not_give_is_refused(behaviour, store):
    """Items aren't sorted here: a server that doesn't declare an order, or refuses it, isn't read."""
    with pytest.raises(ConfigurationError, match=r"^sortby: .*sortby.*leave it out"):
        await search(store, [behaviour], sortby="-cloud")


@pytest.mark.parametrize("behaviours", [[], ["get-only"]])
async def test_items_come_in_the_order_that_is_asked_for(behaviours, store):
    """The order is that of one cursor, whatever else the settings leave open."""
    found, _, report = await search(store, behaviours, sortby="+platform,-cloud", concurrency="auto")
    assert [one["properties"]["cloud"] for one in found] == [*range(58, -1, -2), *range(59, 0, -2)]
    assert report.verdict == "complete"
    with pytest.raises(ConfigurationError, match="sortby needs one cursor"):
        await search(store, sortby="id", concurrency=2)


async def test_an_order_that_is_ignored_is_noted(store):
    """Items that come in another order than asked for are delivered, and a note says so once."""
    found, _, report = await search(store, ["ignore-filters=sortby"], sortby="+cloud")
    assert len(found) == COUNT
    assert sum("may ignore `sortby`" in note for note in report.notes) == 1


@pytest.mark.parametrize(
    "behaviour", ["get-only", "undeclared=fields", "ignore-filters=fields", "refuse-term=fields:422", "no-search"]
)
async def test_items_have_the_fields_that_are_asked_for(behaviour, store):
    """Whoever does it, items have what is named, and what no item goes without; conditions still see what they need."""
    fields = "properties.platform,-links"
    found, _, report = await search(store, [behaviour], fields=fields, query={"cloud": {"lt": 3}})
    assert [*map(sorted, found)] == [["collection", "geometry", "id", "properties", "stac_version", "type"]] * 3
    assert [sorted(one["properties"]) for one in found] == [["datetime", "platform"]] * 3
    assert report.verdict == "complete"


async def test_ids_that_do_not_come_are_named(store):
    """A long list of ids is asked for in parts, and those of no item are named."""
    asked = [f"i{number:02}" for number in range(90)]
    for behaviours in ([], ["get-only"]):
        found, server, report = await search(store, behaviours, ids=asked, limit=25, concurrency=3)
        assert numbers(found) == [*range(60)]
        assert report.verdict == "complete"
        assert "30 of 90 ids asked for were not found: 'i60', 'i61'" in " ".join(report.notes)
        assert all(len(one.path) < 2000 for one in server.received)
        assert sum("/search" in one.path for one in server.received) == 1 + 4


async def test_long_ids_make_no_long_url(store):
    """In a URL ids are cut by their length, too."""
    asked = [f"{'é' * 50}{number}" for number in range(30)]
    _, server, _ = await search(store, ["get-only"], ids=asked, limit=100)
    assert all(len(one.path) < 2000 for one in server.received)


async def test_items_here_are_counted_and_bounded(store):
    """`max_items` is of items that match, though a server that doesn't filter sends many more."""
    for behaviour in ("undeclared=filter", "ignore-filters=filter"):
        found, _, _ = await search(store, [behaviour], filter="platform = 'b'", max_items=7, limit=5)
        assert len(found) == 7
        assert all(one["properties"]["platform"] == "b" for one in found)


async def test_an_expression_is_sent_in_the_language_that_a_server_takes(store):
    """Text goes into a URL and JSON into a body, whichever of the two was given."""
    as_json = {"op": "<", "args": [{"property": "cloud"}, 5]}
    for given in ("cloud < 5", as_json):
        found, server, _ = await search(store, ["get-only"], filter=given)
        assert {one["filter"][0] for one in sent(server) if "filter" in one} == {"cloud < 5"}
        assert {one["filter-lang"][0] for one in sent(server) if "filter" in one} == {"cql2-text"}
        assert numbers(found) == [*range(5)]
        found, _, _ = await search(store, filter=given)
        assert numbers(found) == [*range(5)]


async def test_a_collection_that_is_not_named_is_found(store):
    """A search of all collections that a server refuses is one of all that it lists."""
    found, _, report = await search(store, ["refuse-term=no-collections:400"], collection_id=None)
    assert len(found) == COUNT
    assert report.verdict == "complete"
