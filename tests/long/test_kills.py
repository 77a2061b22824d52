"""Killed again and again at random moments, an ingest delivers each item once: `make test-kills`."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from ingest_bench.settings import Server
from ingest_bench.simulator.process import SimulatorProcess

pytestmark = pytest.mark.skipif("TEST_KILLS" not in os.environ, reason="`make test-kills` runs these")

ITEMS = 80_000
KILLS = 50
SEED = 20260210
LIMIT = 250
PATIENCE_S = 600
BATCH = {"ndjson": 1_000, "items": 1_000, "geoparquet": 22_000}
"""Items that an output gathers before they are safe: of GeoParquet a part, and a row group more that ends it."""

WORKERS = 8
SOURCES = {
    "files": ["--concurrency", "4", "--strategy", "queue"],
    "files one by one": ["--concurrency", "1"],
    "api by time": ["--concurrency", str(WORKERS), "--strategy", "time_chunks"],
    "api by cursor": ["--concurrency", "1"],
    "api by page number": ["--concurrency", str(WORKERS), "--strategy", "queue"],
}


def item(number: int) -> dict[str, Any]:
    """Make a small item; three share each instant."""
    day, rest = divmod(number // 3, 1440)
    stamp = f"20{20 + day // 28 // 12:02}-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}T{rest // 60:02}:{rest % 60:02}:00Z"
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": f"i{number:06}",
        "collection": "things",
        "bbox": [0, 0, 1, 1],
        "geometry": {"type": "Point", "coordinates": [number % 180, 1.0]},
        "properties": {"datetime": stamp, "number": number},
        "links": [],
        "assets": {},
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the items, as files and for a server."""
    folder = tmp_path_factory.mktemp("kills")
    (folder / "items").mkdir()
    extent = {
        "spatial": {"bbox": [[-180, -90, 180, 90]]},
        "temporal": {"interval": [["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"]]},
    }
    about = {"type": "Collection", "stac_version": "1.1.0", "id": "things", "description": "x", "license": "other"}
    (folder / "collection.json").write_bytes(orjson.dumps({**about, "links": [], "extent": extent}))
    with (folder / "items.ndjson").open("wb") as lines:
        for number in range(ITEMS):
            line = orjson.dumps(item(number))
            lines.write(line + b"\n")
            (folder / "items" / f"i{number:06}.json").write_bytes(line)
    return folder


@dataclass
class Origin:
    """Where items come from, and how often it was asked."""

    arguments: list[str]
    server: SimulatorProcess | None
    requests: int = field(default=0)

    def count(self) -> None:
        """Add up what the server has seen."""
        if self.server is not None:
            self.requests += self.server.stats().requests
            self.server.reset()


@pytest.fixture(params=SOURCES)
def origin(request: pytest.FixtureRequest, folder: Path) -> Iterator[Origin]:
    """Give the command's arguments for a source, and have its server run."""
    name: str = request.param
    with ExitStack() as running:
        if name.startswith("files"):
            yield Origin([str(folder / "items"), *SOURCES[name]], None)
            return
        paging = "page" if name.endswith("number") else "token"
        server = running.enter_context(SimulatorProcess(folder, Server(paging=paging, max_page=LIMIT), SEED))
        found = [server.url, "--collection", "things", "--limit", str(LIMIT), *SOURCES[name]]
        yield Origin(found, server)


def start(origin: Origin, kind: str, out: Path, *more: str) -> subprocess.Popen[bytes]:
    """Start the command."""
    command = [sys.executable, "-m", "stac_ingest", *origin.arguments, "--to", kind, "--output", str(out), *more]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def written(kind: str, out: Path) -> list[str]:
    """List the ids in an output, as often as they are there."""
    if kind == "items":
        return [orjson.loads(path.read_bytes())["id"] for path in (out / "items").iterdir()]
    if kind == "ndjson":
        return [orjson.loads(line)["id"] for line in (out / "items.ndjson").read_bytes().splitlines()]
    return [one for path in sorted(out.glob("*.parquet")) for one in pq.read_table(path, columns=["id"])["id"].to_pylist()]


def whole_run(origin: Origin, kind: str, out: Path) -> float:
    """Run the command undisturbed; give the seconds that it took."""
    began = time.monotonic()
    process = start(origin, kind, out)
    _, words = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, words.decode()
    return time.monotonic() - began


def killed_at(origin: Origin, kind: str, out: Path, moment: float, *more: str) -> bool:
    """Run the command, and kill it after so many seconds; say whether it was still at work."""
    process = start(origin, kind, out, *more)
    try:
        _, words = process.communicate(timeout=moment)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        _, words = process.communicate()
    origin.count()
    assert process.returncode in (0, -signal.SIGKILL), words.decode()
    return process.returncode != 0


@pytest.mark.parametrize("kind", ["ndjson", "items", "geoparquet"])
def test_killed_fifty_times(origin: Origin, kind: str, tmp_path: Path, record_property: Any) -> None:
    """After 50 kills at random moments every ingest ends with each item once, and little was asked for twice."""
    chance = random.Random(f"{SEED} {origin.arguments} {kind}")
    seconds = whole_run(origin, kind, tmp_path / "whole")
    origin.count()
    once, origin.requests = origin.requests, 0
    kills = ingests = resumes = 0
    while kills < KILLS:
        out = tmp_path / f"{ingests}"
        more: list[str] = []
        ingests += 1
        before = kills
        origin.requests = 0
        while killed_at(origin, kind, out, chance.uniform(0, seconds), *more):
            kills += 1
            more = ["--resume"] if (out / ".checkpoints").exists() else []
            resumes += bool(more)
            if kills - before > KILLS:
                pytest.fail("it doesn't get ahead")
        counts = Counter(written(kind, out))
        assert len(counts) == ITEMS
        assert set(counts.values()) == {1}
        certificate = orjson.loads((out / "certificate.json").read_bytes())
        assert certificate["verdict"].startswith("complete"), certificate
        assert certificate["items"] == ITEMS
        if origin.server is not None:
            each = 3 + (3 * WORKERS * LIMIT + 2 * BATCH[kind]) / LIMIT
            assert origin.requests <= once + (kills - before) * each, (origin.requests, once, kills - before)
    record_property("kills", kills)
    print(f"{kind}: {kills} kills, {ingests} ingests, {seconds:.1f} s undisturbed")
