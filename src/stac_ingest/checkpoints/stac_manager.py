"""Checkpoints that are one Parquet file, as stac-manager writes them. Imported when there is one."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from stac_ingest.checkpoints import tables
from stac_ingest.checkpoints.parts import PartStore


def adopt(path: Path, kept: Path, ready: Path, collection_id: str, logger: logging.Logger) -> None:
    """Turn the file at `path` into a folder of parts, made ready at `ready`; the file is kept as `kept`.

    Can be interrupted at any moment: another call resumes.
    """
    if path.is_file():
        table = _read(path, collection_id, logger)
        for half_made in ready.glob("*"):
            half_made.unlink()
        if table is not None and table.num_rows:
            PartStore(ready, logger).append(table)
        path.replace(kept)
    if ready.is_dir() and not path.exists():
        ready.replace(path)


def _read(path: Path, collection_id: str, logger: logging.Logger) -> pa.Table | None:
    try:
        return tables.latest_only([_as_ours(tables.read(path), collection_id)])
    except (*tables.UNREADABLE, KeyError) as error:
        logger.warning(
            "checkpoint %s can't be read and was set aside; its items will be ingested again (%s)", path, error
        )
        return None


def _as_ours(table: pa.Table, collection_id: str) -> pa.Table:
    """Bring a foreign table to our columns and types; only `item_id` must be there."""
    table = table.filter(table["item_id"].is_valid())
    if "collection_id" in table.column_names:
        at = table.column_names.index("collection_id")
        table = table.set_column(at, "collection_id", table["collection_id"].cast(pa.string()).fill_null(collection_id))
    defaults = {"collection_id": collection_id, "completed": True}
    columns = [
        _as_type(table[field.name], field.type)
        if field.name in table.column_names
        else pa.array([defaults.get(field.name)] * len(table), field.type)
        for field in tables.SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=tables.SCHEMA)


def _as_type(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | pa.Array:
    if pa.types.is_boolean(kind):
        # NaN, which differs from itself, is a missing value as well.
        return pa.array([bool(value) and value == value for value in column.to_pylist()], kind)  # noqa: PLR0124
    if pa.types.is_timestamp(kind) and not pa.types.is_temporal(column.type):
        return pa.array(map(_as_time, column.to_pylist()), kind)
    return column.cast(kind, safe=False)


def _as_time(value: object) -> datetime | None:
    """Read ISO 8601 text, in UTC where it names no zone, or Unix seconds; None for what is none of these."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else None
    except (ValueError, OverflowError, OSError):
        return None
