"""The items of a generated API at its present epoch, as the server takes them from a store."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ingest_bench.corpora.items import API, COLLECTION, collection
from ingest_bench.simulator.generated.description import Description
from ingest_bench.simulator.generated.history import History, State, Times, id_keys, row_of_key
from ingest_bench.simulator.generated.item_text import ItemText, item_id, key_of_id
from ingest_bench.simulator.item_fields import Fields, with_fields

_BATCH = 4096
"""Items that are made at once."""
TIMES = ("datetime", "created", "updated")
"""Properties that are there as columns."""
_ID_ALONE: Mapping[str, bytes] = {
    "id": b'"id":"%(id)s"',
    "collection": b'"collection":"' + COLLECTION.encode() + b'"',
    "type": b'"type":"Feature"',
}


class GeneratedStore:
    """The collection and its items, newest first; an item's index is its position in that order."""

    collection_id = COLLECTION

    def __init__(self, description: Description, epoch: int = 0, links: str | None = None) -> None:
        """Make what there is at an epoch; `links` replaces the API that the links of items lead to."""
        self.history = History(description)
        self._text = ItemText(description.seed, links or API)
        self.collection = _collection(description)
        self.state = self.history.state(epoch)

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.state.rows)

    def switch(self, epoch: int) -> None:
        """Go on to an epoch, or back to one."""
        # What is there now goes first, so that there are never two.
        empty = np.arange(0)
        self.state = State(epoch, empty.astype(np.int32), empty, empty, empty.astype(np.uint8))
        self.state = self.history.state(epoch)

    def index(self, name: str) -> int | None:
        """Return the index of an item, by its id; None if there is no such item."""
        key = key_of_id(name)
        if key is None:
            return None
        found = np.flatnonzero(self.state.rows == row_of_key(key))
        return int(found[0]) if len(found) else None

    def indices(self, names: Sequence[str]) -> NDArray[np.int32]:
        """Return the indices of the items that have one of these ids, in order."""
        keys = [key for key in map(key_of_id, names) if key is not None]
        wanted = np.array([row_of_key(key) for key in keys], dtype=np.int64)
        return np.flatnonzero(np.isin(self.state.rows, wanted)).astype(np.int32)

    def between(self, start: int, end: int) -> range:
        """Return the indices of the items that were taken in a closed interval, microseconds since 1970."""
        taken = self.state.taken
        return range(bisect_left(taken, -end, key=_newest_first), bisect_right(taken, -start, key=_newest_first))

    def times(self, name: str, indices: slice | NDArray[np.int32]) -> Times:
        """Return one of `TIMES` of some items."""
        if name == "created":
            return self.history.created(self.state.rows[indices])
        return (self.state.taken if name == "datetime" else self.state.updated)[indices]

    def id_keys(self, indices: slice | NDArray[np.int32]) -> NDArray[np.int64]:
        """Return numbers of some items that are in the order of their ids."""
        return id_keys(self.state.rows[indices])

    def line(self, index: int) -> memoryview:
        """Return an item as JSON."""
        return memoryview(next(self.lines([index])))

    def item(self, index: int) -> dict[str, Any]:
        """Return an item."""
        made: dict[str, Any] = orjson.loads(self.line(index))
        return made

    def lines(self, indices: Sequence[int] | NDArray[np.int32], fields: Fields | None = None) -> Iterator[bytes]:
        """Yield items as JSON, or what is asked for of each."""
        if fields is not None and fields[0] and not fields[1] and _ID_ALONE.keys() >= set(fields[0]):
            template = b"{" + b",".join(_ID_ALONE[name] for name in dict.fromkeys(fields[0])) + b"}"
            for some in _batches(indices):
                yield from (template % {b"id": item_id(key).encode()} for key in self.id_keys(some).tolist())
            return
        for some in _batches(indices):
            for line in self._whole(some):
                yield line if fields is None else with_fields(line, fields)

    def _whole(self, indices: NDArray[np.int32]) -> list[bytes]:
        state = self.state
        rows = state.rows[indices]
        created = self.history.created(rows)
        return self._text.lines(rows, state.taken[indices], created, state.updated[indices], state.version[indices])


def _newest_first(taken: int) -> int:
    return -int(taken)


def _batches(indices: Sequence[int] | NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
    for start in range(0, len(indices), _BATCH):
        yield np.asarray(indices[start : start + _BATCH], dtype=np.int32)


def _collection(description: Description) -> dict[str, Any]:
    first = description.end.replace(year=description.end.year - 9).isoformat()
    extent = {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[first, None]]}}
    return {**collection(), "extent": extent}
