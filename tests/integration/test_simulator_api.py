"""The simulated server over HTTP: a STAC API that real clients page through, with the properties it was given."""

import json
import socket
import threading
import time
from http.client import HTTPConnection
from urllib.parse import quote, urlencode, urlsplit

import pystac
import pytest
from pystac_client import Client
from pystac_client.exceptions import APIError

from ingest_bench.config.models import Corpus
from ingest_bench.config.server import RateLimit, Server
from ingest_bench.corpora.builder import build
from ingest_bench.simulator.process import SimulatorProcess

TOTAL, PAGE = 230, 40
COLLECTION = "sentinel-2-l2a"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    build("small", Corpus(kind="api", items=TOTAL), 7, folder / "small", folder / "small.manifest.json", 1)
    return folder / "small"


@pytest.fixture(scope="module")
def items(corpus):
    return {json.loads(line)["id"]: json.loads(line) for line in (corpus / "items.ndjson").read_text().splitlines()}


@pytest.fixture(scope="module")
def server(corpus):
    with SimulatorProcess(corpus, Server(), 1) as running:
        yield running


def ask(server, path, body=None, method=None):
    """Ask with the standard library alone; give status, headers and what the JSON says."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method or ("GET" if body is None else "POST"), path, content)
        response = connection.getresponse()
        content = response.read()
        is_json = "json" in response.headers["Content-Type"]
        return response.status, response.headers, json.loads(content) if is_json and content else content
    finally:
        connection.close()


def rel(document, name):
    """Give the links of that relation."""
    return [link for link in document["links"] if link["rel"] == name]


@pytest.mark.parametrize("paging", ["token", "page", "offset"])
def test_pystac_client_pages_fully_through(corpus, items, paging):
    """Whatever the paging style, pystac-client gets every item exactly once, unchanged, by GET, POST and collection."""
    with SimulatorProcess(corpus, Server(), 1, ["--paging", paging]) as running:
        client = Client.open(running.url)
        pages = -(-TOTAL // PAGE)
        for method in ("GET", "POST"):
            running.reset()
            found = list(client.search(collections=[COLLECTION], limit=PAGE, method=method).items_as_dicts())
            assert len(found) == TOTAL
            assert {item["id"]: item for item in found} == items
            assert running.stats().requests == pages
        assert sorted(item.id for item in client.get_collection(COLLECTION).get_items()) == sorted(items)


def test_pystac_client_filters(server, items):
    """Filters given to pystac-client arrive, by GET as by POST, also on pages after the first."""
    some = sorted(items)[::5]
    cloudy = [item["id"] for item in items.values() if item["properties"]["eo:cloud_cover"] > 50]
    client = Client.open(server.url)
    for method in ("GET", "POST"):
        by_id = client.search(ids=some, limit=7, method=method)
        assert sorted(item["id"] for item in by_id.items_as_dicts()) == some
        by_query = client.search(query={"eo:cloud_cover": {"gt": 50}}, limit=7, method=method)
        assert by_query.matched() == len(cloudy)
        assert sorted(item["id"] for item in by_query.items_as_dicts()) == sorted(cloudy)
        by_place = client.search(intersects=items[some[0]]["geometry"], method=method)
        assert some[0] in {item["id"] for item in by_place.items_as_dicts()}
        in_time = client.search(datetime=items[some[0]]["properties"]["datetime"], method=method)
        assert some[0] in {item["id"] for item in in_time.items_as_dicts()}
    with pytest.raises(APIError, match="bbox: latitudes"):
        list(client.search(bbox=[0, 1, 1, 0]).items_as_dicts())


def test_the_catalog_and_the_collection_are_valid_stac(server):
    """Landing page and collection pass the STAC schemas (the core ones; extensions belong to the corpus)."""
    _, _, landing = ask(server, "/")
    pystac.Catalog.from_dict(landing).validate()
    _, _, collection = ask(server, f"/collections/{COLLECTION}")
    pystac.Collection.from_dict({**collection, "stac_extensions": []}).validate()


def test_links_lead_where_they_say(server):
    """Every link of the landing page, the collections and a page leads to an answer of the media type it names."""
    _, _, landing = ask(server, "/")
    assert {link["method"] for link in rel(landing, "search")} == {"GET", "POST"}
    _, _, collections = ask(server, "/collections")
    _, _, page = ask(server, f"/collections/{COLLECTION}/items?limit=3")
    links = [*landing["links"], *collections["links"], *collections["collections"][0]["links"], *page["links"]]
    assert {
        "self",
        "root",
        "parent",
        "data",
        "conformance",
        "service-desc",
        "service-doc",
        "items",
        "next",
        "child",
    } <= {link["rel"] for link in links}
    for link in links:
        if link["href"].startswith(server.url):
            body = {} if link.get("method") == "POST" else None
            status, headers, _ = ask(server, link["href"].removeprefix(server.url), body)
            assert (status, headers["Content-Type"].split(";")[0]) == (200, link["type"].split(";")[0])
    assert rel(page, "self")[0]["href"] == f"{server.url}/collections/{COLLECTION}/items?limit=3"


def test_what_it_conforms_to_is_said_twice_alike(server):
    """Landing page and conformance name the same classes, core, collections, features and item search among them."""
    _, _, landing = ask(server, "/")
    _, _, conformance = ask(server, "/conformance")
    assert conformance["conformsTo"] == landing["conformsTo"]
    classes = [name.removeprefix("https://api.stacspec.org/v1.0.0/") for name in conformance["conformsTo"]]
    assert {"core", "collections", "ogcapi-features", "item-search"} <= set(classes)


def test_the_description_names_every_parameter_that_is_taken(server):
    """The OpenAPI document has each path, and of its parameters all that the server takes and no other."""
    _, headers, description = ask(server, "/api")
    assert headers["Content-Type"] == "application/vnd.oai.openapi+json;version=3.0"
    assert description["openapi"].startswith("3.0.")
    values = {"limit": "1", "bbox": "0,0,1,1", "datetime": "2020-01-01T00:00:00Z", "ids": "a", "query": "{}"}
    values |= {"collections": "a", "intersects": '{"type":"Point","coordinates":[0,0]}', "token": "x"}
    for path in ("/search", "/collections/{collectionId}/items"):
        named = [one["name"] for one in description["paths"][path]["get"]["parameters"] if one["in"] == "query"]
        for name, value in values.items():
            status, _, answer = ask(server, f"{path.format(collectionId=COLLECTION)}?{urlencode({name: value})}")
            taken = status == 200 or name == "token"
            assert taken == (name in named), answer
    parameters = description["paths"]["/search"]["get"]["parameters"]
    assert next(one["schema"]["maximum"] for one in parameters if one["name"] == "limit") == 1000


def test_one_item_is_served_as_it_is(server, items):
    """An item alone is the item of the corpus."""
    name = min(items)
    status, headers, item = ask(server, f"/collections/{COLLECTION}/items/{quote(name)}")
    assert (status, headers["Content-Type"], item) == (200, "application/geo+json", items[name])


def test_the_next_link_of_a_post_is_the_whole_body_and_a_token(server):
    """A POST is echoed whole with a token inside and without merge; following it leads on."""
    body = {"collections": [COLLECTION], "limit": 50, "bbox": [-180, -90, 180, 90]}
    _, _, page = ask(server, "/search", body)
    (link,) = rel(page, "next")
    assert "merge" not in link
    assert link["method"] == "POST"
    assert {name: value for name, value in link["body"].items() if name != "token"} == body
    _, _, second = ask(server, "/search", link["body"])
    assert not {item["id"] for item in page["features"]} & {item["id"] for item in second["features"]}


def test_items_come_newest_first(server):
    """The order is by time, then id, both descending, so that it is the same on every page and every run."""
    _, _, page = ask(server, "/search?limit=1000")
    keys = [(item["properties"]["datetime"], item["id"]) for item in page["features"]]
    assert len(set(keys)) == TOTAL
    assert keys == sorted(keys, reverse=True)


def test_a_count_needs_no_items(server):
    """limit=0 answers with the count alone, and there is no next page of that."""
    for path in ("/search?limit=0", f"/collections/{COLLECTION}/items?limit=0"):
        _, _, page = ask(server, path)
        assert (page["features"], page["numberMatched"], page["numberReturned"]) == ([], TOTAL, 0)
        assert rel(page, "next") == []


def test_counts_can_be_left_out_and_pages_clamped(corpus):
    """A server may know no counts, and serves no page larger than its largest."""
    with SimulatorProcess(corpus, Server(max_page=25), 1, ["--no-counts"]) as running:
        _, _, page = ask(running, "/search?limit=5000")
        assert (len(page["features"]), page["numberReturned"], "numberMatched" in page) == (25, 25, False)
        assert rel(page, "next")


def test_a_page_past_the_end_is_empty(corpus):
    """Numbered pages beyond the last one are empty and lead nowhere; they are no error."""
    with SimulatorProcess(corpus, Server(paging="page"), 1) as running:
        status, _, page = ask(running, "/search?page=99&limit=10")
        assert (status, page["features"], rel(page, "next")) == (200, [], [])


@pytest.mark.parametrize(
    ("path", "body", "method", "status"),
    [
        ("/nowhere", None, None, 404),
        ("/collections/none", None, None, 404),
        ("/collections/none/items", None, None, 404),
        (f"/collections/{COLLECTION}/items/none", None, None, 404),
        (f"/collections/{COLLECTION}/items/..%2F..%2Fcollection.json", None, None, 404),
        ("/search", None, "DELETE", 405),
        ("/search?limit=-1", None, None, 400),
        ("/search?limit=1&limit=2", None, None, 400),
        ("/search?token=first", None, None, 400),
        ("/search?datetime=2020", None, None, 400),
        ("/search", {"bbox": [0, 0, 1]}, None, 400),
        ("/search", ["limit"], None, 400),
    ],
)
def test_errors_are_json(server, path, body, method, status):
    """Every error is a JSON object with a code and a description, with the status that fits."""
    found, headers, error = ask(server, path, body, method)
    assert (found, headers["Content-Type"]) == (status, "application/json")
    assert set(error) == {"code", "description"}
    assert error["description"]


def test_a_body_that_is_no_json_is_refused(server):
    """Half a body is an error with status 400; an empty one is a search without filters."""
    for content, status in ((b'{"limit": ', 400), (b"\xff", 400), (b"", 200)):
        connection = HTTPConnection(urlsplit(server.url).netloc, timeout=30)
        connection.request("POST", "/search", content)
        assert connection.getresponse().status == status
        connection.close()


def test_the_rate_limit_lets_through_what_the_closed_form_says(corpus):
    """Of requests faster than the rate, the burst passes and what the time since then allows; the rest get a 429."""
    rate, burst, asked = 0.001, 5, 12
    with SimulatorProcess(corpus, Server(rate=RateLimit(per_second=rate, burst=burst)), 1) as running:
        for _ in range(2):
            answers = [ask(running, "/search?limit=1") for _ in range(asked)]
            assert [status for status, _, _ in answers] == [200] * burst + [429] * (asked - burst)
            # The bucket fills at a thousandth of a token a second.
            assert all(990 <= int(headers["Retry-After"]) <= 1000 for status, headers, _ in answers if status == 429)
            record = running.stats()
            assert (record.requests, record.rate_limited) == (asked, asked - burst)
            running.reset()


class Load:
    """Clients in threads that share no code with the server: the standard library's, each with one connection."""

    def __init__(self, server, clients, each):
        self._netloc = urlsplit(server.url).netloc
        self._each = each
        self.thought = []
        threads = [threading.Thread(target=self._client) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _client(self):
        connection = HTTPConnection(self._netloc, timeout=30)
        for _ in range(self._each):
            connection.request("GET", "/search?limit=5")
            response = connection.getresponse()
            response.read()
            self.thought.append(dict(part.split("=") for part in response.headers["X-Think-Ms"].split(", ")))
        connection.close()


def test_the_record_agrees_with_what_clients_saw(corpus, tmp_path):
    """Under load, Little's law holds within 5%, every request is counted, and think times are those in the answers."""
    clients, each = 8, 25
    log = tmp_path / "requests.ndjson"
    with SimulatorProcess(corpus, Server(think_ms=8, jitter_ms=2), 1, ["--log", str(log)]) as running:
        running.reset()
        began = time.perf_counter()
        load = Load(running, clients, each)
        record = running.stats()
        seconds = time.perf_counter() - began
    assert record.requests == len(load.thought) == clients * each
    assert record.little_ratio == pytest.approx(1, abs=0.05)
    assert 1 < record.in_flight_peak <= clients
    # A client may have its answer before the server reads its clock; its next question comes after that.
    assert record.window_s <= seconds
    assert record.in_flight_mean * record.window_s <= clients * seconds
    assert record.response_ms_mean <= 1000 * seconds / each
    assert record.think_ms_achieved <= record.response_ms_mean
    for name, mean in (("asked", record.think_ms_asked), ("achieved", record.think_ms_achieved)):
        assert sum(float(one[name]) for one in load.thought) / len(load.thought) == pytest.approx(mean, abs=0.001)
    assert all(float(one["achieved"]) >= float(one["asked"]) - 0.01 for one in load.thought)
    assert record.cpu_s > 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["status"] for line in lines] == [200] * record.requests
    assert sum(line["think_ms_asked"] for line in lines) / len(lines) == pytest.approx(record.think_ms_asked)


