"""Our client and pystac-client, side by side, on servers that both can read: the same items, whatever the paging."""

from __future__ import annotations

import asyncio
import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pystac_client import Client
from timed_items import COLLECTION, YEARS, times, write_collection

from ingest_bench.simulator.in_process import serving
from ingest_bench.simulator.item_store import open_store
from stac_ingest import IngestModule, WorkflowContext

TOTAL = 120


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Write items all over the world and ten years."""
    folder = tmp_path_factory.mktemp("world")
    write_collection(folder, [times(number, TOTAL) for number in range(TOTAL)])
    chance = random.Random(20261128)
    lines = []
    for line in (folder / "items.ndjson").read_text().splitlines():
        item = json.loads(line)
        west, south = chance.uniform(-179, 178), chance.uniform(-89, 88)
        item["bbox"] = [west, south, west + 1, south + 1]
        item["geometry"] = {"type": "Point", "coordinates": [west, south]}
        item["properties"]["cloud"] = chance.randrange(100)
        lines.append(json.dumps(item))
    (folder / "items.ndjson").write_text("\n".join(lines) + "\n")
    return open_store(folder)


DIALECTS = ["next-token", "next-merge-false", "next-merge-true", "next-get", "next-page", "next-offset"]
DIALECTS += ["next-skip", "next-start-record", "next-headers"]
HABITS = ["get-only", "trailing-empty-page", "clamp-limit=7", "no-counts", "count-too-low", "json-duplicate-keys"]
ARMS = [("semaphore", 1), ("queue", 4), ("time_chunks", 1), ("time_chunks", 4)]


@st.composite
def filters(draw):
    """Choose an interval of time, a box and a bound of clouds, or none of them."""
    chosen = {}
    if draw(st.booleans()):
        first, last = sorted(draw(st.tuples(*[st.integers(2010, 2010 + YEARS)] * 2)))
        closed = f"{first}-03-01T00:00:00Z/{last}-10-01T00:00:00Z"
        chosen["datetime"] = draw(
            st.sampled_from([closed, f"{first}-03-01T00:00:00Z/..", f"../{last}-10-01T00:00:00Z"])
        )
    if draw(st.booleans()):
        west, east = sorted(draw(st.tuples(*[st.floats(-180, 180, width=16)] * 2)))
        south, north = sorted(draw(st.tuples(*[st.floats(-90, 90, width=16)] * 2)))
        chosen["bbox"] = [west, south, east, north]
    if draw(st.booleans()):
        chosen["query"] = {"cloud": {"lt": draw(st.integers(0, 100))}}
    return chosen


def theirs(url, method, limit, chosen):
    """Read all items as pystac-client does."""
    search = Client.open(url).search(method=method, collections=[COLLECTION], limit=limit, **chosen)
    return list(search.items_as_dicts())


async def ours(url, limit, chosen, strategy, concurrency):
    """Read all items as the module does."""
    source = {"mode": "api", "source": url, "collection_id": COLLECTION}
    how = {"limit": limit, "worker_strategy": strategy, "concurrency": concurrency}
    module, context = IngestModule({**source, **how, **chosen}), WorkflowContext()
    items = [item async for item in module.fetch(context)]
    assert context.failure_collector.get_all() == []
    return items


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    dialect=st.sampled_from(DIALECTS),
    habits=st.lists(st.sampled_from(HABITS), max_size=2, unique=True),
    limit=st.integers(1, 50),
    chosen=filters(),
    arm=st.sampled_from(ARMS),
    post=st.booleans(),
)
def test_the_same_items_come(store, dialect, habits, limit, chosen, arm, post):  # noqa: PLR0917 - as given
    """Whatever the dialect of `next`, the page size, the filters and the method, both deliver the same items."""
    method = "POST" if post and "get-only" not in habits else "GET"

    async def both():
        async with serving(store, [dialect, *habits]) as server:
            wanted = await asyncio.to_thread(theirs, server.url, method, limit, chosen)
            return wanted, await ours(server.url, limit, chosen, *arm)

    wanted, found = asyncio.run(both())
    assert sorted(found, key=by_id) == sorted(wanted, key=by_id)
    if arm[1] == 1 and arm[0] != "time_chunks":
        assert found == wanted


def by_id(item):
    return item["id"]
