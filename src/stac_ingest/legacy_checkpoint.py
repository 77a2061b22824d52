"""Checkpoints that are one Parquet file, as stac-manager writes them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from stac_ingest.checkpoint_parts import COLUMNS, PartStore, latest_only, schema


def adopt_single_file(path: Path, collection_id: str, logger: logging.Logger) -> None:
    """Turn a single-file checkpoint at `path` into a folder of parts; the file is kept as `.<name>.single-file`.

    Can be interrupted at any moment: the next call goes on.
    """
    kept = path.with_name(f".{path.name}.single-file")
    ready = path.with_name(f".{path.name}.adopting")
    if path.is_file():
        table = _read(path, collection_id, logger)
        if table is not None:
            _empty(ready)
            PartStore(ready, logger).append(table)
        path.replace(kept)
    if ready.is_dir() and not path.exists():
        ready.replace(path)


def _empty(folder: Path) -> None:
    if folder.is_dir():
        for file in folder.iterdir():
            file.unlink()


def _read(path: Path, collection_id: str, logger: logging.Logger) -> Any | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        return latest_only(_as_ours(table, collection_id))
    except (OSError, KeyError, pa.ArrowException) as error:
        logger.warning(
            "checkpoint %s can't be read and was set aside; its items will be ingested again (%s)", path, error
        )
        return None


def _as_ours(table: Any, collection_id: str) -> Any:
    """Bring a foreign table to our columns and types; only `item_id` must be there."""
    import pandas as pd
    import pyarrow as pa

    frame = table.to_pandas()
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
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], utc=True, errors="coerce", format="ISO8601")
    frame["completed"] = frame["completed"].fillna(False).astype(bool)
    return pa.Table.from_pandas(frame[list(COLUMNS)], schema=schema(), preserve_index=False, safe=False)
