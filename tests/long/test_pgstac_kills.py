"""Killed at random moments, a load into a pgstac has each item once. `make test-long` does it at full size."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import orjson
import pytest

from pgstac_databases import pgstac_databases

LONG = "TEST_LONG" in os.environ
ITEMS, KILLS = (30_000, 25) if LONG else (6_000, 2)
"""Kills of each method."""
SEED = 20261129
PATIENCE_S = 600


@pytest.fixture(scope="module")
def databases():
    """Start a PostgreSQL with PostGIS."""
    with pgstac_databases() as found:
        yield found


@pytest.fixture(scope="module")
def folder(write_corpus):
    """Write the items."""
    return write_corpus(ITEMS, files=True)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["insert", "upsert"])
def test_a_load_that_is_killed_at_random_moments(databases, folder, tmp_path, method):
    """However often it is killed, wherever it is, a load ends with each item once, as it was, and no failure."""
    chance = random.Random(f"{SEED} {method}")
    settings = tmp_path / "settings.yaml"
    settings.write_bytes(orjson.dumps({"output": {"method": method, "partition": "year"}}))

    def run(name, out, *more, seconds=PATIENCE_S):
        """Run the command, and kill it after so many seconds; say whether that was before its end."""
        words = [sys.executable, "-m", "stac_ingest", str(folder / "items"), "--to", "pgstac", "--output", str(out)]
        place = ["--config", str(settings), "--database", databases.dsn(name)]
        process = subprocess.Popen([*words, *place, *more], stderr=subprocess.PIPE)
        try:
            _, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
        assert process.returncode in (0, -9), said.decode()
        return not (out / "certificate.json").exists()

    began = time.monotonic()
    assert not run(databases.new(), tmp_path / "whole")
    seconds = time.monotonic() - began
    kills = loads = 0
    while kills < KILLS:
        name, out, more = databases.new(), tmp_path / f"{loads}", []
        loads += 1
        while run(name, out, *more, seconds=seconds * chance.uniform(0.1, 1) if kills < KILLS else PATIENCE_S):
            kills += 1
            more = ["--resume"] if (out / ".checkpoints").exists() else []
        with databases.connect(name) as connection:
            connection.execute("SET search_path TO pgstac, public")
            counts = "SELECT count(*), count(DISTINCT id), sum((content->'properties'->>'number')::bigint) FROM items"
            assert connection.execute(counts).fetchone() == (ITEMS, ITEMS, sum(range(ITEMS)))
            loose = "SELECT count(*) FROM partitions_view WHERE constraint_dtrange IS DISTINCT FROM dtrange"
            assert connection.execute(loose).fetchone() == (0,)
        certificate = orjson.loads((out / "certificate.json").read_bytes())
        assert (certificate["verdict"], certificate["items"]) == ("complete", ITEMS)
    print(f"{method}: {kills} kills, {loads} loads of {seconds:.1f} s")  # noqa: T201 - a figure
