"""A file that is written while its rows come: the same as one that waits for the last of them."""

from __future__ import annotations

import io
import json
import os
import resource
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import collections
from stac_ingest.core.background import usable_cores
from stac_ingest.errors import DataProcessingError
from stac_ingest.geoparquet import early_file
from stac_ingest.geoparquet import writer as module
from stac_ingest.geoparquet.early_file import EarlyFile
from stac_ingest.geoparquet.item_columns import Slot, columns_of
from stac_ingest.geoparquet.spool import Spool
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.outputs.geoparquet import read_part


def item(number: int, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": f"i{number}",
        "geometry": {"type": "Point", "coordinates": [float(number), 1.0]},
        "bbox": [0.0, 1.0, 2.0, 3.0],
        "properties": {"datetime": "2024-01-01T00:00:00Z", **properties},
        "assets": {"data": {"href": "x", "roles": ["data"]}},
    }


NEVER = 1 << 60
"""So many rows don't come: then all wait for the last of them."""


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", 2)


@settings(max_examples=15, deadline=None)
@given(batches=st.lists(collections(), min_size=1, max_size=6), group=st.integers(1, 5))
def test_whatever_comes_later_is_in_the_file(batches: list[list[dict[str, Any]]], group: int) -> None:
    """Types and members that only later rows have change no row, and the metadata are those of all."""
    with TemporaryDirectory() as folder:
        early, late = Path(folder) / "early.parquet", Path(folder) / "late.parquet"
        for path, rows in ((early, 2), (late, NEVER)):
            module.ROWS = rows
            with GeoParquetWriter(path, row_group_items=group) as file:
                for items in batches:
                    file.write(items)
        assert sorted(path.name for path in Path(folder).iterdir()) == ["early.parquet", "late.parquet"]
        found, expected = ([json.dumps(one, sort_keys=True) for one in read_part(path)] for path in (early, late))
        assert found == expected
        assert pq.read_schema(early).metadata[b"geo"] == pq.read_schema(late).metadata[b"geo"]


def test_rows_of_like_types_are_written_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once their types are known, nothing of them waits, and nothing is read again; the file is like any other."""
    waited: list[int] = []
    add = Spool.add
    monkeypatch.setattr(Spool, "add", lambda self, columns: waited.append(1) or add(self, columns))
    monkeypatch.setattr(EarlyFile, "columns", None)
    for name, rows in (("early", 2), ("late", NEVER)):
        monkeypatch.setattr(module, "ROWS", rows)
        with GeoParquetWriter(tmp_path / name, row_group_items=3) as file:
            for number in range(0, 20, 2):
                file.write([item(number, gsd=1.5), item(number + 1)])
    assert len(waited) == 1 + 10
    early, late = (pq.ParquetFile(tmp_path / name) for name in ("early", "late"))
    assert early.schema_arrow.equals(late.schema_arrow, check_metadata=True)
    assert early.metadata.metadata == late.metadata.metadata
    assert early.read().equals(late.read())
    sizes = [early.metadata.row_group(number).num_rows for number in range(early.num_row_groups)]
    assert sizes == [3, 3, 3, 3, 3, 3, 2]


def test_other_rows_after_all_cost_one_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written is read back once, and not begun anew: rows that alternate can't make it happen again."""
    read: list[int] = []
    columns = EarlyFile.columns
    monkeypatch.setattr(EarlyFile, "columns", lambda self: read.append(1) or columns(self))
    with GeoParquetWriter(tmp_path / "a.parquet") as file:
        for number in range(10):
            file.write([item(2 * number, gsd="x" if number % 2 else 1.5), item(2 * number + 1)])
    assert len(read) == 1
    assert [one["properties"].get("gsd") for one in read_part(tmp_path / "a.parquet")] == [1.5, None, "x", None] * 5


@pytest.mark.parametrize("empty", [pa.nulls(2), pa.array([[], []], pa.list_(pa.null())), pa.array([{}, {}])])
def test_types_that_are_not_known_yet_are_waited_for(tmp_path: Path, empty: pa.Array) -> None:
    """Nulls, empty lists and empty objects alone tell no type: what comes later decides."""
    with GeoParquetWriter(tmp_path / "a.parquet") as file:
        for column in (empty, pa.array([{"a": 1}] * 2) if pa.types.is_struct(empty.type) else pa.array([[1]] * 2)):
            made = columns_of([item(0), item(1)])
            made.columns[Slot(("properties", "x"))] = column
            file.write_columns(made)
    kind = pq.read_schema(tmp_path / "a.parquet").field("x").type
    assert kind in (pa.list_(pa.int64()), pa.struct([("a", pa.int64())]))


def test_an_abandoned_file_leaves_nothing(tmp_path: Path) -> None:
    """Before it is closed there is no file of its name, and after an error no file at all."""
    file = GeoParquetWriter(tmp_path / "a.parquet")
    file.write([item(0), item(1)])
    assert not (tmp_path / "a.parquet").exists()
    assert len(list(tmp_path.iterdir())) == 1
    file.abandon()
    assert list(tmp_path.iterdir()) == []


def test_row_groups_are_encoded_by_one_thread(tmp_path: Path) -> None:
    """However many there are, one thread encodes them, where there is a core for it; it ends with the file."""

    def encoders() -> int:
        return sum(thread.name.startswith("encoder") for thread in threading.enumerate())

    before = encoders()
    with GeoParquetWriter(tmp_path / "a.parquet", row_group_items=2) as file:
        for number in range(0, 20, 2):
            file.write([item(number), item(number + 1)])
            assert encoders() - before == (usable_cores() > 1)
    assert encoders() == before
    assert [one["id"] for one in read_part(tmp_path / "a.parquet")] == [f"i{number}" for number in range(20)]


def test_the_file_is_written_in_large_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many row groups and columns there are, Python is asked to write once for each 4 MiB: it has one lock."""
    pieces: list[int] = []

    class Counted(io.FileIO):
        def write(self, data: Any) -> int:
            pieces.append(memoryview(data).nbytes)
            return super().write(data)

    def counted(descriptor: int, _mode: str) -> io.FileIO:
        return Counted(descriptor, "r+b")

    monkeypatch.setattr(early_file.os, "fdopen", counted)
    with GeoParquetWriter(tmp_path / "a.parquet", row_group_items=2) as file:
        for number in range(0, 60, 2):
            file.write([item(number), item(number + 1)])
    assert pieces == [(tmp_path / "a.parquet").stat().st_size]
    assert len(list(read_part(tmp_path / "a.parquet"))) == 60


def test_what_cannot_be_encoded_is_not_said_of_later_rows(tmp_path: Path) -> None:
    """The error comes with later rows, which may be sound: it is one that ends the run, not one of theirs."""
    slot, seconds = Slot(("properties", "x")), pa.timestamp("s")
    file = EarlyFile(tmp_path / "early", {slot: "x"}, {slot: seconds}, 1)
    if usable_cores() > 1:
        file.add({slot: pa.array([1 << 62], seconds)})
    with pytest.raises(DataProcessingError, match="can't be written"):
        file.add({slot: pa.array([1 if usable_cores() > 1 else 1 << 62], seconds)})
    file.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_no_more_is_told(tmp_path: Path) -> None:
    """What the thread can't write is the writer's error, at the latest when it is closed; nothing is left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))

    def write() -> None:
        with GeoParquetWriter(tmp_path / "a.parquet", row_group_items=2) as file:
            for number in range(0, 40, 2):
                file.write([item(number, x=os.urandom(2000).hex()), item(number + 1, x="")])

    try:
        with pytest.raises(OSError, match="too large"):
            write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
