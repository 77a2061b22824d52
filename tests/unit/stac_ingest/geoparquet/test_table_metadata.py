"""What metadata say of columns: geometries without a known name, indexes of data frames, reference systems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.table_metadata import index_columns, marked_geometries, reference_system

WKT = 'PROJCRS["UTM zone 32N",BASEGEOGCRS["WGS 84",ID["EPSG",4326]],ID["EPSG",32632]]'


@pytest.mark.parametrize(
    ("crs", "name"),
    [
        (None, None),
        ("OGC:CRS84", None),
        ("EPSG:4326", None),
        ('GEOGCRS["WGS 84 (CRS84)",CS[ellipsoidal,2],ID["OGC","CRS84"]]', None),
        ('GEOGCRS["WGS 84",CS[ellipsoidal,2],ID["EPSG",4326]]', None),
        (WKT, WKT[:60]),
        ('GEOGCRS["NAD83",ID["EPSG",4269]]', 'GEOGCRS["NAD83",ID["EPSG",4269]]'),
        ("EPSG:32632", "EPSG:32632"),
        ({"name": "WGS 84", "id": {"authority": "EPSG", "code": 4326}}, None),
        ({"name": "NAD83", "id": {"authority": "EPSG", "code": 4269}}, "NAD83"),
        ({"id": 7}, "without a name"),
        (7, None),
    ],
)
def test_another_reference_system_is_named(crs: Any, name: str | None) -> None:
    """WGS 84 has no name here, in whatever form it is said; any other system has, also one that is based on it."""
    assert reference_system({"crs": crs}) == name


@pytest.mark.parametrize(
    ("pandas", "found"),
    [
        (None, {"__index_level_0__"}),
        ({"index_columns": ["fid", "gone", {"kind": "range"}]}, {"__index_level_0__", "fid"}),
        ({"index_columns": "fid"}, {"__index_level_0__"}),
        ([1], {"__index_level_0__"}),
        ("{", {"__index_level_0__"}),
    ],
)
def test_indexes_are_those_that_are_named_or_look_like_it(pandas: Any, found: set[str]) -> None:
    """Columns that the metadata name are indexes, where they are there; what can't be read names none."""
    schema = pa.schema([("fid", pa.int64()), ("__index_level_0__", pa.int64()), ("__index__", pa.int64())])
    text = pandas if isinstance(pandas, str) else json.dumps(pandas)
    assert index_columns(schema if pandas is None else schema.with_metadata({"pandas": text})) == found


@pytest.mark.parametrize("more", ["", ", 'POINT (3 4)'::GEOMETRY AS other"])
def test_a_geometry_that_parquet_marks_is_found_by_its_kind(tmp_path: Path, more: str) -> None:
    """A geometry column of any name is the item's, where it is the only one and no metadata name another."""
    path = tmp_path / "a.parquet"
    with duckdb.connect() as connection:
        select = f"SELECT 'a' AS id, 'x' AS datetime, 'POINT (1 2)'::GEOMETRY AS geom{more}"
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet, GEOPARQUET_VERSION 'NONE')")
    with pq.ParquetFile(path) as file:
        marked = marked_geometries(file.schema, file.schema_arrow.names)
        assert marked == ({"geom"} if not more else {"geom", "other"})
        decoder = Decoder(file.schema_arrow, marked)
        assert decoder.is_stac == (not more)
        assert (decoder.problem is None) == (not more)
        assert not more or "several geometries" in (decoder.problem or "")
        if decoder.is_stac:
            items = [item for batch in file.iter_batches() for item in decoder.items(batch, "a", lambda *_: None)]
            assert items[0]["geometry"] == {"type": "Point", "coordinates": [1.0, 2.0]}
