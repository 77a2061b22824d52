"""Checkpoint records as Arrow tables and Parquet files. Imported when there is something to read or write."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import compress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
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

Row = tuple[str, str, str | None, bool, float, str | None]
"""Item id, collection id, output path, completed, Unix time in seconds, error."""


def from_rows(rows: Iterable[Row]) -> pa.Table:
    """Make a table. Lone surrogates, which JSON allows and UTF-8 does not, are written as escapes."""
    encoded = [
        (encodable(item_id), encodable(name), _encodable(path), completed, round(seconds * 1e6), _encodable(error))
        for item_id, name, path, completed, seconds, error in rows
    ]
    columns = zip(*encoded, strict=True) if encoded else [()] * len(SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def latest_only(tables: Sequence[pa.Table]) -> pa.Table:
    """Join tables, oldest first, and keep the last record of each item."""
    table = pa.concat_tables(tables)
    keys = list(zip(table["collection_id"].to_pylist(), table["item_id"].to_pylist(), strict=True))
    last = {key: row for row, key in enumerate(keys)}
    return table if len(last) == len(keys) else table.take(pa.array(sorted(last.values())))


def by_collection(table: pa.Table) -> dict[str, pa.Table]:
    """Give the records of each collection, in their order."""
    collections = table["collection_id"]
    names: list[Any] = collections.unique().to_pylist()
    if len(names) == 1:
        return {names[0]: table}
    return {name: table.filter(pc.equal(collections, name)) for name in names}


def split_ids(table: pa.Table) -> dict[str, tuple[list[str], list[str]]]:
    """Give, by collection, the ids that are completed and those that are not."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for collection, rows in by_collection(table).items():
        ids: list[Any] = rows["item_id"].to_pylist()
        done = rows["completed"].to_pylist()
        failed = [] if all(done) else [item_id for item_id, is_done in zip(ids, done, strict=True) if not is_done]
        found[collection] = (list(compress(ids, done)), failed)
    return found


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
