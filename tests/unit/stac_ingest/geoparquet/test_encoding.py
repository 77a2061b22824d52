"""How columns are encoded: texts with a dictionary, all else without."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import collections
from stac_ingest.geoparquet import writer as module
from stac_ingest.geoparquet.encoding import encoding_options
from stac_ingest.geoparquet.writer import GeoParquetWriter


@pytest.fixture(autouse=True)
def rows_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", 1)


def test_texts_are_found_however_deep_they_are() -> None:
    """Their paths are those that Parquet gives them, and no number, time or geometry is among them."""
    inner = pa.struct([("a.b", pa.string()), ("n", pa.int64()), ("l", pa.list_(pa.list_(pa.string())))])
    kinds: list[tuple[str, Any]] = [
        ("id", pa.string()),
        ("geometry", pa.binary()),
        ("gsd", pa.float64()),
        ("datetime", pa.timestamp("us", "UTC")),
        ("json", pa.json_()),
        ("links", pa.list_(inner)),
    ]
    found = encoding_options(pa.schema(kinds))["use_dictionary"]
    assert found == ["id", "json", "links.list.element.a.b", "links.list.element.l.list.element.list.element"]


@settings(max_examples=10, deadline=None)
@given(items=collections(), rows=st.sampled_from([1, 1 << 60]))
def test_a_file_has_dictionaries_of_its_texts_alone(items: list[dict[str, Any]], rows: int) -> None:
    """Of each column with values, early or late, the file says so itself."""
    with TemporaryDirectory() as folder:
        path, module.ROWS = Path(folder) / "a.parquet", rows
        with GeoParquetWriter(path) as file:
            for item in items:
                file.write([item])
        metadata = pq.read_metadata(path)
    for number in range(metadata.num_columns):
        is_text = metadata.schema.column(number).logical_type.type in ("STRING", "JSON")
        for group in range(metadata.num_row_groups):
            assert metadata.row_group(group).column(number).has_dictionary_page == is_text
