"""What the metadata of a Parquet file say about its columns: GeoParquet's, and those that a data frame left."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")
_ARROW_SCHEMA = b"ARROW:schema"
_STAC_KEYS = (b"stac-geoparquet", b"stac:geoparquet_version")
"""Keys by which writers say that a file holds STAC items, the second in files of before 1.1."""
_WGS84 = {("OGC", "CRS84"), ("EPSG", "4326"), ("EPSG", "4979"), ("OGC", "CRS84H")}


def schema_of_file(file: pq.ParquetFile) -> pa.Schema:
    """Give the schema of a file, with all metadata of the file: Arrow leaves out what a writer added to its own."""
    schema = file.schema_arrow
    of_file = {key: text for key, text in (file.metadata.metadata or {}).items() if key != _ARROW_SCHEMA}
    return schema.with_metadata({**of_file, **(schema.metadata or {})})


def geo_metadata(schema: pa.Schema) -> dict[str, Any]:
    """Give the `geo` metadata of GeoParquet; nothing where there are none that can be read."""
    return metadata_of(schema, "geo") or {}


def described_columns(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """Give what the `geo` metadata say of each geometry column, by its name."""
    columns = geo_metadata(schema).get("columns")
    if not isinstance(columns, dict):
        return {}
    return {name: about if isinstance(about, dict) else {} for name, about in columns.items()}


def says_stac(schema: pa.Schema) -> bool:
    """Tell whether the writer said that the file holds STAC items."""
    return any(key in (schema.metadata or {}) for key in _STAC_KEYS)


def collections_of(schema: pa.Schema) -> dict[str, Any]:
    """Give the documents of collections that a file holds, by id, as they are; empty where it holds none."""
    about = metadata_of(schema, "stac-geoparquet") or {}
    found = about.get("collections")
    if isinstance(found, dict):
        return found
    # Version 1.0 has room for one.
    one = about.get("collection")
    return {str(one["id"]): one} if isinstance(one, dict) and "id" in one else {}


def index_columns(schema: pa.Schema) -> frozenset[str]:
    """Give the columns that hold the index of a data frame: pandas names them, but for a range, in the file."""
    found = {name for name in schema.names if _UNNAMED_INDEX.fullmatch(name)}
    named = (metadata_of(schema, "pandas") or {}).get("index_columns")
    if isinstance(named, list):
        # A range is an object, and has no column.
        found |= {name for name in named if isinstance(name, str) and name in schema.names}
    return frozenset(found)


def is_unnamed_index(name: str) -> bool:
    """Tell whether a column has the name that pandas gives to an index without one."""
    return _UNNAMED_INDEX.fullmatch(name) is not None


def reference_system(about: dict[str, Any]) -> str | None:
    """Give the name of a geometry column's coordinate reference system; None for WGS 84, and where none is said."""
    crs = about.get("crs")
    if not crs:
        return None
    if isinstance(crs, str):
        text = crs.upper().replace('"', "")
        # In Well-Known Text, what a projected system is based on has an identifier too.
        wanted = [f"{who},{code}]" if text.startswith("GEO") else f"{who}:{code}" for who, code in _WGS84]
        return None if any(one in text for one in wanted) else crs[:60]
    if not isinstance(crs, dict):
        return None
    known = crs.get("id")
    if isinstance(known, dict) and (known.get("authority"), str(known.get("code"))) in _WGS84:
        return None
    return str(crs.get("name", "without a name"))[:60]


def marked_geometries(schema: pq.ParquetSchema, names: Collection[str]) -> frozenset[str]:
    """Give the columns that Parquet itself, since its version 2.11, says are geometries.

    Args:
        schema: of the file.
        names: of the columns; those inside of others are looked over.

    """
    found = set()
    for number in range(len(schema)):
        column = schema.column(number)
        if column.path in names and column.logical_type.type in {"GEOMETRY", "GEOGRAPHY"}:
            found.add(column.path)
    return frozenset(found)


def metadata_of(schema: pa.Schema, key: str) -> dict[str, Any] | None:
    """Give the object of JSON under a key of the file's metadata; None where there is none that can be read."""
    try:
        metadata = json.loads((schema.metadata or {}).get(key.encode(), b""))
    except (ValueError, RecursionError):
        return None
    return metadata if isinstance(metadata, dict) else None
