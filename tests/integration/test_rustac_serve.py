"""A real server that isn't ours: `rustac serve`, paged through by every strategy."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sysconfig
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from ingest_bench.corpora import build
from ingest_bench.settings import Corpus
from stac_ingest import IngestModule, WorkflowContext

ITEMS = 1_000
RUSTAC = Path(sysconfig.get_path("scripts")) / "rustac"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate a thousand items and their collection."""
    folder = tmp_path_factory.mktemp("rustac") / "api"
    build("api", Corpus(kind="api", items=ITEMS), 7, folder, folder.with_suffix(".json"), 1)
    return folder


@pytest.fixture(scope="module")
def server(corpus: Path) -> Iterator[str]:
    """Serve them with `rustac serve`, and give its root."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [RUSTAC, "serve", "-a", address, corpus / "collection.json", corpus / "items.ndjson"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_it_answers(f"http://{address}", process)
        yield f"http://{address}"
    finally:
        process.kill()
        process.wait()


def wait_until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    pytest.fail("rustac serve did not come up")


@pytest.mark.parametrize("limit", [100, 333])
@pytest.mark.parametrize(
    "arm",
    [
        {},
        {"read_ahead": False},
        {"concurrency": 20, "worker_strategy": "semaphore"},
        {"concurrency": 20, "worker_strategy": "queue"},
        {"concurrency": 20, "worker_strategy": "time_chunks"},
    ],
)
async def test_every_item_comes_once(corpus: Path, server: str, arm: dict[str, Any], limit: int) -> None:
    """Every strategy pages fully through rustac's server: each item exactly once, none failed."""
    collection = orjson.loads((corpus / "collection.json").read_bytes())["id"]
    expected = {orjson.loads(line)["id"] for line in (corpus / "items.ndjson").read_bytes().splitlines()}
    context = WorkflowContext(data={"collection_id": collection})
    module = IngestModule({"mode": "api", "source": server, "limit": limit, **arm})
    got = Counter([item["id"] async for item in module.fetch(context)])
    assert set(got) == expected
    assert set(got.values()) == {1}
    assert context.failure_collector.get_all() == []
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1
