"""Ways to write a table of items: one entry for each tool and option, run in a process of its own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest_bench.writer_table.rows import Item, flat, names_of
from ingest_bench.writer_table.ways import Way


def table_of(items: list[Item], **layout: Any) -> Any:
    """Give an Arrow table of flat rows, with the types that Arrow finds."""
    import pyarrow as pa  # noqa: PLC0415 - one tool's imports are not another's

    rows = [flat(item, **layout) for item in items]
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in names_of(rows)})


def geo_of(version: str = "1.1.0", encoding: str = "WKB") -> dict[str, str]:
    """Give the metadata that make a Parquet file GeoParquet."""
    column = {"encoding": encoding, "geometry_types": []}
    return {"geo": json.dumps({"version": version, "primary_column": "geometry", "columns": {"geometry": column}})}


def _pyarrow(items: list[Item], path: Path, *, layout: dict[str, Any], geo: bool = True, **options: Any) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - same

    table = table_of(items, **layout)
    pq.write_table(table.replace_schema_metadata(geo_of()) if geo else table, path, **options)


def _pyarrow_types(items: list[Item], path: Path, *, kind: str) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - same

    from ingest_bench.writer_table.arrow_types import retyped  # noqa: PLC0415 - same

    pq.write_table(retyped(table_of(items), kind), path)


def _pandas(items: list[Item], path: Path, *, ids: bool = False, filtered: bool = False, **options: Any) -> None:
    import pandas as pd  # noqa: PLC0415 - same

    frame = pd.DataFrame([flat(item) for item in (items[:1] if filtered else []) + items])
    frame = frame.iloc[1:] if filtered else frame
    (frame.set_index("id") if ids else frame).to_parquet(path, **options)


def _geopandas(items: list[Item], path: Path, *, layout: dict[str, Any], ids: bool = False, **options: Any) -> None:
    import geopandas  # noqa: PLC0415 - same

    rows = [flat(item, **layout) for item in items]
    if options.get("write_covering_bbox"):
        rows = [{name: value for name, value in row.items() if name != "bbox"} for row in rows]
    shapes = geopandas.GeoSeries.from_wkb([row.pop("geometry") for row in rows], crs="OGC:CRS84")
    frame = geopandas.GeoDataFrame(rows, geometry=shapes)
    (frame.set_index("id") if ids else frame).to_parquet(path, **options)


def _polars(items: list[Item], path: Path, *, layout: dict[str, Any], sink: bool = False, **options: Any) -> None:
    import polars as pl  # noqa: PLC0415 - same

    rows = [flat(item, **layout) for item in items]
    full = [{name: row.get(name) for name in names_of(rows)} for row in rows]
    frame = pl.DataFrame(full, infer_schema_length=None)
    if sink:
        frame.lazy().sink_parquet(path, **options)
    else:
        frame.write_parquet(path, **options)


def by_duckdb(items: list[Item], path: Path, *, select: str, options: str = "", read: str = "") -> None:
    """Write what a query selects of items in JSON.

    Args:
        items: to write.
        path: of the table.
        select: the query, with `{source}` for the items.
        options: of COPY, each after a comma.
        read: options of `read_json`, each after a comma.

    """
    from ingest_bench.writer_table.duckdb_tool import connected, quoted  # noqa: PLC0415 - same

    source = path.with_suffix(".ndjson")
    source.write_text("\n".join(map(json.dumps, items)))
    with connected() as connection:
        query = select.format(source=f"read_json({quoted(source)}{read})")
        connection.execute(f"COPY ({query}) TO {quoted(path)} (FORMAT parquet{options})")


def _stac_geoparquet(items: list[Item], path: Path, *, by: str, **options: Any) -> None:
    import stac_geoparquet  # noqa: PLC0415 - same
    from stac_geoparquet import arrow  # noqa: PLC0415 - same

    if by == "frame":
        stac_geoparquet.to_geodataframe(items, **options).to_parquet(path)
    elif by == "lines":
        source = path.with_suffix(".ndjson")
        source.write_text("\n".join(map(json.dumps, items)))
        arrow.parse_stac_ndjson_to_parquet(source, path, **options)
    else:
        arrow.parse_stac_items_to_parquet(items, output_path=path, **options)


def _rustac(items: list[Item], path: Path, *, by: str = "write", **options: Any) -> None:
    import rustac  # noqa: PLC0415 - same

    async def write() -> None:
        await rustac.write(str(path), items, **options)

    if by == "arrow":
        import pyarrow as pa  # noqa: PLC0415 - same
        import pyarrow.parquet as pq  # noqa: PLC0415 - same

        pq.write_table(pa.table(rustac.to_arrow(items)), path)
    else:
        asyncio.run(write())


def _arro3(items: list[Item], path: Path, *, layout: dict[str, Any], **options: Any) -> None:
    from arro3.io import write_parquet  # noqa: PLC0415 - same

    write_parquet(table_of(items, **layout), path, **options)


def _sedonadb(items: list[Item], path: Path, *, covered: bool = False, **options: Any) -> None:
    import sedonadb  # noqa: PLC0415 - same

    table = table_of(items)
    session = sedonadb.connect()
    session.create_data_frame(table.drop_columns(["bbox"]) if covered else table).to_view("items")
    columns = "* EXCLUDE (geometry), ST_SetSRID(ST_GeomFromWKB(geometry), 4326) AS geometry"
    session.sql(f"SELECT {columns} FROM items").to_parquet(path, **options)  # noqa: S608 - a constant


def _geoparquet_io(items: list[Item], path: Path, *, options: list[str]) -> None:
    from ingest_bench.writer_table.duckdb_tool import install  # noqa: PLC0415 - same

    install()
    source = path.with_suffix(".source.parquet")
    _pyarrow(items, source, layout={})
    command = [str(Path(sys.executable).with_name("gpio")), "convert", "geoparquet", str(source), str(path), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr or done.stdout).strip().splitlines()[-1])


_FLAT = (
    "SELECT * EXCLUDE (geometry, properties), unnest(properties), "
    "CASE WHEN geometry IS NOT NULL THEN ST_GeomFromGeoJSON(to_json(geometry)::VARCHAR) END AS geometry FROM {source}"
)
NESTED = "SELECT * FROM {source}"
WKB_AND_PROPERTIES = (
    "SELECT * REPLACE (CASE WHEN geometry IS NOT NULL THEN ST_GeomFromGeoJSON(to_json(geometry)::VARCHAR) END "
    "AS geometry) FROM {source}"
)
_CODECS = ("snappy", "gzip", "brotli", "zstd", "lz4", "none")
TYPES = ("large", "view", "list view", "dictionary", "32-bit", "decimal", "JSON text", "arrow.json", "map of assets")


def _with(writer: Callable[..., None], tool: str, *options: tuple[str, dict[str, Any]], **shared: Any) -> list[Way]:
    needs = shared.pop("needs", ())
    return [Way(tool, option, writer, {**shared, **settings}, needs) for option, settings in options]


WRITERS: tuple[Way, ...] = (
    *_with(
        _pyarrow,
        "pyarrow",
        ("defaults", {}),
        ("times as text, boxes as lists", {"layout": {"times": "text", "box": "list"}}),
        ("without `geo` metadata", {"geo": False}),
        ("properties as one column", {"layout": {"nested": True}}),
        *((f"version={version!r}", {"version": version}) for version in ("1.0", "2.4", "2.6")),
        *((f"compression={codec!r}", {"compression": codec}) for codec in _CODECS),
        ("data_page_version='2.0'", {"data_page_version": "2.0"}),
        ("use_dictionary=False", {"use_dictionary": False}),
        ("use_deprecated_int96_timestamps=True", {"use_deprecated_int96_timestamps": True}),
        ("flavor='spark'", {"flavor": "spark"}),
        ("coerce_timestamps='ms'", {"coerce_timestamps": "ms", "allow_truncated_timestamps": True}),
        ("store_schema=False", {"store_schema": False}),
        ("use_compliant_nested_type=False", {"use_compliant_nested_type": False}),
        ("use_byte_stream_split=['gsd']", {"use_byte_stream_split": ["gsd"], "use_dictionary": False}),
        ("store_decimal_as_integer=True", {"store_decimal_as_integer": True}),
        ("write_page_checksum=True, write_page_index=True", {"write_page_checksum": True, "write_page_index": True}),
        ("row_group_size=1", {"row_group_size": 1}),
        layout={},
        needs=("shapely",),
    ),
    *_with(_pyarrow_types, "pyarrow", *((f"types: {kind}", {"kind": kind}) for kind in TYPES), needs=("shapely",)),
    *_with(
        _pandas,
        "pandas",
        ("defaults", {}),
        ("set_index('id')", {"ids": True}),
        ("filtered rows", {"filtered": True}),
        ("index=True", {"index": True}),
        needs=("pyarrow", "shapely"),
    ),
    *_with(
        _geopandas,
        "geopandas",
        ("defaults", {}),
        ("times as text", {"layout": {"times": "text", "box": "list"}}),
        *(
            (f"schema_version={name!r}", {"schema_version": name})
            for name in ("0.1.0", "0.4.0", "1.0.0", "1.1.0", "2.0.0")
        ),
        ("geometry_encoding='geoarrow'", {"geometry_encoding": "geoarrow"}),
        ("write_covering_bbox=True", {"write_covering_bbox": True}),
        ("set_index('id')", {"ids": True}),
        ("index=True", {"index": True}),
        ("compression='zstd'", {"compression": "zstd"}),
        layout={"box": "list"},
        needs=("pyarrow",),
    ),
    *_with(
        _polars,
        "polars",
        ("defaults", {}),
        ("times as text, boxes as lists", {"layout": {"times": "text", "box": "list"}}),
        ("properties as one column", {"layout": {"nested": True}}),
        *((f"compression={codec!r}", {"compression": codec}) for codec in ("snappy", "gzip", "brotli", "uncompressed")),
        ("use_pyarrow=True", {"use_pyarrow": True}),
        ("statistics='full', row_group_size=1", {"statistics": "full", "row_group_size": 1}),
        ("metadata={'geo': ...}", {"metadata": geo_of()}),
        ("sink_parquet", {"sink": True}),
        layout={},
        needs=("shapely",),
    ),
    *_with(
        by_duckdb,
        "duckdb",
        *(
            (f"GEOPARQUET_VERSION '{name}'", {"options": f", GEOPARQUET_VERSION '{name}'"})
            for name in ("NONE", "V1", "V2", "BOTH")
        ),
        ("geometry and properties as columns", {"select": WKB_AND_PROPERTIES}),
        ("COPY (SELECT * FROM read_json(...))", {"select": NESTED}),
        ("read_json(map_inference_threshold := 1)", {"select": NESTED, "read": ", map_inference_threshold := 1"}),
        ("read_json(maximum_depth := 1)", {"select": NESTED, "read": ", maximum_depth := 1"}),
        ("read_json(maximum_depth := 2)", {"select": NESTED, "read": ", maximum_depth := 2"}),
        *((f"PARQUET_VERSION {name}", {"options": f", PARQUET_VERSION {name}"}) for name in ("V1", "V2")),
        *(
            (f"COMPRESSION {name}", {"options": f", COMPRESSION {name}"})
            for name in ("gzip", "brotli", "lz4_raw", "uncompressed")
        ),
        ("FIELD_IDS 'auto'", {"options": ", FIELD_IDS 'auto'"}),
        select=_FLAT,
    ),
    *_with(
        _stac_geoparquet,
        "stac-geoparquet",
        *((f"items, schema_version={name!r}", {"by": "items", "schema_version": name}) for name in ("1.0.0", "1.1.0")),
        ("items, schema='FullFile'", {"by": "items", "schema": "FullFile"}),
        ("items, drop_invalid_properties=False", {"by": "items", "drop_invalid_properties": False}),
        ("lines, schema_version='1.1.0'", {"by": "lines", "schema_version": "1.1.0"}),
        ("to_geodataframe", {"by": "frame"}),
        ("to_geodataframe(dtype_backend='pyarrow')", {"by": "frame", "dtype_backend": "pyarrow"}),
        ("to_geodataframe(datetime_precision='us')", {"by": "frame", "datetime_precision": "us"}),
    ),
    *_with(
        _rustac,
        "rustac",
        ("write", {}),
        *(
            (f"format='geoparquet[{name}]'", {"format": f"geoparquet[{name}]"})
            for name in ("snappy", "zstd", "uncompressed")
        ),
    ),
    Way("rustac", "to_arrow, written by pyarrow", _rustac, {"by": "arrow"}, ("arro3-core", "pyarrow")),
    *_with(
        _arro3,
        "arro3-io",
        ("defaults", {}),
        ("times as text, boxes as lists", {"layout": {"times": "text", "box": "list"}}),
        ("skip_arrow_metadata=True", {"skip_arrow_metadata": True}),
        ("writer_version='parquet_2_0'", {"writer_version": "parquet_2_0"}),
        ("dictionary_enabled=False", {"dictionary_enabled": False}),
        *((f"encoding={name!r}", {"encoding": name, "dictionary_enabled": False}) for name in ("plain",)),
        *(
            (f"compression={name!r}", {"compression": name})
            for name in ("snappy", "gzip(6)", "brotli(3)", "zstd(3)", "lz4_raw")
        ),
        ("key_value_metadata={'geo': ...}", {"key_value_metadata": geo_of()}),
        layout={},
        needs=("pyarrow", "shapely"),
    ),
    *_with(
        _sedonadb,
        "sedonadb",
        ("defaults", {}),
        *((f"geoparquet_version={name!r}", {"geoparquet_version": name}) for name in ("1.0", "2.0", "none")),
        ("geoparquet_version='1.1'", {"geoparquet_version": "1.1", "covered": True}),
        (
            "geoparquet_version='1.1', overwrite_bbox_columns=True",
            {"geoparquet_version": "1.1", "overwrite_bbox_columns": True},
        ),
        ("compression='snappy'", {"compression": "snappy"}),
        needs=("pyarrow", "shapely"),
    ),
    *_with(
        _geoparquet_io,
        "geoparquet-io",
        ("convert geoparquet", {"options": []}),
        ("convert geoparquet --skip-hilbert", {"options": ["--skip-hilbert"]}),
        *(
            (f"convert geoparquet --geoparquet-version {name}", {"options": ["--geoparquet-version", name]})
            for name in ("1.0", "1.1", "1.1-geoarrow", "2.0", "parquet-geo-only")
        ),
        ("convert geoparquet --force-2d", {"options": ["--force-2d"]}),
        needs=("pyarrow", "shapely"),
    ),
)
"""All of them, tool by tool."""
