"""A file per item."""

from __future__ import annotations

import os
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import orjson

from stac_ingest.core.file_names import NameRegister
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.model import Item
from stac_ingest.outputs.base import BatchedOutput, encode_json, parsed

_PART = ".item.part"
_SUFFIX = ".json"


class ItemFilesOutput(BatchedOutput[tuple[Key, bytes]]):
    """Writes `<id>.json` for each item; an id that is no safe file name is encoded (see `safe_name`).

    Of items that share an id, that of the collection that sorts first has this name, and the others' begin with their
    collection (see `qualified_name`). A file appears when it is whole. Writing an item again replaces its file, so an
    interrupted run needs no repair. Waiting for the disk means waiting for all that the file system has to write, and
    is done only for checkpoints.
    """

    def __init__(self, folder: str | PathLike[str], *, batch_items: int = 1000, batch_bytes: int = 4 << 20) -> None:
        """Make the output. Nothing is opened before `start`.

        Args:
            folder: where the files are; made where it isn't there.
            batch_items: items that are written at once.
            batch_bytes: bytes of JSON after which a batch is written, however few its items.

        """
        super().__init__(folder, batch_items=batch_items, batch_bytes=batch_bytes)
        self._register = NameRegister()
        self._items = 0
        self._bytes = 0

    def _open(self, *, resume: bool) -> None:
        self.folder.remove(_PART)
        names = [name.removesuffix(_SUFFIX) for name in self.folder.names() if name.endswith(_SUFFIX)]
        # What an earlier run has left is replaced, unless this one goes on with it.
        self._register = NameRegister(names, self._collection_of) if resume else NameRegister(names)
        if resume and self._known.earlier_layout:
            there = ((self._key_of(name), str(self.folder.path / f"{name}{_SUFFIX}")) for name in names)
            self._known.replace((key, path) for key, path in there if key is not None)
        self._items = self._known.completed_count if resume else 0

    def _encode(self, item: Item) -> tuple[tuple[Key, bytes], int]:
        data = encode_json(item, changes=self._changes)
        return (key_of(item), data), len(data)

    def _write(self, batch: list[tuple[Key, bytes]]) -> None:
        written = []
        folder = f"{self.folder.path}{os.sep}"  # joined as text: a Path for each file would cost as much as its name
        for key, data in batch:
            name, moved = self._register.claim(*key)
            name += _SUFFIX
            if moved is not None:
                self.folder.rename(name, moved[1] + _SUFFIX)
                written.append((moved[0], folder + moved[1] + _SUFFIX))
            self.folder.write(name, data, _PART)
            self._bytes += len(data)
            written.append((key, folder + name))
        self._items += len(batch)
        if self._checkpoints is not None:
            self.folder.sync_everything()
            self._mark(written)

    def _key_of(self, name: str) -> Key | None:
        """Return which item a file holds; None where it is no item's."""
        try:
            item = orjson.loads(self.folder.read(name + _SUFFIX))
        except (OSError, ValueError):
            return None
        return key_of(item) if isinstance(item, dict) and isinstance(item.get("id"), str) else None

    def _collection_of(self, name: str) -> str | None:
        key = self._key_of(name)
        return None if key is None else key[0]

    def _finish(self) -> dict[str, Any]:
        return {"items": self._items, "bytes": self._bytes, "paths": [str(self.folder.path)]}

    def _release(self) -> None:
        """Nothing stays open between batches."""


def read_file(path: Path) -> Iterator[Item]:
    """Yield the item of a file.

    Raises:
        DataProcessingError: it is no JSON.

    """
    yield parsed(path.read_bytes(), path)
