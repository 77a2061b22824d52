"""Records of releases before the journal: a Parquet checkpoint for each collection, and a list of them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from stac_ingest.checkpoints.manager import CheckpointManager


class EarlierRecords(NamedTuple):
    """The items of such checkpoints."""

    completed: dict[str, set[str]]
    """Ids by collection."""
    damaged: list[Path]
    """What could not be read: then these are not all."""
    by_id_alone: bool
    """Whether they are older still: each id counts for whatever collection."""


def is_there(path: Path) -> bool:
    """Tell whether there is a checkpoint at a path, or the half-made copy of one."""
    return path.exists() or path.with_name(f".{path.name}.adopting").exists()


def earlier_records(workflow_id: str, collection_id: str, root: Path, logger: logging.Logger) -> EarlierRecords:
    """Read the checkpoint of a collection, and those of others that the same runs have written.

    Args:
        workflow_id: first part of its path.
        collection_id: second part of its path.
        root: folder of all checkpoints.
        logger: takes the warnings about parts that can't be read.

    Raises:
        ConfigurationError: one can't be used.

    """
    own = CheckpointManager(workflow_id, collection_id, root, logger=logger)
    # One that a killed run has set aside is still missing.
    damaged = sorted(own.get_checkpoint_path().glob("_*.corrupt"))
    completed = own.completed_by_collection()
    listed = _read(own.get_checkpoint_path().with_suffix(".collections.json"))
    for name, expected in listed.get("items", {}).items():
        other = CheckpointManager(workflow_id, name, root, logger=logger)
        if other.set_aside or other.completed_count < expected:
            damaged.append(other.get_checkpoint_path())
        completed.setdefault(name, set()).update(other.completed_ids())
    if listed.get("lost"):
        damaged.append(own.get_checkpoint_path())
    return EarlierRecords(completed, damaged, own.earlier_layout)


def _read(path: Path) -> dict[str, Any]:
    """Read the list; what is no list says nothing."""
    try:
        listed = orjson.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    items = listed.get("items") if isinstance(listed, dict) else None
    return listed if isinstance(items, dict) and all(isinstance(count, int) for count in items.values()) else {}
