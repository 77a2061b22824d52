from __future__ import annotations

import json
import random
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from stac_ingest.core.id_set import key_of

ITEMS = 60
COLUMNS = ["collection_id", "item_id"]

PROGRAM = """
import asyncio, os, signal, sys, threading
from types import SimpleNamespace

kind, root, die_at = sys.argv[1], sys.argv[2], int(sys.argv[3])
lock, steps = threading.Lock(), 0


def dying(function, half=None):
    def step(*arguments, **options):
        global steps
        with lock:
            steps += 1
            if steps == die_at:
                if half:
                    half(*arguments)
                os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return step


write = os.write
for name in ("fsync", "rename", "replace", "unlink", "ftruncate"):
    setattr(os, name, dying(getattr(os, name)))
os.write = dying(write, half=lambda descriptor, data: write(descriptor, data[: len(data) // 2]))

from stac_ingest import CheckpointManager, IngestModule, WorkflowContext
from stac_ingest.geoparquet import writer
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.outputs import CatalogOutput, GeoParquetOutput, ItemFilesOutput, NdjsonOutput
from stac_ingest.outputs.sorted_geoparquet.output import SortedGeoParquetOutput
from stac_ingest.pipeline import run_pipeline

GeoParquetOutput.__init__.__kwdefaults__.update(row_group_items=5, part_items=10)
output = {
    "ndjson": lambda: NdjsonOutput(root + "/out", batch_bytes=500),
    "items": lambda: ItemFilesOutput(root + "/out", batch_items=4),
    "catalog": lambda: CatalogOutput(root + "/out", batch_items=4),
    "geoparquet": lambda: GeoParquetOutput(root + "/out", row_group_items=5, part_items=10),
    "table": lambda: GeoParquetOutput(root + "/out", row_group_items=5, part_items=10),
    "sorted": lambda: SortedGeoParquetOutput(root + "/out", {"row_group_items": 10}),
}[kind]()
writer.ROWS = 4


async def fetch(context):
    for number in range(60):
        await asyncio.sleep(0)
        yield {
            "type": "Feature", "stac_version": "1.0.0", "id": f"i{number // 2}", "collection": "dc"[number % 2],
            "geometry": {"type": "Point", "coordinates": [number, 1.0]}, "bbox": [number, 1.0, number, 1.0],
            "properties": {"datetime": "2024-01-01T00:00:00Z"}, "links": [], "assets": {},
        }


with CheckpointManager("w", "c", root + "/checkpoints", buffer_size=7) as checkpoints:
    context = WorkflowContext(checkpoints=checkpoints)
    fetcher = SimpleNamespace(fetch=fetch)
    if kind == "table":
        fetcher = IngestModule({"mode": "file", "source": root + "/../items.parquet"})
        Decoder.items = None  # no item is made of a row
    asyncio.run(run_pipeline(fetcher, [], output, context))
print(steps)
"""


def write_table(path):
    """Write the same items as rows, five of which are read at once."""
    rows = range(ITEMS)
    table = pa.table(
        {
            "id": [f"i{number // 2}" for number in rows],
            "collection": ["dc"[number % 2] for number in rows],
            "geometry": pa.array(shapely.to_wkb([shapely.Point(number, 1) for number in rows]), pa.binary()),
            "datetime": ["2024-01-01T00:00:00Z"] * ITEMS,
            "assets": [{"data": {"href": f"{number}.tif"}} for number in rows],
        }
    )
    pq.write_table(table, path, row_group_size=5)


def run(kind, root, die_at=0):
    command = [sys.executable, "-c", PROGRAM, kind, str(root), str(die_at)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def written(kind, out):
    """List the items in the output by collection and id, as often as they are there, in parts of a table too."""
    if kind == "items":
        return [key_of(json.loads(path.read_bytes())) for path in out.glob("*.json")]
    if kind == "catalog":
        return [key_of(json.loads(path.read_bytes())) for path in out.glob("*/*/*.json")]
    if kind == "ndjson":
        files = [path for path in (out / "items.ndjson", out / "items.ndjson.part") if path.exists()]
        whole = [line for path in files for line in path.read_bytes().split(b"\n")[:-1]]
        return [key_of(json.loads(line)) for line in whole]
    hidden = [*out.glob(".sorting/part-*.parquet"), *out.glob(".sorting/new/*.parquet")]
    parts = [*out.glob("part-*.parquet"), *out.rglob(".pending.parquet"), *hidden]
    return [key_of(one) for path in parts for one in pq.read_table(path, columns=["collection", "id"]).to_pylist()]


def completed(root):
    path = root / "checkpoints" / "w" / "c.parquet"
    frame = pd.read_parquet(path) if path.exists() and any(path.glob("part-*")) else pd.DataFrame(columns=COLUMNS)
    return set(frame[COLUMNS].itertuples(index=False, name=None))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ndjson", "items", "catalog", "geoparquet", "table"])
def test_killed_at_any_step_each_item_is_written_once(tmp_path, kind):
    """Killed twice at seeded steps of writing, a run loses nothing that it reported, and a resume completes it.

    Each id is there in two collections.
    """
    write_table(tmp_path / "items.parquet")
    whole = run(kind, tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    steps = int(whole.stdout)
    chance = random.Random(f"20260210 {kind}")
    root = tmp_path / "killed"
    for _ in range(2):
        killed = run(kind, root, die_at=chance.randint(1, steps // 2))
        assert killed.returncode == -9, killed.stderr
        assert completed(root) <= set(written(kind, root / "out"))
    resumed = run(kind, root)
    assert resumed.returncode == 0, resumed.stderr
    assert sorted(written(kind, root / "out")) == sorted(
        ("dc"[number % 2], f"i{number // 2}") for number in range(ITEMS)
    )
    assert len(completed(root)) == ITEMS


@pytest.mark.slow
def test_killed_while_a_table_is_sorted_each_item_is_in_it_once(tmp_path):
    """Killed at seeded steps of sorting and of giving the files their names, a run ends with each item once."""
    whole = run("sorted", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    steps = int(whole.stdout)
    chance = random.Random(20261128)
    root = tmp_path / "killed"
    for die_at in (steps - chance.randint(8, 14), chance.randint(2, 5), chance.randint(9, 12), chance.randint(13, 16)):
        killed = run("sorted", root, die_at=die_at)
        assert killed.returncode in {-9, 0}, killed.stderr
        assert completed(root) <= set(written("sorted", root / "out"))
    assert len(completed(root)) == ITEMS
    resumed = run("sorted", root)
    assert resumed.returncode == 0, resumed.stderr
    assert not (root / "out/.sorting").exists()
    assert sorted(written("sorted", root / "out")) == sorted(
        ("dc"[number % 2], f"i{number // 2}") for number in range(ITEMS)
    )
