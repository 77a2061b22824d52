"""The real simulator against its closed form, asked by a client that shares no code with the harness.

What is proven is counted, or holds on a machine of any speed: a sleep is never too short, so a run is never faster than
the closed form, and Little's law ties the server's response times to the requests that the client had in flight.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import ValidationError

from ingest_bench.config.server import Server

ITEM = {
    "type": "Feature",
    "id": "one",
    "collection": "things",
    "bbox": [0, 0, 1, 1],
    "geometry": {"type": "Point", "coordinates": [0, 0]},
    "properties": {"datetime": "2024-01-01T00:00:00Z"},
    "links": [],
    "assets": {},
}


@contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple[str, int]]:
    """Start `python -m ingest_bench simulate` and return its host and port."""
    (folder / "collection.json").write_text(json.dumps({"type": "Collection", "id": "things", "links": []}))
    (folder / "items.ndjson").write_text(json.dumps(ITEM) + "\n")
    command = [sys.executable, "-m", "ingest_bench", "simulate", str(folder), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        host, port = json.loads(process.stdout.readline())["url"].removeprefix("http://").split(":")
        yield host, int(port)
    finally:
        process.terminate()
        process.wait()
        assert process.stdout
        process.stdout.close()


def ask(host: str, port: int, requests: int, statuses: list[int]) -> None:
    """Ask one after another over one connection; at a 429, wait as told and ask again."""
    connection = http.client.HTTPConnection(host, port, timeout=30)
    done = 0
    while done < requests:
        connection.request("GET", "/collections/things/items")
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
        if response.status == 429:
            time.sleep(int(response.headers["Retry-After"]))
        else:
            done += 1
    connection.close()


def asked(server: tuple[str, int], workers: int, requests: int) -> tuple[float, list[int]]:
    """Have so many workers make so many requests in all; return the seconds and the statuses."""
    statuses: list[int] = []
    threads = [threading.Thread(target=ask, args=(*server, requests // workers, statuses)) for _ in range(workers)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - began, statuses


def stats(server: tuple[str, int]) -> dict[str, float]:
    """Ask what the server has seen."""
    connection = http.client.HTTPConnection(*server, timeout=30)
    connection.request("GET", "/_bench/stats")
    found: dict[str, float] = json.loads(connection.getresponse().read())
    connection.close()
    return found


@pytest.mark.parametrize(("workers", "milliseconds"), [(1, 40 * 30), (2, 20 * 30), (12, 20 + 20 * 10)])
def test_slots_hold_requests_back(tmp_path: Path, workers: int, milliseconds: int) -> None:
    """Forty requests at a delay of 20 ms and 2 slots of 10 ms: never faster than the closed form, none lost.

    X(n) = min(n / 30 ms, 2 / 10 ms): up to 6 workers a response takes its 30 ms, and with 12 the time that a request
    waits for a slot makes up for what the workers are too many, as Little's law has it.
    """
    with served(tmp_path, "--think-ms", "20", "--slots", "2", "--service-ms", "10") as server:
        seconds, statuses = asked(server, workers, workers * (40 // workers))
        seen = stats(server)
    requests = workers * (40 // workers)
    assert statuses == [200] * requests
    assert seen["requests"] == requests
    assert seen["in_flight_peak"] <= workers
    assert seconds >= (milliseconds - (0 if workers < 12 else 2 * 10)) / 1000
    assert seen["response_ms_mean"] >= 30
    assert seen["little_ratio"] == pytest.approx(1, abs=0.05)
    # In flight at the server is rate x response time, and it can't be more than the workers have under way.
    assert requests / seconds * seen["response_ms_mean"] / 1000 <= workers + 1e-9


def test_a_token_bucket_admits_what_flows_in(tmp_path: Path) -> None:
    """Of 5 tokens at first and 10 a second, no more are ever given out than that, and every refusal is counted."""
    with served(tmp_path, "--rate", "10", "--burst", "5") as server:
        seconds, statuses = asked(server, 2, 20)
        seen = stats(server)
    refused = statuses.count(429)
    assert statuses.count(200) == 20
    assert refused >= 1
    assert seen["rate_limited"] == refused
    assert seen["requests"] == 20 + refused
    assert 5 + 10 * seconds >= 20


def test_slots_need_a_service_time_only_with_slots() -> None:
    """A service time without slots is not a server that can be configured."""
    with pytest.raises(ValidationError, match="service_ms needs slots"):
        Server(service_ms=5)
