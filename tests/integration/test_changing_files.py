"""Files that change, grow, vanish or turn into something else between being listed and being read."""

from __future__ import annotations

import os

import orjson
import pytest

from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.geoparquet.writer import GeoParquetWriter

FILES = 600
ARMS = [(1, "semaphore"), (4, "semaphore"), (4, "queue")]


def item(name):
    point = {"type": "Point", "coordinates": [1.0, 2.0]}
    about = {"type": "Feature", "stac_version": "1.1.0", "geometry": point, "bbox": [1.0, 2.0, 1.0, 2.0]}
    return {**about, "id": name, "properties": {"datetime": "2024-01-01T00:00:00Z"}, "links": [], "assets": {}}


def vanish(path):
    path.unlink()


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def grow(path):
    with path.open("ab") as stream:
        stream.write(b" " * (2 << 20))


def become_a_fifo(path):
    path.unlink()
    os.mkfifo(path)


def become_a_folder(path):
    path.unlink()
    path.mkdir()


def lead_in_circles(path):
    path.unlink()
    path.symlink_to(path.name)


CHANGES = [vanish, cut, grow, become_a_fifo, become_a_folder, lead_in_circles]


async def ingest(source, after_first, **settings):
    """Ingest; do something once the first item has come."""
    module, context = IngestModule({"mode": "file", "source": str(source), **settings}), WorkflowContext()
    got = []
    async for found in module.fetch(context):
        if not got:
            after_first()
        got.append(found["id"])
    return got, context.failure_collector.get_all()


@pytest.mark.parametrize(("concurrency", "strategy"), ARMS)
async def test_each_file_is_an_item_or_a_failure(tmp_path, concurrency, strategy):
    """Whatever becomes of files while others are read, each gives its item or is named; none hangs."""
    names = [f"i{number:03}" for number in range(FILES)]
    for name in names:
        (tmp_path / f"{name}.json").write_bytes(orjson.dumps(item(name)))
    changed = names[FILES // 2 :]

    def change():
        for number, name in enumerate(changed):
            CHANGES[number % len(CHANGES)](tmp_path / f"{name}.json")

    settings = {"concurrency": concurrency, "worker_strategy": strategy, "max_response_mib": 1}
    got, failures = await ingest(tmp_path, change, **settings)
    assert sorted([*got, *(failure.item_id.removesuffix(".json") for failure in failures)]) == names
    assert {failure.item_id.removesuffix(".json") for failure in failures} <= set(changed)
    if concurrency == 1:
        assert len(failures) > FILES // 2 - 200  # what was read ahead of its turn may have come


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("concurrency", "strategy"), ARMS)
async def test_a_table_that_changes_costs_itself(tmp_path, change, concurrency, strategy):
    """Of two GeoParquet files the second changes while the first is read: the first comes whole."""
    for name in "ab":
        with GeoParquetWriter(tmp_path / f"{name}.parquet", row_group_items=500) as writer:
            for start in range(0, 5_000, 500):
                writer.write([item(f"{name}{number}") for number in range(start, start + 500)])
    path = tmp_path / "b.parquet"
    settings = {"concurrency": concurrency, "worker_strategy": strategy}
    got, failures = await ingest(tmp_path, lambda: change(path), **settings)
    assert [name for name in got if name[0] == "a"] == [f"a{number}" for number in range(5_000)] or concurrency > 1
    assert sum(name[0] == "a" for name in got) == 5_000
    assert len(set(got)) == len(got)
    assert all(failure.item_id.startswith("b.parquet") for failure in failures)
    assert failures or len(got) == 10_000