def test_every_request_of_the_api_thinks_and_the_instrument_does_not(corpus):
    """Landing page, collection and counts take the think time as pages do; questions about the run aren't counted."""
    with SimulatorProcess(corpus, Server(think_ms=1), 1) as running:
        paths = ["/", "/conformance", "/collections", f"/collections/{COLLECTION}", "/search?limit=0", "/nowhere"]
        assert all("X-Think-Ms" in ask(running, path)[1] for path in paths)
        assert "X-Think-Ms" not in ask(running, "/_bench/stats")[1]
        assert running.stats().requests == len(paths)


def test_a_record_waits_for_requests_that_nobody_waits_for(corpus):
    """A request whose client has gone is still seen to its end, so that the record is whole."""
    with SimulatorProcess(corpus, Server(think_ms=200), 1) as running:
        host = urlsplit(running.url)
        with socket.create_connection((host.hostname, host.port), timeout=30) as connection:
            connection.sendall(b"POST /search HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n")
            # Said when the server begins with the request: from here on it thinks.
            assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        record = running.stats()
    assert (record.requests, record.little_ratio) == (1, pytest.approx(1))
    assert record.response_ms_mean >= 200


def test_the_items_are_a_static_catalog_too(server, items):
    """Below `/static/` each item is behind a child of a catalog, which pystac walks by its links."""
    root = pystac.Catalog.from_file(f"{server.url}/static/catalog.json")
    children = list(root.get_children())
    assert len(children) == TOTAL
    assert {item.id for child in children[:5] for item in child.get_items()} <= items.keys()
    assert ask(server, f"/static/children/{TOTAL}/catalog.json")[0] == 404
    assert ask(server, "/static/items/x.json")[0] == 404
