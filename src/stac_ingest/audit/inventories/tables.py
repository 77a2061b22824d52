"""Parquet files of ids, and the same of an S3 Inventory's keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stac_ingest.audit.inventories.base import Failed
from stac_ingest.core.id_set import Key
from stac_ingest.errors import ConfigurationError
from stac_ingest.geoparquet.stac_schema import layout_of, plain_schema

UNREADABLE = (OSError, ValueError, OverflowError, pa.ArrowException)
_ROWS = 10_000


class TableOfIds:
    """Parquet files with a column `id`, perhaps one `collection`, and no items."""

    label = "a table of ids"
    has_keys = False

    def __init__(self, paths: Sequence[Path], *, has_collections: bool) -> None:
        self._paths = paths
        self.has_collections = has_collections
        self.passed_over = 0

    def keys(self, failed: Failed) -> Iterator[Key]:
        """Yield each row's."""
        names = ["id", "collection"] if self.has_collections else ["id"]
        for path in self._paths:
            for number, row in enumerate(rows_of(path, names, failed)):
                collection, item_id = row.get("collection") or "", row["id"]
                if not isinstance(item_id, str) or not item_id or not isinstance(collection, str):
                    failed(f"{path.name}, row {number}", f"its id is {item_id!r:.40}, expected text")
                    continue
                yield (collection, item_id)


def table_of_ids(path: Path, first: Path) -> TableOfIds | None:
    """Return the table of ids that a file, or a folder whose first file is given, is; None for a table of items.

    Raises:
        ConfigurationError: its rows are neither items nor ids.

    """
    try:
        schema = plain_schema(pq.read_schema(first))
    except UNREADABLE:
        return None  # as a source it is named as what can't be read
    if layout_of(schema) is not None or "geometry" in schema.names:
        return None
    if "id" not in schema.names:
        raise ConfigurationError(
            f"--against: {first} has no column `id`, and is neither a table of items nor of ids; it has "
            f"{', '.join(schema.names)[:200]}"
        )
    paths = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    return TableOfIds(paths, has_collections="collection" in schema.names)


def rows_of(path: Path, names: Sequence[str], failed: Failed) -> Iterator[dict[str, Any]]:
    """Yield some columns of a file, a row as a dictionary; those that aren't there are left out."""
    try:
        with pq.ParquetFile(path) as file:
            there = [name for name in names if name in file.schema_arrow.names]
            if names[0] not in there:
                raise pa.ArrowInvalid(f"it has no column {names[0]}")
            for batch in file.iter_batches(_ROWS, columns=there):
                yield from batch.to_pylist()
    except UNREADABLE as error:
        failed(path.name, f"can't be read: {error}")
