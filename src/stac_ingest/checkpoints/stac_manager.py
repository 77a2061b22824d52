"""Checkpoints that are one Parquet file, as stac-manager writes them. Imported when there is one."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from stac_ingest.checkpoints import tables
from stac_ingest.checkpoints.parts import PartStore


def adopt(path: Path, kept: Path, ready: Path, collection_id: str, logger: logging.Logger) -> None:
    """Turn the file at `path` into a folder of parts, made ready at `ready`; the file is kept as `kept`.

    Can be interrupted at any moment: another call goes on.
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
    frame = table.to_pandas().dropna(subset=["item_id"])
    frame["item_id"] = frame["item_id"].astype(str)
    defaults = {
        "collection_id": collection_id,
        "output_path": None,
        "completed": True,
        "timestamp": None,
        "error": None,
    }
    for name, value in defaults.items():
        if name not in frame:
            frame[name] = value
    frame["timestamp"] = _as_times(frame["timestamp"])
    frame["completed"] = frame["completed"].fillna(value=False).astype(bool)
    schema = tables.SCHEMA
    return pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False, safe=False)


def _as_times(column: Any) -> Any:
    """Read ISO 8601 text, times or Unix seconds; what is none of these is left out."""
    if pd.api.types.is_numeric_dtype(column):
        return pd.to_datetime(column, utc=True, errors="coerce", unit="s")
    return pd.to_datetime(column, utc=True, errors="coerce", format="ISO8601")
