"""Where columns wait for the types that fit all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import collections
from stac_ingest.geoparquet.item_columns import columns_of
from stac_ingest.geoparquet.spool import Spool
from stac_ingest.geoparquet.writer import GeoParquetWriter


def spooled(path: Path, batches: Sequence[Sequence[dict[str, Any]]], memory: int) -> tuple[pa.Table, bool]:
    spool = Spool(path, memory)
    for items in batches:
        spool.add(columns_of(items).columns)
    kinds = spool.kinds()
    tables = [pa.table(columns, [str(slot) for slot in kinds]) for columns in spool.columns(kinds)]
    used = path.exists()
    spool.remove()
    assert not path.exists()
    return pa.concat_tables(tables), used


@settings(max_examples=30, deadline=None)
@given(st.lists(collections(), min_size=1, max_size=3))
def test_rows_are_the_same_from_memory_and_from_disk(
    tmp_path_factory: Any, batches: list[list[dict[str, Any]]]
) -> None:
    """What comes out has the same types and values, and what fits into the memory makes no file."""
    path = tmp_path_factory.mktemp("spool") / "spool"
    (kept, no_file), (written, file) = spooled(path, batches, 1 << 20), spooled(path, batches, 1)
    assert kept.schema == written.schema
    assert kept.to_pylist() == written.to_pylist()
    assert (no_file, file) == (False, len(batches) > 1)


def test_parts_of_larger_arrays_are_written(tmp_path: Path) -> None:
    """Columns that are parts of larger ones are what they show, also where their type becomes another one."""
    items = [{"id": str(n), "geometry": None, "properties": {"x": [n], "y": [[n, None]]}} for n in range(4)]
    whole = columns_of(items)
    spool = Spool(tmp_path / "spool")
    spool.add({slot: column.slice(1, 2) for slot, column in whole.columns.items()})
    spool.add(columns_of([{"id": "a", "geometry": None, "properties": {"x": [0.5], "y": [["z"]]}}]).columns)
    kinds = spool.kinds()
    table = pa.concat_tables(
        [pa.table(columns, [slot.place[-1] for slot in kinds]) for columns in spool.columns(kinds)]
    )
    assert table["x"].to_pylist() == [[1.0], [2.0], [0.5]]
    assert table["id"].to_pylist() == ["1", "2", "a"]


def test_row_groups_have_the_rows_that_are_asked_for(tmp_path: Path) -> None:
    """However many items are written at once, each row group but the last has its number of rows."""
    items = [{"id": str(n), "geometry": None, "properties": {}} for n in range(70)]
    with GeoParquetWriter(tmp_path / "a.parquet", row_group_items=20) as writer:
        for start in range(0, 70, 7):
            writer.write(items[start : start + 7])
    metadata = pq.read_metadata(tmp_path / "a.parquet")
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [20, 20, 20, 10]
    assert pq.read_table(tmp_path / "a.parquet")["id"].to_pylist() == [item["id"] for item in items]
