"""The items in memory: their bytes as they are served, and columns of what searches filter by.

Items are never serialised again. A page is copied together from the corpus' own bytes, so that a server on one core
outruns any client that parses what it gets.
"""

import mmap
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson

from ingest_bench.errors import MeasurementError
from ingest_bench.simulator.item_fields import Fields, with_fields
from ingest_bench.simulator.timestamps import parse_instant
from stac_ingest.core.text import counted

_COLUMNS = 16
"""Properties whose values are kept for the next query."""
_FLAT, _SOLID = 4, 6
"""Numbers in a bounding box without and with elevation."""


class Store:
    """The collection and its items, newest first; an item's index is its position in that order."""

    def __init__(
        self, folder: Path, data: bytes | mmap.mmap, collection: dict[str, Any], links: str | None = None
    ) -> None:
        """Index the items; `data` holds one a line, in any order. `links` are as of `open_store`."""
        self.links = links
        self.collection = collection
        self.collection_id: str = collection["id"]
        entries = list(_entries(folder, data, self.collection_id))
        entries.sort(key=lambda entry: entry[:2], reverse=True)
        self._view = memoryview(data)
        self._spans = [entry.span for entry in entries]
        self._indices = {entry.id: index for index, entry in enumerate(entries)}
        if len(self._indices) != len(entries):
            raise MeasurementError(f"{folder}/items.ndjson holds an item id twice")
        self.starts, self.ends = np.array([entry.times for entry in entries], dtype=np.int64).reshape(-1, 2).T.copy()
        self.boxes = np.array([entry.box for entry in entries], dtype=np.float64).reshape(-1, _SOLID).T.copy()
        """West, south, bottom, east, north, top; not a number where an item has no bounding box."""
        self.column = lru_cache(_COLUMNS)(self._column)

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self._spans)

    def index(self, item_id: str) -> int | None:
        """Return the index of an item, by its id; None if there is no such item."""
        return self._indices.get(item_id)

    def line(self, index: int) -> memoryview:
        """Return an item as JSON."""
        start, end = self._spans[index]
        return self._view[start:end]

    def lines(self, indices: Iterable[int], fields: Fields | None = None) -> Iterator[bytes | memoryview]:
        """Yield items as JSON, or what is asked for of each."""
        lines = map(self.line, indices)
        return lines if fields is None else (with_fields(line, fields) for line in lines)

    def item(self, index: int) -> dict[str, Any]:
        """Return an item, parsed: only searches by geometry or by property need it."""
        parsed: dict[str, Any] = orjson.loads(self.line(index))
        return parsed

    def _column(self, name: str) -> list[Any]:
        return [self.item(index)["properties"].get(name) for index in range(len(self))]


def open_store(folder: Path, links: str | None = None) -> Store:
    """Return the store of a folder with `collection.json` and `items.ndjson`.

    Args:
        folder: the corpus.
        links: a URL that replaces the API of the corpus in the links of items; None keeps them.

    Raises:
        MeasurementError: a file is missing or can't be served.

    """
    try:
        collection = orjson.loads((folder / "collection.json").read_bytes())
        data = _map(folder / "items.ndjson")
    except FileNotFoundError as error:
        raise MeasurementError(
            f"{folder} can't be served: {error.filename} is not there; give a folder with collection.json and "
            "items.ndjson (an item of that collection a line)"
        ) from error
    except (OSError, orjson.JSONDecodeError) as error:
        raise MeasurementError(f"{folder} can't be served: {error}") from error
    if not isinstance(collection, dict) or not isinstance(collection.get("id"), str):
        raise MeasurementError(f"{folder}/collection.json is not a STAC Collection")
    return Store(folder, _relinked(data, collection, links) if links else data, collection, links)


def _map(path: Path) -> bytes | mmap.mmap:
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return b""
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _relinked(data: bytes | mmap.mmap, collection: dict[str, Any], links: str) -> bytes:
    root = next((link["href"] for link in collection.get("links", []) if link.get("rel") == "root"), "")
    if not root.startswith(("https://", "http://")):
        raise MeasurementError(f"collection {collection['id']} doesn't say at which API its items are (no root link)")
    whole = bytes(data)
    for end in (b"/", b'"'):
        whole = whole.replace(b'"' + root.rstrip("/").encode() + end, b'"' + links.encode() + end)
    return whole


class _Entry(NamedTuple):
    """An item, without its content."""

    times: tuple[int, int]
    id: str
    box: list[float]
    span: tuple[int, int]
    """In the data."""


def _entries(folder: Path, data: bytes | mmap.mmap, collection_id: str) -> Iterator[_Entry]:
    start = number = 0
    while start < len(data):
        newline = data.find(b"\n", start)
        end = len(data) if newline < 0 else newline
        if end > start:
            number += 1
            try:
                yield _entry(orjson.loads(data[start:end]), (start, end), collection_id)
            except (KeyError, TypeError, ValueError) as error:
                raise MeasurementError(f"{folder}/items.ndjson: item {number} can't be served: {error!r}") from error
        start = end + 1


def _entry(item: Any, span: tuple[int, int], collection_id: str) -> _Entry:
    if item["collection"] != collection_id:
        raise ValueError(f"it belongs to collection {item['collection']!r}")
    return _Entry(_times(item["properties"]), item["id"], _box(item.get("bbox")), span)


def _times(properties: dict[str, Any]) -> tuple[int, int]:
    """Return first and last instant: an item with a start and an end covers all between, whatever its `datetime`."""
    start, end = properties.get("start_datetime"), properties.get("end_datetime")
    if start is not None and end is not None:
        return parse_instant(start), parse_instant(end)
    instant = parse_instant(properties["datetime"])
    return instant, instant


def _box(bbox: list[float] | None) -> list[float]:
    if bbox is None:
        return [np.nan] * _SOLID
    if len(bbox) == _FLAT:
        west, south, east, north = bbox
        return [west, south, 0, east, north, 0]
    if len(bbox) != _SOLID:
        raise ValueError(f"its bbox has {counted(len(bbox), 'number')}, expected 4 or 6")
    return bbox
