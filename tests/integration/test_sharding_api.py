"""An ingest of an API in shards of time: edges, durations, counts, limits."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pyarrow.parquet as pq
import pytest
from sharding_items import item

from stac_ingest.api.intervals import parse_instant, parse_interval
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sharding import ShardedIngest, finalize_ingest, plan_ingest, run_shard
from stac_ingest.sharding.status import IngestStatus

START = datetime(2020, 1, 1, tzinfo=UTC)
DAYS = 100


def stamp(day):
    return (START + timedelta(days=day)).isoformat().replace("+00:00", "Z")


def dated(number, **times):
    return item(number, properties=times)


class Api(ThreadingHTTPServer):
    """A STAC API with one collection, in threads. Its attributes say how it behaves."""

    daemon_threads = True

    def __init__(self, items):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.items = items
        self.counts = True
        self.by_duration = False
        self.breaks_at = None
        self.extent = [stamp(-0.3), stamp(DAYS)]  # so that no item lies where it is halved
        self.asked = []
        self.arrivals = []

    def times(self, properties):
        """Tell when an item is, as this server sees it: some search durations even of items that have an instant."""
        first = properties.get("datetime")
        if first is None or self.by_duration:
            first = properties.get("start_datetime", first)
            return parse_instant(first), parse_instant(properties.get("end_datetime", first))
        return parse_instant(first), parse_instant(first)

    def found(self, text):
        start, end = parse_interval(text) if text else (None, None)
        times = [(one, *self.times(one["properties"])) for one in self.items]
        return [
            one
            for one, first, last in times
            if text is None
            or (first is not None and (start is None or last >= start) and (end is None or first <= end))
        ]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.arrivals.append(time.monotonic())
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        server = self.server
        if url.path == "/search":
            server.asked.append(query.get("datetime"))
            self.answer(*self.page(query))
        elif url.path == "/collections/c":
            self.answer(200, {"id": "c", "extent": {"temporal": {"interval": [server.extent]}}})
        else:
            self.answer(200, {"links": [{"rel": "search", "href": server.url + "/search", "method": "GET"}]})

    def page(self, query):
        found = self.server.found(query.get("datetime"))
        limit, start = int(query["limit"]), int(query.get("token", 0))
        page = found[start : start + limit]
        if self.server.breaks_at in [one["id"] for one in page] and limit > 1:
            return 500, {"description": "broken"}
        links = []
        if start + limit < len(found):
            rest = "&".join(f"{name}={value}" for name, value in query.items() if name != "token")
            links = [{"rel": "next", "href": f"{self.server.url}/search?{rest}&token={start + limit}"}]
        document = {"type": "FeatureCollection", "features": page, "links": links}
        return 200, {**document, "numberMatched": len(found)} if self.server.counts else document

    def answer(self, status, document):
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/geo+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def api():
    """Serve 100 items, one a day."""
    server = Api([dated(day, datetime=stamp(day)) for day in range(DAYS)])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def settings(api, tmp_path):
    """Ask for four shards."""
    return ShardedIngest.parse(
        {"source": api.url, "collection": "c", "output": str(tmp_path / "out"), "shards": 4, "concurrency": 2}
    )


def ingest(settings):
    """Do all, and return the plan, the certificate, and how often each item is there."""
    plan = plan_ingest(settings)
    for shard in plan.shards:
        run_shard(plan, shard.number)
    certificate = finalize_ingest(plan)
    parts = sorted((settings.state_folder.parent / "items").iterdir())
    return plan, certificate, Counter(found for part in parts for found in pq.read_table(part)["id"].to_pylist())


def exactly(api):
    return {one["id"]: 1 for one in api.items}


def test_shards_meet_and_each_item_comes_once(api, settings):
    """The shards cover all of time without a gap, are alike, and know their items by counts alone."""
    plan, certificate, found = ingest(settings)
    pieces = [shard.piece for shard in plan.shards]
    assert [piece.own_before for piece in pieces[:-1]] == [piece.own_from for piece in pieces[1:]]
    assert (pieces[0].own_from, pieces[-1].own_before, pieces[0].start, pieces[-1].end) == (None, None, None, None)
    assert max(shard.expected for shard in plan.shards) <= 25 + 13
    assert (certificate.verdict, certificate.items, certificate.matched) == ("complete", 100, 100)
    assert found == exactly(api)


def test_the_same_answers_give_the_same_plan(settings):
    """Planning twice asks the same and writes the same."""
    plan_ingest(settings)
    first = (settings.state_folder / "plan.json").read_bytes()
    plan_ingest(settings)
    assert (settings.state_folder / "plan.json").read_bytes() == first


def test_items_at_an_edge_belong_to_the_later_shard(api, settings):
    """A crowd that lies exactly at a cut comes in both shards, and is delivered by one."""
    edge = plan_ingest(settings).shards[1].piece.own_from
    at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=edge)).isoformat().replace("+00:00", "Z")
    api.items += [dated(1000 + number, datetime=at) for number in range(3)]
    plan = plan_ingest(settings)
    assert edge in {shard.piece.own_from for shard in plan.shards}
    _, certificate, found = ingest(settings)
    assert certificate.strays == 3
    assert certificate.kept_strays == 0
    assert (certificate.verdict, certificate.duplicates) == ("complete", 0)
    assert found == exactly(api)


def test_long_items_belong_to_where_they_start(api, settings):
    """An item that lasts all the time comes in all shards, and is delivered by the first."""
    api.items.append(dated(1000, datetime=None, start_datetime=stamp(0), end_datetime=stamp(DAYS)))
    _, certificate, found = ingest(settings)
    assert certificate.strays == 3
    assert found == exactly(api)


def test_what_a_server_sees_elsewhere_in_time_is_kept(api, settings):
    """A server may search other times of an item than its own instant; the item is not lost, and not doubled."""
    api.by_duration = True
    api.items.append(dated(1000, datetime=stamp(5), start_datetime=stamp(90), end_datetime=stamp(91)))
    api.items.append(dated(1001, datetime="never", start_datetime=stamp(10), end_datetime=stamp(80)))
    api.items[-1]["properties"].pop("datetime")
    api.items.append(dated(1002, datetime=stamp(50), start_datetime=stamp(1), end_datetime=stamp(99)))
    _, certificate, found = ingest(settings)
    assert certificate.kept_strays == 1
    assert certificate.strays > 3
    assert (certificate.verdict, certificate.items) == ("complete", 103)
    assert found == exactly(api)
    assert IngestStatus(settings).end() is None


def test_items_outside_of_the_extent_are_not_lost(api, settings):
    """The outermost shards have no end, whatever the collection says of itself."""
    api.extent = [stamp(20), stamp(30)]
    _, certificate, found = ingest(settings)
    assert certificate.verdict == "complete"
    assert found == exactly(api)


def test_an_interval_that_was_asked_for_is_kept_to(api, settings):
    """Shards of a part of time stay within it, at both of its ends."""
    part = ShardedIngest.parse({**settings.model_dump(), "datetime": f"{stamp(10)}/{stamp(60)}"})
    _, certificate, found = ingest(part)
    assert (certificate.verdict, certificate.items) == ("complete", 51)
    assert set(found) == {f"i{day:04d}" for day in range(10, 61)}
    assert set(found.values()) == {1}


def test_a_server_that_does_not_count(api, settings):
    """It is cut evenly in time, and the verdict says that nobody knows how many there should be."""
    api.counts = False
    plan, certificate, found = ingest(settings)
    assert len(plan.shards) == 4
    assert certificate.verdict == "unknown"
    assert "even in time" in " ".join(certificate.notes)
    assert found == exactly(api)


def test_a_shard_of_which_a_page_fails_is_not_published(api, settings):
    """A shard that a server sends in part fails, leaves nothing, and is complete when it is run alone again."""
    plan = plan_ingest(settings)
    api.breaks_at = "i0040"
    failed = []
    for shard in plan.shards:
        try:
            run_shard(plan, shard.number)
        except DataProcessingError:
            failed.append(shard.number)
    assert len(failed) == 1
    assert list(IngestStatus(settings).shards()) == failed
    assert not (settings.state_folder.parent / f"items/part-{failed[0]:05d}.parquet").exists()
    api.breaks_at = None
    run_shard(plan, failed[0])
    assert finalize_ingest(plan).items == 100
    assert not list(settings.state_folder.glob(".scratch/*"))


def test_the_requests_of_all_keep_to_the_budget(api, settings):
    """Planning and shards together ask no more than was allowed, and all items come."""
    bounded = ShardedIngest.parse({**settings.model_dump(), "max_requests": 60, "limit": 10})
    _, _, found = ingest(bounded)
    assert found == exactly(api)
    assert len(api.asked) + 2 * 5 <= 60
    few = ShardedIngest.parse({**settings.model_dump(), "max_requests": 20, "output": settings.output + "-few"})
    with pytest.raises(ConfigurationError, match="max_requests: 20 is too few"):
        plan_ingest(few)


def test_the_rate_of_a_host_is_kept_by_all_jobs_together(api, settings):
    """Two jobs at once, and those that follow them, never send more than their host's bucket of tokens has."""
    per_second, jobs = 25, 2
    bounded = {**settings.model_dump(), "requests_per_second": per_second, "jobs": jobs, "shards": 12, "limit": DAYS}
    plan = plan_ingest(ShardedIngest.parse(bounded))
    with ThreadPoolExecutor(jobs) as at_once:
        list(at_once.map(partial(run_shard, plan), range(len(plan.shards))))
    assert finalize_ingest(plan).items == DAYS
    arrivals = sorted(api.arrivals)
    assert len(arrivals) > 3 * len(plan.shards)
    tokens = [number - per_second * (at - arrivals[0]) for number, at in enumerate(arrivals, 1)]
    lowest, most = tokens[0], 0.0
    for level in tokens:
        lowest = min(lowest, level - 1)
        most = max(most, level - lowest)
    # One a job, and one for requests that come late.
    assert most <= jobs + 1
