"""A file per item."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

from stac_ingest.core.file_names import NameRegister
from stac_ingest.core.model import Item
from stac_ingest.outputs.base import BatchedOutput, encode_json, parsed

_PART = ".item.part"
_SUFFIX = ".json"


class ItemFilesOutput(BatchedOutput[tuple[str, str, bytes]]):
    """Writes `<id>.json` for each item; an id that is no safe file name is encoded (see `safe_names`).

    A file appears when it is whole. Writing an item again replaces its file, so an interrupted run needs no repair.
    Waiting for the disk means waiting for all that the file system has to write, and is done only for checkpoints.
    """

    def __init__(self, folder: str | PathLike[str], *, batch_items: int = 1000, batch_bytes: int = 4 << 20) -> None:
        super().__init__(folder, batch_items=batch_items, batch_bytes=batch_bytes)
        self._register = NameRegister()
        self._items = 0
        self._bytes = 0

    def _open(self, *, resume: bool) -> None:
        self.folder.remove(_PART)
        names = self.folder.names()
        self._register = NameRegister(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
        self._items = self._known.completed_count if resume else 0

    def _encode(self, item: Item) -> tuple[tuple[str, str, bytes], int]:
        data = encode_json(item, changes=self._changes)
        item_id = item["id"]
        return (item_id, self._register.name(item_id) + _SUFFIX, data), len(data)

    def _write(self, batch: list[tuple[str, str, bytes]]) -> None:
        for _, name, data in batch:
            self.folder.write(name, data, _PART)
            self._bytes += len(data)
        self._items += len(batch)
        if self._checkpoints is not None:
            self.folder.sync_everything()
            self._mark((item_id, str(self.folder.path / name)) for item_id, name, _ in batch)

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
