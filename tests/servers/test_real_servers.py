"""Real servers that aren't ours, paged through by every strategy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from ingest_bench.digest import DigestSink, matches, reference

STRATEGIES = ("semaphore", "queue", "time_chunks")
ARMS = [
    *[(strategy, concurrency) for strategy in STRATEGIES for concurrency in ("1", "20", "auto")],
    (None, "auto"),
]


@pytest.fixture(scope="session")
def collection(corpus: Path) -> str:
    """Give the id of the collection."""
    return json.loads((corpus / "collection.json").read_bytes())["id"]


@pytest.fixture(scope="session")
def expected(corpus: Path):
    """Digest the items."""
    return reference(_items(corpus / "items.ndjson"))


@pytest.mark.parametrize(("strategy", "concurrency"), ARMS)
@pytest.mark.parametrize(("server", "verdict"), [("rustac", "unknown"), ("pgstac", "complete")])
def test_every_item_comes_once(
    server: str, verdict: str, strategy: str | None, concurrency: str, collection, expected, tmp_path: Path, request
) -> None:
    """Whatever the strategy and the concurrency, a real server's items come whole, each once.

    The certificate vouches for it where the server counts its items, which `rustac serve` doesn't.
    """
    url = request.getfixturevalue(server)
    certificate = ingest(url, collection, tmp_path, strategy, concurrency, limit=500)
    sink = DigestSink(None)
    for item in _items(tmp_path / "items.ndjson"):
        sink.add(item)
    assert matches(sink.result(), expected) is None
    assert certificate["verdict"] == verdict, certificate["reason"]
    about = {name: certificate[name] for name in ("items", "requests", "duplicates", "seconds", "verdict")}
    print(f"\n{server}, {strategy or 'the default'}, concurrency {concurrency}: {about}")


def ingest(url: str, collection: str, output: Path, strategy: str | None, concurrency: str, limit: int):
    """Ingest as a user does, and give the certificate."""
    chosen = ["--strategy", strategy] if strategy else []
    command = [sys.executable, "-m", "stac_ingest", url, "--collection", collection, "--limit", str(limit)]
    command += ["--to", "ndjson", "--output", str(output), "--concurrency", concurrency, *chosen]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads((output / "certificate.json").read_bytes())


def _items(path: Path):
    """Read items without their links, which a server sets itself."""
    with path.open("rb") as lines:
        for line in lines:
            item = orjson.loads(line)
            item.pop("links")
            yield item
