"""What waits for the documents of collections until a run has ended: a file for each, with a line for each item.

These files are what an interrupted run goes on from, so that memory holds neither links nor extents. A line is on disk
before its item is marked as completed. One that a kill cut off is of an item that wasn't, and is passed over.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from stac_ingest.core.atomic import write_all
from stac_ingest.outputs.catalog.extents import Numbers, Span
from stac_ingest.outputs.catalog.places import ROOT
from stac_ingest.outputs.directory import OutputFolder

FOLDER = ".links"
NEW = ".links.new"
DONE = ".links.done"
_SUFFIX = ".ndjson"
_OF_ROOT = f".root{_SUFFIX}"
"""No collection's: the name of its folder never begins with a dot."""
_MEMBERS = 4


class Linked(NamedTuple):
    """An item, as its collection's document needs to know it."""

    item_id: str
    name: str
    """Of its folder."""
    box: Numbers | None
    span: Span | None


class LinkFiles:
    """The files, in a folder of their own."""

    def __init__(self, folder: OutputFolder) -> None:
        self._folder = folder

    def append(self, name: str, collection: str, items: Iterable[Linked]) -> None:
        """Add lines for items of a collection, whose folder has that name.

        Raises:
            OSError: they can't be written.

        """
        # Begins on a new line: a kill may have cut the last one.
        lines = b"".join(b"\n" + orjson.dumps([collection, *one[:2], one.box, one.span]) for one in items)
        descriptor = self._folder.append(_file(name))
        try:
            write_all(descriptor, lines + b"\n")
        finally:
            os.close(descriptor)

    def names(self) -> list[str]:
        """List the folders that have such a file, sorted; `ROOT` for items without a collection."""
        found = [name for name in self._folder.names() if name.endswith(_SUFFIX)]
        return sorted(ROOT if name == _OF_ROOT else name.removesuffix(_SUFFIX) for name in found)

    def read(self, name: str) -> Iterator[tuple[str, Linked]]:
        """Yield the collection's id and the items of a file, in the order in which they were written.

        Raises:
            OSError: it can't be read.

        """
        with os.fdopen(self._folder.reopen(_file(name)), "rb") as stream:
            for line in stream:
                try:
                    found: Any = orjson.loads(line)
                except ValueError:
                    continue
                if isinstance(found, list) and len(found) == _MEMBERS + 1:
                    collection, item_id, item_name, box, span = found
                    yield collection, Linked(item_id, item_name, box, None if span is None else (span[0], span[1]))


def _file(name: str) -> str:
    return _OF_ROOT if name == ROOT else f"{name}{_SUFFIX}"
