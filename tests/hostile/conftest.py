"""A small collection, and a client whose waiting takes no time."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from ingest_bench.simulator.item_store import open_store
from stac_ingest.http.clock import Clock

TOTAL = 240
COLLECTION = "things"
START = datetime(2020, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)


def stamp(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture(scope="session")
def things(tmp_path_factory):
    """Write 240 small items, evenly spread over a year, and their collection."""
    folder = tmp_path_factory.mktemp("things")
    interval = [[stamp(START), stamp(START + YEAR)]]
    collection = {
        "type": "Collection",
        "stac_version": "1.1.0",
        "id": COLLECTION,
        "description": "Small items",
        "license": "other",
        "links": [],
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": interval}},
    }
    (folder / "collection.json").write_text(json.dumps(collection))
    with (folder / "items.ndjson").open("w") as file:
        for number in range(TOTAL):
            item = {
                "type": "Feature",
                "stac_version": "1.1.0",
                "id": f"i{number:04}",
                "collection": COLLECTION,
                "bbox": [0, 0, 0, 0],
                "geometry": {"type": "Point", "coordinates": [0, 0]},
                "properties": {"datetime": stamp(START + YEAR * (number / TOTAL))},
                "links": [],
                "assets": {},
            }
            file.write(json.dumps(item) + "\n")
    return folder


@pytest.fixture(scope="session")
def store(things):
    """Open them for a server in this process."""
    return open_store(things)


class Skipping:
    """A clock that jumps over waits instead of sitting them out, and remembers them."""

    def __init__(self):
        self.waits = []

    def now(self):
        return time.monotonic() + sum(self.waits)

    def wall(self):
        return time.time() + sum(self.waits)

    async def sleep(self, seconds):
        self.waits.append(seconds)
        await asyncio.sleep(0)

    def clock(self):
        return Clock(now=self.now, wall=self.wall, sleep=self.sleep)


@pytest.fixture
def skipping(monkeypatch):
    """Let the client skip its waits."""
    skipping = Skipping()
    monkeypatch.setattr("stac_ingest.sources.stac_api.Clock", skipping.clock)
    return skipping
