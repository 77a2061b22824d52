"""The checkpoints of a run over any number of collections: in the end there is one for each."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from stac_ingest.checkpoints.manager import CheckpointManager
from stac_ingest.checkpoints.parts import PartStore
from stac_ingest.core.atomic import write_text
from stac_ingest.core.file_names import safe_name
from stac_ingest.core.text import encodable
from stac_ingest.errors import DataProcessingError

if TYPE_CHECKING:
    import pyarrow as pa


class CollectionCheckpoints(CheckpointManager):
    """Keeps the records of a run over any number of collections.

    While a run goes on, all its records are in the one checkpoint of `collection_id`: a flush is one file, however many
    collections its items are of. `distribute` moves those of other collections to checkpoints of their own, at
    `{root}/{workflow_id}/{collection}.parquet`. A later run opens one of these when the first item of its collection
    comes; a list beside the records says which there are, and how many items each has.
    """

    def __init__(
        self,
        workflow_id: str,
        collection_id: str,
        checkpoint_root: str | os.PathLike[str],
        *,
        resume_from_existing: bool = True,
        logger: logging.Logger | None = None,
    ) -> None:
        """Open or begin the checkpoints; see `CheckpointManager`.

        Raises:
            ConfigurationError: the path can't be used.

        """
        self._unopened: dict[str, int] = {}
        self._waiting: dict[str, set[str]] = {}
        self._lost: list[Path] = []
        self._logger = logger or logging.getLogger(__name__)
        super().__init__(
            workflow_id, collection_id, checkpoint_root, resume_from_existing=resume_from_existing, logger=self._logger
        )
        self._list = self._path.with_suffix(".collections.json")
        if not resume_from_existing:
            self._list.unlink(missing_ok=True)
        listed = _read(self._list)
        self._unopened = listed.get("items", {})
        self._lost = [self._list] if listed.get("lost") else []
        # What came to a collection after its records were moved is added to these once they are read.
        self._waiting = {name: self._completed.pop(name) for name in self._unopened if name in self._completed}

    @property
    def completed_count(self) -> int:
        """How many items are completed."""
        waiting = sum(map(len, self._waiting.values()))
        return super().completed_count + waiting + sum(self._unopened.values())

    @property
    def set_aside(self) -> list[Path]:
        """Parts that could not be read and were renamed; not empty also where those of a collection were lost."""
        return super().set_aside + self._lost

    def distribute(self) -> None:
        """Move the records of other collections to checkpoints of their own.

        Killed at any moment, it leaves each record in at least one place.

        Raises:
            DataProcessingError: they can't be written.

        """
        with self._lock:
            self.flush()
            counts = {name: len(completed) for name, completed in self._of_others().items() if completed}
            counts |= {name: self._unopened[name] + len(completed) for name, completed in self._waiting.items()}
            if not counts:
                return
            with self._writing() as tables:
                known = _read(self._list).get("items", {})
                records = tables.latest_only(list(self._store.tables(tables.SCHEMA.names)))
                by_collection = tables.by_collection(records)
                own = by_collection.pop(encodable(self.collection_id), records.slice(0, 0))
                for name, rows in by_collection.items():
                    self._move(name, rows, known=name in known)
                self._write_list(known | counts)
                self._store.replace(own)

    def replace(self, written: Any) -> None:
        """Put records of written items in the place of all that there are; see `CheckpointManager`."""
        self._unopened, self._waiting, self._lost = {}, {}, []
        super().replace(written)
        self._list.unlink(missing_ok=True)

    def _begin(self, collection: str | None) -> set[str]:
        completed = super()._begin(collection)
        if collection is not None and collection in self._unopened:
            expected = self._unopened.pop(collection)
            moved = CheckpointManager(self.workflow_id, collection, self._path.parent.parent, logger=self._logger)
            if moved.set_aside or moved.completed_count < expected:
                self._lose(moved.get_checkpoint_path(), expected, moved.completed_count)
            completed |= moved.completed_ids()
            completed |= self._waiting.pop(collection, set())
        return completed

    def _lose(self, path: Path, expected: int, found: int) -> None:
        """Have the next run ask the output: to go on would write again what it holds.

        Raises:
            DataProcessingError: always.

        """
        self._write_list(_read(self._list).get("items", {}), lost=True)
        raise DataProcessingError(
            f"the checkpoint {path} is damaged: {found} of {expected} records can be read; "
            "resume the run once more, then the output is asked for its items"
        )

    def _move(self, name: str, rows: pa.Table, *, known: bool) -> None:
        path = self._path.with_name(f"{safe_name(name)}.parquet")
        if not known:
            CheckpointManager(self.workflow_id, name, path.parent.parent, resume_from_existing=False)
        PartStore(path, self._logger).append(rows)

    def _write_list(self, counts: dict[str, int], *, lost: bool = False) -> None:
        write_text(self._list, orjson.dumps({"items": counts} | ({"lost": True} if lost else {})).decode() + "\n")


def _read(path: Path) -> dict[str, Any]:
    """Read the list; what is no list says nothing."""
    try:
        listed = orjson.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    items = listed.get("items") if isinstance(listed, dict) else None
    return listed if isinstance(items, dict) and all(isinstance(count, int) for count in items.values()) else {}
