"""Killed at random moments, an ingest delivers each item once. `make test-long` does it at full size."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass

import orjson
import pyarrow.parquet as pq
import pytest

from ingest_bench.config.server import Server
from ingest_bench.simulator.process import SimulatorProcess

LONG = "TEST_LONG" in os.environ
ITEMS, KILLS = (80_000, 50) if LONG else (4_000, 1)
SEED = 20260210
LIMIT = 250
PATIENCE_S = 600
WORKERS = 8
SLICE = 64
BATCH = {"ndjson": 1_000, "items": 1_000, "geoparquet": 22_000}
"""Items that an output gathers before they are safe: of GeoParquet a part, and a row group more that ends it."""
SOURCES = {
    "files": ["--concurrency", "4", "--strategy", "queue"],
    "api by time": ["--concurrency", str(WORKERS), "--strategy", "time_chunks"],
    "api by cursor": ["--concurrency", "1"],
}
CASES = [(source, kind) for source in ("files", "api by time") for kind in BATCH] + [("api by cursor", "ndjson")]


@pytest.fixture(scope="module")
def folder(write_corpus):
    """Write the items, as files and for a server."""
    return write_corpus(ITEMS, files=True)


@dataclass
class Ingest:
    """A command to run again and again, and what its server was asked."""

    arguments: list[str]
    server: SimulatorProcess | None

    def run(self, out, *more, seconds=PATIENCE_S):
        """Run the command, and kill it after so many seconds; say whether that was before its end."""
        command = [sys.executable, "-m", "stac_ingest", *self.arguments, "--output", str(out), *more]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            _, words = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            _, words = process.communicate()
        assert process.returncode in (0, -9), words.decode()
        return not (out / "certificate.json").exists()

    def requests(self):
        """Count the requests since this was last asked."""
        if self.server is None:
            return 0
        count = self.server.stats().requests
        self.server.reset()
        return count


def written(kind, out):
    """List the ids in an output, as often as they are there."""
    if kind == "items":
        return [orjson.loads(path.read_bytes())["id"] for path in (out / "items").iterdir()]
    if kind == "ndjson":
        return [orjson.loads(line)["id"] for line in (out / "items.ndjson").read_bytes().splitlines()]
    parts = sorted(out.glob("*.parquet"))
    return [one for path in parts for one in pq.read_table(path, columns=["id"])["id"].to_pylist()]


@pytest.mark.slow
@pytest.mark.parametrize(("source", "kind"), CASES)
def test_killed_at_random_moments(source, kind, folder, tmp_path):
    """However often it is killed, an ingest ends with each item once, and little was asked for or read twice."""
    chance = random.Random(f"{SEED} {source} {kind}")
    with ExitStack() as running:
        server = None
        if source != "files":
            server = running.enter_context(SimulatorProcess(folder, Server(max_page=LIMIT), SEED))
        api = [server.url, "--collection", "things", "--limit", str(LIMIT)] if server else [str(folder / "items")]
        ingest = Ingest([*api, *SOURCES[source], "--to", kind], server)
        began = time.monotonic()
        assert not ingest.run(tmp_path / "whole")
        seconds = time.monotonic() - began
        once = ingest.requests()
        kills = ingests = again = 0
        while kills < KILLS:
            out = tmp_path / f"{ingests}"
            ingests += 1
            killed_before, more = kills, []
            while ingest.run(out, *more, seconds=seconds * chance.uniform(0.1, 1) if kills < KILLS else PATIENCE_S):
                kills += 1
                more = ["--resume"] if (out / ".checkpoints").exists() else []
            check(kind, out)
            more_requests, more_read = ingest.requests() - once, certificate(out)["read_again"]
            again += more_requests if server else more_read
            if source == "api by time":
                assert more_requests <= (kills - killed_before) * (3 + 4 * WORKERS + 2 * BATCH[kind] / LIMIT)
            if source != "api by cursor" and kills > killed_before:
                assert more_read <= BATCH[kind] + (WORKERS * LIMIT if server else 4 * SLICE)
            shutil.rmtree(out)
        unit = f"requests more than {once} each" if server else "items read again"
        print(f"{source}, {kind}: {kills} kills, {ingests} ingests of {seconds:.1f} s, {again} {unit}")  # noqa: T201 - a figure


def check(kind, out):
    """Assert that each item is there once, and that the certificate says so."""
    counts = Counter(written(kind, out))
    assert len(counts) == ITEMS
    assert set(counts.values()) == {1}
    found = certificate(out)
    assert found["verdict"].startswith("complete"), found
    assert (found["items"], found["written"] + found["skipped"]) == (ITEMS, ITEMS)


def certificate(out):
    return orjson.loads((out / "certificate.json").read_bytes())
