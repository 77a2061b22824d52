"""A generated API over HTTP: real clients page through it, epochs are switched, and what was asked for is counted."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pystac
import pytest
from pystac_client import Client

from ingest_bench.config.server import Server
from ingest_bench.errors import MeasurementError
from ingest_bench.simulator.generated.description import Description
from ingest_bench.simulator.generated.store import GeneratedStore
from ingest_bench.simulator.options import GENERATED
from ingest_bench.simulator.process import SimulatorProcess

DESCRIPTION = Description(items=260, seed=11)
COLLECTION = "sentinel-2-l2a"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    (folder / GENERATED).write_text(DESCRIPTION.model_dump_json())
    with SimulatorProcess(folder, Server(max_page=100), 1) as running:
        yield running


def ask(server: SimulatorProcess, method: str, path: str, body: Any = None) -> tuple[int, Any, Any]:
    """Return status, headers and document of a response."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        response = connection.getresponse()
        return response.status, response.headers, json.loads(response.read() or b"null")
    finally:
        connection.close()


def truth(epoch: int) -> dict[str, Any]:
    """Return the items of an epoch by id."""
    store = GeneratedStore(DESCRIPTION, epoch)
    return {item["id"]: item for item in map(store.item, range(len(store)))}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_client_gets_every_item_of_each_epoch(server, method):
    """pystac-client gets each item of each epoch once and unchanged, and what is newer than the last by CQL2."""
    client = Client.open(server.url)
    for epoch in (0, 1, 3):
        assert ask(server, "POST", f"/_bench/epoch?number={epoch}")[2]["epoch"] == epoch
        expected = truth(epoch)
        found = list(client.search(collections=[COLLECTION], limit=70, method=method).items_as_dicts())
        assert len(found) == len(expected)
        assert {item["id"]: item for item in found} == expected
        since = parsedate_to_datetime(ask(server, "GET", "/")[1]["Date"]) - DESCRIPTION.epoch_length
        stamp = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        later = {one["id"] for one in expected.values() if one["properties"]["updated"] > stamp.replace("Z", ".000Z")}
        expression = (
            f"updated > TIMESTAMP('{stamp}')"
            if method == "GET"
            else {"op": ">", "args": [{"property": "updated"}, {"timestamp": stamp}]}
        )
        language = "cql2-text" if method == "GET" else "cql2-json"
        search = client.search(
            collections=[COLLECTION],
            method=method,
            filter=expression,
            filter_lang=language,
            sortby="-properties.updated",
            limit=50,
        )
        by_time = [item["properties"]["updated"] for item in search.items_as_dicts()]
        assert len(by_time) == len(later) == search.matched()
        assert by_time == sorted(by_time, reverse=True)


def test_items_and_their_collection_are_valid_stac(server):
    """An item and the collection pass the STAC schemas (the core ones)."""
    _, _, collection = ask(server, "GET", f"/collections/{COLLECTION}")
    pystac.Collection.from_dict({**collection, "stac_extensions": []}).validate()
    item = next(iter(truth(0).values()))
    links = [
        link for link in item["links"] if link["rel"] == "collection"
    ]  # of a root, pystac would fetch the document
    pystac.Item.from_dict({**item, "stac_extensions": [], "links": links}).validate()


def test_requests_are_counted_by_kind(server):
    """Pages of items, pages of ids, counts, documents and failures are told apart, each with its items and bytes."""
    ask(server, "POST", "/_bench/epoch?number=0")
    server.reset()
    ask(server, "GET", "/")
    ask(server, "POST", "/search", {"limit": 0})
    ask(server, "GET", "/search?limit=1&sortby=-updated")
    ask(server, "POST", "/search", {"limit": 90})
    ask(server, "GET", f"/collections/{COLLECTION}/items?limit=90&fields=id")
    ask(server, "POST", "/search", {"limit": 1000, "fields": {"include": ["id", "collection"]}})
    updated = {"op": ">", "args": [{"property": "updated"}, {"timestamp": "2010-01-01T00:00:00Z"}]}
    ask(server, "POST", "/search", {"limit": 30, "fields": {"include": ["id"]}, "filter": updated})
    ask(server, "POST", "/search", {"sortby": [{"field": "no"}]})
    ask(server, "GET", "/nowhere")
    _, _, traffic = ask(server, "GET", "/_bench/traffic")
    assert {kind: counts["requests"] for kind, counts in traffic.items()} == {
        "items": 1,
        "recent": 1,
        "ids": 2,
        "counts": 2,
        "documents": 1,
        "failures": 2,
    }
    assert {kind: counts["items"] for kind, counts in traffic.items() if counts["items"]} == {
        "items": 90,
        "recent": 30,
        "ids": 190,
        "counts": 1,
    }
    assert traffic["items"]["bytes"] > 90 * 2000 > 190 * 100 > traffic["ids"]["bytes"] > 190 * 20
    assert server.stats().requests == 9


def test_an_epoch_that_is_none_is_refused(server):
    """An epoch beyond the last one, or no number, is named, and the present epoch stays."""
    ask(server, "POST", "/_bench/epoch?number=1")
    for text in ("4", "-1", "one", ""):
        status, _, problem = ask(server, "POST", f"/_bench/epoch?number={text}")
        assert status == 400
        assert "number" in problem["description"]
    assert ask(server, "GET", "/_bench/epoch")[2]["epoch"] == 1


def test_a_description_that_cannot_be_used_ends_the_server(tmp_path):
    """The command says which member of the file is wrong."""
    (tmp_path / GENERATED).write_text('{"items": -1}')
    with pytest.raises(MeasurementError, match=r"generated.json: items"), SimulatorProcess(tmp_path, Server(), 1):
        pass
