"""Many items through an API that fails now and then. `TEST_ITEMS=1000000 make test-long` takes a million."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from pathlib import Path

import orjson
import pytest

from ingest_bench.config.server import Server
from ingest_bench.simulator.process import SimulatorProcess
from stac_ingest import IngestModule, WorkflowContext

LONG = "TEST_LONG" in os.environ
ITEMS = int(os.environ.get("TEST_ITEMS", "100000" if LONG else "8000"))
LIMIT = 500 if LONG else 40
WORKERS = 50
TIMEOUT_S = 5 if LONG else 2
FAULTS = (
    "too-many",
    "too-many-date",
    "too-many-plain",
    "bad-gateway",
    "unavailable",
    "gateway-timeout",
    "truncated-body",
    "reset",
    "stall",
    "slow-drip",
    "empty-page",
    "trailing-empty-page",
    "duplicate-item",
    "duplicate-page",
    "json-bom",
    "link-without-rel",
)
"""All that an item needn't be lost to."""
SHARE = 0.01
GROWTH_MB = 40
"""Allowed from the first fifth on: allocators keep some of what was freed. A million items weigh ten times as much."""


@pytest.fixture(scope="module")
def server(write_corpus):
    """Serve them; of each fault a share of all requests has its part."""
    faults = [option for name in FAULTS for option in ("--behaviour", f"{name}@{SHARE}")]
    with SimulatorProcess(write_corpus(ITEMS), Server(max_page=LIMIT), 20260210, faults) as running:
        yield running


def resident_mib():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.slow
async def test_nothing_is_lost_and_nothing_stays(server):
    """50 workers deliver each item once past every kind of fault; memory is flat, no task and no file is left."""
    settings = {
        "mode": "api",
        "source": server.url,
        "collection_id": "things",
        "limit": LIMIT,
        "concurrency": WORKERS,
        "worker_strategy": "time_chunks",
        "timeout": TIMEOUT_S,
        "retry_seconds": 3_600,  # a machine that stands still for a while has lost no request
    }
    module, context = IngestModule(settings), WorkflowContext()
    gc.collect()  # what other tests have left is not to be closed meanwhile
    tasks, files, began = asyncio.all_tasks(), open_files(), time.monotonic()
    delivered, memory = bytearray(ITEMS), []
    async for item in module.fetch(context):
        delivered[item["properties"]["number"]] += 1
        if module.summary.items % (ITEMS // 10) == 0:
            memory.append(resident_mib())
    gc.collect()
    assert delivered == b"\x01" * ITEMS
    assert context.failure_collector.get_all() == []
    assert module.summary.in_flight_peak > WORKERS // 2
    assert module.summary.retries > 0
    assert asyncio.all_tasks() == tasks
    assert open_files() <= files
    assert max(memory[1:]) - memory[1] < GROWTH_MB, memory
    names = ("requests", "retries", "rate_limited", "duplicates", "in_flight_peak")
    counts = orjson.dumps({name: getattr(module.summary, name) for name in names})
    seconds = time.monotonic() - began
    print(f"{ITEMS} items in {seconds:.0f} s, memory {memory[1]:.0f} to {memory[-1]:.0f} MiB, {counts.decode()}")  # noqa: T201 - a figure
    print(f"{len(tasks)} tasks and {files} files open, before and after")  # noqa: T201 - figures
