"""Ways to read a table of items: one entry for each tool and option, run in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

from ingest_bench.writer_table.rows import Item, item_of, items_of_table
from ingest_bench.writer_table.ways import Way

WORLD = (-180.0, -90.0, 180.0, 90.0)


def _pyarrow(path: Path, **options: Any) -> list[Item]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - one tool's imports are not another's

    return items_of_table(pq.read_table(path, **options))


def _pandas(path: Path, **options: Any) -> list[Item]:
    import pandas as pd  # noqa: PLC0415 - same

    return _of_frame(pd.read_parquet(path, **options))


def _geopandas(path: Path, **options: Any) -> list[Item]:
    import geopandas  # noqa: PLC0415 - same

    return _of_frame(geopandas.read_parquet(path, **options))


def _of_frame(frame: Any) -> list[Item]:
    # A missing value is another in each column of a frame; its own word for missing tells.
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [item_of(row) for row in rows]


def _polars(path: Path, *, lazy: bool = False, **options: Any) -> list[Item]:
    import polars as pl  # noqa: PLC0415 - same

    frame = pl.scan_parquet(path).collect() if lazy else pl.read_parquet(path, **options)
    return [item_of(row) for row in frame.to_dicts()]


def _duckdb(path: Path) -> list[Item]:
    from ingest_bench.writer_table.duckdb_tool import connected, quoted  # noqa: PLC0415 - same

    with connected() as connection:
        source = f"read_parquet({quoted(path)})"
        (kind,) = connection.execute(f"SELECT typeof(geometry) FROM {source} LIMIT 1").fetchone()  # noqa: S608 - our own path
        shape = "geometry" if kind == "BLOB" else "ST_AsWKB(geometry)"
        found = connection.execute(f"SELECT * REPLACE ({shape} AS geometry) FROM {source}")  # noqa: S608 - same
        return items_of_table(found.to_arrow_table() if hasattr(found, "to_arrow_table") else found.fetch_arrow_table())


def _rustac(path: Path) -> list[Item]:
    import rustac  # noqa: PLC0415 - same

    async def read() -> list[Item]:
        found: list[Item] = (await rustac.read(str(path)))["features"]
        return found

    return asyncio.run(read())


def _stac_geoparquet(path: Path, *, lines: bool = False) -> list[Item]:
    import json  # noqa: PLC0415 - same

    import pyarrow.parquet as pq  # noqa: PLC0415 - same
    from stac_geoparquet.arrow import stac_table_to_items, stac_table_to_ndjson  # noqa: PLC0415 - same

    table = pq.read_table(path)
    if not lines:
        return list(stac_table_to_items(table))
    target = path.with_suffix(".ndjson")
    stac_table_to_ndjson(table, target)
    return [json.loads(line) for line in target.read_text().splitlines()]


def _arro3(path: Path) -> list[Item]:
    from arro3.io import read_parquet  # noqa: PLC0415 - same

    return items_of_table(read_parquet(path).read_all())


def _sedonadb(path: Path) -> list[Item]:
    import sedonadb  # noqa: PLC0415 - same

    return items_of_table(sedonadb.connect().read_parquet(path).to_arrow_table())


def _geoparquet_io(path: Path) -> list[Item]:
    from ingest_bench.writer_table.duckdb_tool import install  # noqa: PLC0415 - same

    install()
    target = path.with_suffix(".converted.parquet")
    command = [str(Path(sys.executable).with_name("gpio")), "convert", "geoparquet", str(path), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr or done.stdout).strip().splitlines()[-1])
    return _pyarrow(target)


READERS: tuple[Way, ...] = (
    Way("pyarrow", "read_table", _pyarrow, {}, ("shapely",)),
    Way("pandas", "read_parquet", _pandas, {}, ("pyarrow", "shapely")),
    Way(
        "pandas", "read_parquet(dtype_backend='pyarrow')", _pandas, {"dtype_backend": "pyarrow"}, ("pyarrow", "shapely")
    ),
    Way("geopandas", "read_parquet", _geopandas, {}, ("pyarrow",)),
    Way("geopandas", "read_parquet(bbox=the world)", _geopandas, {"bbox": WORLD}, ("pyarrow",)),
    Way("polars", "read_parquet", _polars, {}, ("shapely",)),
    Way("polars", "scan_parquet", _polars, {"lazy": True}, ("shapely",)),
    Way("duckdb", "read_parquet", _duckdb, {}, ("pyarrow", "shapely")),
    Way("stac-geoparquet", "stac_table_to_items", _stac_geoparquet),
    Way("stac-geoparquet", "stac_table_to_ndjson", _stac_geoparquet, {"lines": True}),
    Way("rustac", "read", _rustac),
    Way("arro3-io", "read_parquet", _arro3, {}, ("pyarrow", "shapely")),
    Way("sedonadb", "read_parquet", _sedonadb, {}, ("pyarrow", "shapely")),
    Way("geoparquet-io", "convert geoparquet, read by pyarrow", _geoparquet_io, {}, ("pyarrow", "shapely")),
)
"""All of them, tool by tool."""
