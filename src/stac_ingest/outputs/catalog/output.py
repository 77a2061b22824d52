"""Writes a static catalog in the layout of pystac."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from os import PathLike
from typing import Any, NamedTuple

import orjson

from stac_ingest.core.atomic import write_all
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.listing import NameSorter, kept
from stac_ingest.core.model import Item
from stac_ingest.core.text import counted
from stac_ingest.errors import ConfigurationError
from stac_ingest.outputs.base import BatchedOutput, encode_json
from stac_ingest.outputs.catalog.documents import CATALOG, COLLECTION, catalog_lines, collection_lines, placed
from stac_ingest.outputs.catalog.extents import Extent, Numbers, Span, extent_of
from stac_ingest.outputs.catalog.link_files import DONE, FOLDER, NEW, Linked, LinkFiles
from stac_ingest.outputs.catalog.places import ROOT, Places
from stac_ingest.outputs.catalog.reader import read_catalog
from stac_ingest.outputs.directory import OutputFolder

_PART = ".part"
_SUFFIX = ".json"
_PIECES = 1000
"""Links that are written at once."""


class _Entry(NamedTuple):
    key: Key
    data: bytes
    box: Numbers | None
    span: Span | None


class CatalogOutput(BatchedOutput[_Entry]):
    """Writes `catalog.json`, `<collection>/collection.json` and `<collection>/<item>/<item>.json`.

    Items without a collection are in folders beside the collections. An identifier that is no safe file name, or whose
    name is taken, has a hash in the name of its file, and stays as it is in the document. Documents of collections, and
    that of the whole, are written at the end, from a file of links that grows batch by batch; until then, or with a run
    that is stopped, there is no `catalog.json`, or the one of an earlier run.
    """

    def __init__(self, folder: str | PathLike[str], *, batch_items: int = 1000, batch_bytes: int = 4 << 20) -> None:
        """Make the output. Nothing is opened before `start`.

        Args:
            folder: where `catalog.json` and the folders of collections are; made where it isn't there.
            batch_items: items that are written at once.
            batch_bytes: bytes of JSON after which a batch is written, however few its items.

        """
        super().__init__(folder, batch_items=batch_items, batch_bytes=batch_bytes)
        self._places = Places()
        self._links: OutputFolder | None = None
        self._bytes = 0
        self._replaced = 0

    @property
    def _link_files(self) -> LinkFiles:
        assert self._links is not None, "the output is open"
        return LinkFiles(self._links)

    def _open(self, *, resume: bool) -> None:
        self._places = Places()
        self._bytes = self._replaced = 0
        self.folder.remove(_PART)
        self.folder.remove_folder(DONE)
        has_links = FOLDER in self.folder.names()
        if not resume:
            self.folder.remove_folder(FOLDER)
            self._links = self.folder.subfolder(FOLDER)
            return
        if not has_links:
            self._read_links_from_items()
        self._links = self.folder.subfolder(FOLDER)
        if self._records_lost:
            self._known.replace(self._take_up())
            return
        there = sum(1 for _ in self._take_up())
        if there < self._known.completed_count:
            raise ConfigurationError(
                f"the checkpoint has {counted(self._known.completed_count, 'item')} in {self.folder.path}, and "
                f"the folder {there:,}; start again without --resume"
            )

    def _read_links_from_items(self) -> None:
        """Write the links of a catalog that was complete, and is to grow, from its items."""
        self.folder.remove_folder(NEW)
        links = self.folder.subfolder(NEW)
        for path, item in read_catalog(self.folder.path / CATALOG) if CATALOG in self.folder.names() else ():
            collection = key_of(item)[0]
            folder = path.parent.parent.name if collection else ROOT
            linked = Linked(item["id"], path.stem, *extent_of(item))
            LinkFiles(links).append(folder, collection, [linked])
        links.close()
        self.folder.rename(NEW, FOLDER)

    def _take_up(self) -> Iterator[tuple[Key, str]]:
        """Learn from the links which names are taken.

        Yields:
            The key of each item that is there, and its path.

        """
        for folder in self._link_files.names():
            for collection, linked in self._link_files.read(folder):
                if folder != ROOT and collection not in self._places.collections:
                    self._places.resume(ROOT, folder, collection)
                self._places.resume(folder, linked.name)
                yield (collection, linked.item_id), self._path(folder, linked.name)

    def _encode(self, item: Item) -> tuple[_Entry, int]:
        key = key_of(item)
        changed, replaced = placed(item, in_collection=key[0] != "")
        data = encode_json(changed, changes=self._changes)
        self._replaced += replaced
        return _Entry(key, data, *extent_of(item)), len(data)

    def _write(self, batch: list[_Entry]) -> None:
        of_folder: defaultdict[tuple[str, str], list[_Entry]] = defaultdict(list)
        for entry in batch:
            collection = entry.key[0]
            of_folder[self._places.collection(collection) if collection else ROOT, collection].append(entry)
        written: list[tuple[Key, str]] = []
        for (name, collection), entries in of_folder.items():
            folder = self.folder if name == ROOT else self.folder.subfolder(name)
            try:
                linked = [self._write_item(folder, name, entry) for entry in entries]
            finally:
                if folder is not self.folder:
                    folder.close()
            self._link_files.append(name, collection, linked)
            written += [(entry.key, self._path(name, one.name)) for entry, one in zip(entries, linked, strict=True)]
        if self._checkpoints is not None:
            self.folder.sync_everything()
            self._mark(written)

    def _write_item(self, folder: OutputFolder, folder_name: str, entry: _Entry) -> Linked:
        name = self._places.item(folder_name, entry.key[1], lambda name: _has(folder, name, entry.key))
        place = folder.subfolder(name)
        try:
            place.write(f"{name}{_SUFFIX}", entry.data, _PART)
        finally:
            place.close()
        self._bytes += len(entry.data)
        return Linked(entry.key[1], name, entry.box, entry.span)

    def _path(self, folder: str, name: str) -> str:
        # Joined as text: a Path for each file would cost as much as its name.
        return f"{self.folder.path}/{folder}{'/' if folder else ''}{name}/{name}{_SUFFIX}"

    def _finish(self) -> dict[str, Any]:
        names = self._link_files.names()
        counts = {name: self._write_collection(name) for name in names if name != ROOT}
        # A kill may have left a file without a whole line.
        collections = [name for name, count in counts.items() if count]
        lone = self._lone() if ROOT in names else ()
        self._write_document(self.folder, CATALOG, catalog_lines(collections, lone))
        if self._checkpoints is not None:
            self.folder.sync_everything()
        # Under its other name it is no more what a run goes on from.
        self.folder.rename(FOLDER, DONE)
        self.folder.remove_folder(DONE)
        return {
            "items": sum(counts.values()) + len(lone),
            "bytes": self._bytes,
            "paths": [str(self.folder.path / CATALOG)],
            "collections": len(collections),
            "items_with_links_replaced": self._replaced,
        }

    def _lone(self) -> Sequence[str]:
        """Return the names of the folders of items without a collection."""
        sorter = NameSorter()
        for _, linked in self._link_files.read(ROOT):
            sorter.add([linked.name])
        return _unlike(sorter)

    def _write_collection(self, folder_name: str) -> int:
        """Return of how many items the document of a collection is, after writing it."""
        extent, sorter, collection = Extent(), NameSorter(), ""
        for its_collection, linked in self._link_files.read(folder_name):
            collection = its_collection
            extent.add(linked.box, linked.span)
            sorter.add([linked.name])
        names = _unlike(sorter)
        if not names:
            return 0
        folder = self.folder.subfolder(folder_name)
        try:
            self._write_document(folder, COLLECTION, collection_lines(collection, extent, names))
        finally:
            folder.close()
        return len(names)

    @staticmethod
    def _write_document(folder: OutputFolder, name: str, pieces: Iterable[bytes]) -> None:
        descriptor = folder.create(_PART)
        try:
            gathered: list[bytes] = []
            for piece in pieces:
                gathered.append(piece)
                if len(gathered) >= _PIECES:
                    write_all(descriptor, b"".join(gathered))
                    gathered = []
            write_all(descriptor, b"".join(gathered))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        folder.rename(_PART, name)

    def _release(self) -> None:
        if self._links is not None:
            self._links.close()
            self._links = None


def _unlike(sorter: NameSorter) -> Sequence[str]:
    """Return each name once, sorted: an item that was written again, after a kill, has two lines."""
    return kept(name for name, _ in groupby(sorter.result()))


def _has(folder: OutputFolder, name: str, key: Key) -> bool:
    """Return whether the file of a name holds this very item."""
    try:
        place = folder.subfolder(name, make=False)
    except OSError:
        return False
    try:
        item = orjson.loads(place.read(f"{name}{_SUFFIX}"))
        return isinstance(item, dict) and isinstance(item.get("id"), str) and key_of(item) == key
    except (OSError, ValueError):
        return False
    finally:
        place.close()
