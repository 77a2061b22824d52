"""Every installed tool, and each of its options: no cell of the table of writers differs without a word from us.

`TEST_WRITERS` names the Python of the environment that has them all; without it those of this environment are tried, a
tenth of them unless `TEST_LONG` is set.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from any_items import beside_nulls, collections
from ingest_bench.writer_table.items import SETS
from ingest_bench.writer_table.readers import READERS
from ingest_bench.writer_table.run import rows_of
from ingest_bench.writer_table.trial import environment, read_by, written
from ingest_bench.writer_table.writers import WRITERS
from stac_ingest.geoparquet.writer import GeoParquetWriter

LONG = "TEST_LONG" in os.environ
PYTHONS = [Path(sys.executable), *map(Path, filter(None, [os.environ.get("TEST_WRITERS")]))]
ENVIRONMENTS = [environment(python.absolute()) for python in PYTHONS]
SEED = 20261128


def tenth(rows):
    """Give all rows, or the same tenth in every run."""
    return rows if LONG else random.Random(SEED).sample(rows, max(1, len(rows) // 10))


def named(row):
    return f"{row.tool}, {row.way.option}"


@pytest.mark.parametrize("row", tenth(rows_of(WRITERS, ENVIRONMENTS)), ids=named)
def test_what_others_write_is_read(row, tmp_path):
    """Usual items come back equal but for what is so in the file; of all others we say what we changed."""
    for number, (name, items) in enumerate(SETS.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        trial = written(row.where, row.way.key, items(), folder)
        assert not trial.unsafe
        assert trial.refused or not trial.ours or trial.reported, (name, trial.ours)
        if name == "usual items":
            assert trial.ours == []


@pytest.mark.parametrize("row", tenth(rows_of(READERS, ENVIRONMENTS)), ids=named)
def test_what_we_write_is_read_by_others(row, tmp_path):
    """Usual items of ours are read by every tool, each item with its geometry and instants."""
    table = tmp_path / "ours.parquet"
    with GeoParquetWriter(table) as writer:
        writer.write(SETS["usual items"]())
    trial = read_by(row.where, row.way.key, SETS["usual items"](), table, tmp_path)
    assert not trial.unsafe
    # geopandas takes the box for its own, where the metadata name it as the covering of the geometry.
    known = {"bbox"} if row.way.tool == "geopandas" else set()
    assert {one.path for one in beside_nulls(trial.found) if one.what != "null added"} <= known


@pytest.mark.skipif(not LONG, reason="TEST_LONG is not set")
@pytest.mark.parametrize("key", ["stac-geoparquet: items, schema='FullFile'", "polars: defaults", "arro3-io: defaults"])
def test_tables_of_any_items(key, tmp_path_factory):
    """Whatever items a tool takes, we read from its table what is in it."""
    rows = [row for row in rows_of(WRITERS, ENVIRONMENTS) if row.way.key == key]
    if not rows:
        pytest.skip("the tool isn't installed: see TEST_WRITERS")

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(items=collections())
    def check(items):
        trial = written(rows[0].where, key, items, tmp_path_factory.mktemp("any"))
        assert not trial.unsafe
        assert beside_nulls(trial.ours) == []

    check()
