"""A PostgreSQL of one's own: found by its clients, and gone with its context or with the process that began it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest_bench.errors import MeasurementError
from ingest_bench.system import postgis

HOLDING = """
import os, time
from ingest_bench.system import postgis
with postgis.database() as variables:
    print(variables["PGPORT"], flush=True)
    time.sleep(60)
"""
installed = pytest.mark.skipif(postgis.version() is None, reason="PostgreSQL with PostGIS is not installed")


def answers(variables: dict[str, str]) -> bool:
    """Tell whether a database is there."""
    command = ["psql", "-Atc", "select count(*) from pg_available_extensions where name = 'postgis'"]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    return done.stdout == "1\n"


@installed
def test_a_database_is_there_for_as_long_as_its_context() -> None:
    """Clients find it, with PostGIS, by the variables that it gives; afterwards it is gone, and its files too."""
    before = set(Path("/tmp").glob("pg-*"))
    with postgis.database() as variables:
        assert answers({**variables})
        assert set(Path("/tmp").glob("pg-*")) - before
    assert not answers({**variables})
    assert not set(Path("/tmp").glob("pg-*")) - before


@installed
def test_a_database_ends_with_the_process_that_began_it() -> None:
    """A kill of that process at any moment leaves no server behind."""
    with subprocess.Popen([sys.executable, "-c", HOLDING], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = process.stdout.readline().strip()
        variables = {"PGHOST": "127.0.0.1", "PGPORT": port, "PGUSER": "stac", "PGDATABASE": "postgres"}
        assert answers(variables)
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while answers(variables):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_machine_without_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is installed there is no version, and none comes up."""
    monkeypatch.setattr(postgis, "DEBIANS", tmp_path)
    assert postgis.version() is None
    with pytest.raises(MeasurementError, match="not installed"), postgis.database():
        pass
