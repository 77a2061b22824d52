"""What the output holds, looked up by key while a task reads: 24 bytes for each item, on disk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stac_ingest.sync.entries import HELD
from stac_ingest.sync.sorted_entries import Ranges, pread_entries, together, writing

_KNOWN = np.dtype([("high", "<u8"), ("low", "<u8"), ("content", "<u8")])
_KEYS = 1 << 64


class KnownItems:
    """Tells the content of items that the output holds and that the source had in the last run.

    Keys are hashes, so they lie evenly: where one is, is known but for about the square root of their number.
    """

    def __init__(self, path: Path) -> None:
        """Open a file that `write_known` has written."""
        self._stream = path.open("rb")
        np.lib.format.read_magic(self._stream)
        shape, _, _ = np.lib.format.read_array_header_1_0(self._stream)
        self._count = shape[0]
        self._offset = self._stream.tell()
        self._about = 2 * math.isqrt(self._count) + 64

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def content(self, high: int, low: int) -> int | None:
        """Return the digest of an item's content; None where it isn't held, or is held though it was gone."""
        middle, reach = high * self._count // _KEYS, self._about
        while True:
            start, stop = max(0, middle - reach), min(self._count, middle + reach)
            some = pread_entries(self._stream.fileno(), _KNOWN, self._offset, start, stop)
            highs = some["high"]
            first = int(np.searchsorted(highs, np.uint64(high)))
            last = int(np.searchsorted(highs, np.uint64(high), "right"))
            if (first > 0 or start == 0) and (last < len(some) or stop == self._count):
                break
            reach *= 4
        for entry in some[first:last]:
            if int(entry["low"]) == low:
                return int(entry["content"])
        return None


def write_known(path: Path, held: Sequence[Path]) -> None:
    """Write what is known of the items that the output holds.

    Args:
        path: of the file.
        held: the files of the partitions' entries.

    Raises:
        OSError: it can't be written.

    """
    with writing(path, _KNOWN) as file:
        for (stretches,) in Ranges([held]):
            entries = together(stretches, HELD)
            some = np.empty(len(entries), _KNOWN)
            for name in _KNOWN.names or ():
                some[name] = entries[name]
            file.add(some[~entries["is_gone"]])
