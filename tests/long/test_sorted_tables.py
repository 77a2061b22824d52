"""A sorted table at size: what a search reads of it, what memory sorting takes, and what other programs say of it.

`TEST_SORTED_ITEMS=5000000` makes it that large, which takes ten minutes and 4 GB of disk.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from placed_items import placed_items

from ingest_bench.writer_table import duckdb_tool
from stac_ingest.context import WorkflowContext
from stac_ingest.module import IngestModule
from stac_ingest.outputs import make_output
from stac_ingest.table_check.check_table import check_table

LONG = "TEST_LONG" in os.environ
ITEMS = int(os.environ.get("TEST_SORTED_ITEMS") or (100_000 if LONG else 20_000))
GROUP = min(10_000, ITEMS // 10)
BANDS = 12 if ITEMS <= 1_000_000 else 2
"""Assets of an item: as many as those of Sentinel-2 have, or so few that the disk holds them."""
SHARES = {20_000: 2, 100_000: 3, 5_000_000: 20}
"""By how many items: of the unsorted table's bytes a search reads one in so many, or fewer."""
SEARCHES = 10
SEED = 20261128
COUNTS = Path("/proc/self/io")
PYTHONS = [Path(sys.executable), *map(Path, filter(None, [os.environ.get("TEST_WRITERS")]))]


def write(name, folder, total=ITEMS, **wanted):
    """Write items, and return the most memory that the end of it took, in MiB."""
    context = WorkflowContext(collections={"c": {"type": "Collection", "id": "c"}})

    async def run():
        output = make_output(name, folder, wanted)
        await output.start(context)
        for rows in placed_items(total, BANDS):
            await output.bundle_rows(rows)
        forget_peak()
        return await output.finalize(context)

    assert asyncio.run(run())["items"] == total
    return peak()


def write_alone(*wanted, **settings):
    """Write items in a process of their own: what tests before this one have left in memory is no part of it."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(write, *wanted, **settings).result()


def say(text):
    sys.stdout.write(f"\n{text}")


def forget_peak():
    Path("/proc/self/clear_refs").write_text("5")


def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def search(folder, box, month):
    """Return the bytes that a search reads, footers and all, and what it finds."""

    async def run():
        settings = {"mode": "file", "source": str(folder), "format": "parquet", "bbox": box, "datetime": month}
        module = IngestModule(settings | {"read_ahead": False})
        return sorted([item["id"] async for item in module.fetch(WorkflowContext())])

    before = read_so_far()
    found = asyncio.run(run())
    return read_so_far() - before, found


def read_so_far():
    return int(COUNTS.read_text().split()[1])


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Write the same items unsorted and sorted."""
    folder = tmp_path_factory.mktemp("tables")
    write("geoparquet", folder / "unsorted")
    most = write_alone("sorted-geoparquet", folder / "sorted", row_group_items=GROUP)
    say(f"{ITEMS:,} items sorted in {most:,.0f} MiB of memory")
    return folder / "unsorted", folder / "sorted", most


def searches(folder):
    """Give boxes of a degree and their month, near some of the items."""
    choice = random.Random(SEED)
    files = sorted(folder.glob("*.parquet"))
    for _ in range(SEARCHES):
        with pq.ParquetFile(choice.choice(files)) as file:
            rows = file.read_row_group(choice.randrange(file.num_row_groups), columns=["bbox", "datetime"])
        row = rows.slice(choice.randrange(len(rows)), 1).to_pylist()[0]
        west, south = min(row["bbox"]["xmin"], 178.5), row["bbox"]["ymin"]
        yield [west, south, west + 1, south + 1], row["datetime"].strftime("%Y-%m")


@pytest.mark.slow
@pytest.mark.skipif(not COUNTS.exists(), reason="the system doesn't count the bytes that a process reads")
def test_a_search_reads_a_small_part(tables):
    """A search of one degree and one month finds the same in both tables, and reads a small part of one."""
    unsorted, in_order, _ = tables
    size = size_of(unsorted)
    wanted = list(searches(unsorted))
    search(in_order, *wanted[0])  # what is imported first is no part of it
    read, scanned = [], []
    for box, month in wanted:
        bytes_read, found = search(in_order, box, month)
        bytes_of_all, expected = search(unsorted, box, month)
        assert found == expected
        read.append(bytes_read)
        scanned.append(bytes_of_all)
    mean = sum(read) / len(read)
    say(f"{ITEMS:,} items: a search reads 1/{size / mean:,.1f} of {size:,} bytes, at worst 1/{size / max(read):,.1f}")
    say(f"in the unsorted table it reads {sum(scanned) / sum(read):,.1f} times as many bytes")
    assert mean <= size / max(share for items, share in SHARES.items() if items <= ITEMS)


def test_sorting_takes_little_memory(tables):
    """However many items there are, sorting them takes less than 1 GiB, all that the process holds included."""
    assert tables[2] < 1024


def test_our_own_check_passes(tables):
    """`stac-ingest check` finds nothing against the sorted table but that row groups of a small one are small."""
    findings = check_table(tables[1])
    assert {one.name for one in findings if one.verdict != "pass"} <= ({"row groups"} if GROUP < 10_000 else set())
    say(next(one.what for one in findings if one.name == "sorted"))


@pytest.mark.parametrize("partition", ["none", "year", "month"])
def test_geoparquet_io_has_no_warning(tmp_path, partition):
    """`gpio check all` passes every file of the layout without a warning."""
    python = next((one for one in PYTHONS if one.with_name("gpio").exists()), None)
    if python is None:
        pytest.skip("geoparquet-io isn't installed: see TEST_WRITERS")
    # DuckDB looks for its extension below the home, and asks no network.
    surroundings = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(Path(duckdb_tool.__file__).parents[2])}
    code = "from ingest_bench.writer_table.duckdb_tool import install; install()"
    subprocess.run([python, "-c", code], check=True, env=surroundings)
    write("sorted-geoparquet", tmp_path / "table", min(ITEMS, 100_000), partition=partition)
    command = [python.with_name("gpio"), "check", "all", "--all-files", tmp_path / "table"]
    first = sorted((tmp_path / "table").rglob("*.parquet"))
    if len(first) == 1:
        command = [python.with_name("gpio"), "check", "all", first[0]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    assert "WARNING" not in text, text
    assert "⚠" not in text, text
    assert "✗" not in text, text
    assert "❌" not in text, text
