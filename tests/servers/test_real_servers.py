"""Real servers that aren't ours, paged through by every strategy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from factories import reference
from ingest_bench.results.digest import DigestSink, matches

PAGE = 333
STRATEGIES = ("semaphore", "queue", "time_chunks")
WAYS = [(strategy, level) for strategy in STRATEGIES for level in ("1", "20", "auto")] + [(None, "auto")]
SPLIT = ("time_chunks", None)
"""Of these, `None` being what `auto` chooses, the ones that split the search where the server counts what matches."""
CASES = [
    *[("rustac", *way) for way in WAYS],
    *[("counting_pgstac", *way) for way in WAYS],
    *[("pgstac", strategy, "20" if strategy else "auto") for strategy in SPLIT],
]


@pytest.fixture(scope="session")
def collection(corpus: Path) -> str:
    """Give the id of the collection."""
    return json.loads((corpus / "collection.json").read_bytes())["id"]


@pytest.fixture(scope="session")
def expected(corpus: Path):
    """Digest the items."""
    return reference(_items(corpus / "items.ndjson"))


@pytest.mark.parametrize(("server", "strategy", "concurrency"), CASES)
def test_every_item_comes_once(  # noqa: PLR0917 - pytest gives arguments by name
    server: str, strategy: str | None, concurrency: str, collection, expected, tmp_path: Path, request, told
) -> None:
    """Whatever the strategy and the concurrency, a real server's items come whole, each once, and are certified."""
    url = request.getfixturevalue(server)
    certificate = ingest(url, collection, tmp_path, strategy=strategy, concurrency=concurrency)
    sink = DigestSink(None)
    for item in _items(tmp_path / "items.ndjson"):
        sink.add(item)
    assert matches(sink.result(), expected) is None
    assert certificate["verdict"] == verdict_of(server), certificate["reason"]
    about = {name: certificate[name] for name in ("items", "requests", "duplicates", "overlaps", "seconds", "verdict")}
    told(f"{server}, {strategy or 'auto'}, concurrency {concurrency}: {about}")


def verdict_of(server: str) -> str:
    """Say what a certificate may say: a server that doesn't say how many items it has can't be held to it.

    A chunk whose far end was taken over stops at the page that reaches it, so part of that page is read twice; that is
    no duplicate.
    """
    return "complete" if server == "counting_pgstac" else "unknown"


def ingest(url: str, collection: str, output: Path, *, strategy: str | None, concurrency: str):
    """Ingest as a user does, and give the certificate."""
    chosen = ["--strategy", strategy] if strategy else []
    command = [sys.executable, "-m", "stac_ingest", url, "--collection", collection, "--limit", str(PAGE)]
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
