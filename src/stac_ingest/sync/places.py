"""Where items are that the output holds, looked up by key: 24 bytes for each item, on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from stac_ingest.core.sorted_hashes import find, in_file
from stac_ingest.sync.entries import by_key
from stac_ingest.sync.sorted_entries import EntriesFile, Ranges, writing

_PLACES = np.dtype([("high", "<u8"), ("low", "<u8"), ("place", "<u8")])
_ROW_BITS = 32


class Place(NamedTuple):
    """Where an item is."""

    partition: int
    row: int
    """Of the partition's index."""


class HeldPlaces:
    """Finds items in the indexes of all partitions. Use it in a `with` block."""

    def __init__(self, path: Path, indexes: Mapping[int, Path]) -> None:
        """Write a file of all places, and open it.

        Args:
            path: of the file.
            indexes: the files of entries, by the numbers of their partitions.

        Raises:
            OSError, ValueError: an index can't be read, or the file can't be written.

        """
        self._partitions = list(indexes)
        with writing(path, _PLACES) as file:
            for (stretches,) in Ranges([list(indexes.values())]):
                made = [np.zeros(0, _PLACES)]
                for number, (start, entries) in enumerate(stretches):
                    some = np.empty(len(entries), _PLACES)
                    some["high"], some["low"] = entries["high"], entries["low"]
                    some["place"] = (number << _ROW_BITS) + np.arange(start, start + len(entries))
                    made.append(some)
                file.add(by_key(np.concatenate(made)))
        made_file = EntriesFile(path)
        self._stream = path.open("rb")
        self._count = made_file.count
        self._read = in_file(self._stream.fileno(), made_file.offset)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def find(self, high: int, low: int) -> Place | None:
        """Return where an item is, by the two halves of its key's hash; None where it isn't held."""
        for entry in find(self._read, self._count, high, low):
            return Place(self._partitions[entry.number >> _ROW_BITS], entry.number % (1 << _ROW_BITS))
        return None
