"""Checkpoint records as Arrow tables and Parquet files. Imported when there is something to read or write."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import compress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stac_ingest.core.atomic import replacing, sync_to_disk
from stac_ingest.core.text import encodable

_TYPES: dict[str, pa.DataType] = {
    "item_id": pa.string(),
    "collection_id": pa.string(),
    "output_path": pa.string(),
    "completed": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "error": pa.string(),
}
SCHEMA = pa.schema(_TYPES)
UNREADABLE = (OSError, pa.ArrowException)
"""What reading a damaged file raises."""
_REPLACES = b"stac_ingest.replaces"

Row = tuple[str, str | None, bool, float, str | None]
"""Item id, output path, completed, Unix time in seconds, error."""


def from_rows(collection_id: str, rows: Iterable[Row]) -> pa.Table:
    """Make a table. Lone surrogates, which JSON allows and UTF-8 does not, are written as escapes."""
    collection = _encodable(collection_id)
    columns = zip(
        *(
            (_encodable(item_id), collection, _encodable(path), completed, round(seconds * 1e6), _encodable(error))
            for item_id, path, completed, seconds, error in rows
        ),
        strict=True,
    )
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def latest_only(tables: Sequence[pa.Table]) -> pa.Table:
    """Join tables, oldest first, and keep the last record of each item."""
    table = pa.concat_tables(tables)
    ids = table["item_id"].to_pylist()
    last = {item_id: row for row, item_id in enumerate(ids)}
    return table if len(last) == len(ids) else table.take(pa.array(sorted(last.values())))


def split_ids(table: pa.Table) -> tuple[list[str], list[str]]:
    """Give the ids that are completed and those that are not."""
    ids: list[Any] = table["item_id"].to_pylist()
    done = table["completed"].to_pylist()
    if all(done):
        return ids, []
    return list(compress(ids, done)), [item_id for item_id, is_done in zip(ids, done, strict=True) if not is_done]


def write(table: pa.Table, path: Path, replaces: Sequence[str] = ()) -> None:
    """Write a file, whole or not at all, and wait until it is on disk; it remembers the files that it replaces."""
    table = table.replace_schema_metadata({_REPLACES: json.dumps(list(replaces))} if replaces else None)
    # Readers of the folder ignore names that begin with `_`, and the store removes those that a killed process left.
    with replacing(path, sync="name", temporary=path.with_name(f"_{path.name}.tmp")) as stream:
        pq.write_table(table, stream, compression="zstd", write_page_checksum=True)


def remove(paths: Iterable[Path]) -> None:
    """Remove files of one folder, those that are there, and wait until they are gone for good."""
    folders = set()
    for path in paths:
        path.unlink(missing_ok=True)
        folders.add(path.parent)
    for folder in folders:
        sync_to_disk(folder)


def read(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a file, holding its pages against their checksums.

    Raises:
        OSError, pyarrow.ArrowException: it is damaged, or not there.

    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return file.read(columns=None if columns is None else list(columns))


def replaced_by(path: Path) -> list[str]:
    """Give the names of the files that this one replaces; none where it can't be read."""
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except UNREADABLE:
        return []
    names: list[str] = json.loads(metadata.get(_REPLACES, b"[]"))
    return names


def _encodable(text: str | None) -> str | None:
    return None if text is None else encodable(text)
