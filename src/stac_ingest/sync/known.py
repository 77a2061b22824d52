"""What the output holds, looked up by key while a task reads: 24 bytes for each item, on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stac_ingest.sync.entries import HELD
from stac_ingest.sync.hash_file import HashFile
from stac_ingest.sync.sorted_entries import Ranges, together, writing

_KNOWN = np.dtype([("high", "<u8"), ("low", "<u8"), ("content", "<u8")])


class KnownItems:
    """Tells the content of items that the output holds and that the source had in the last run."""

    def __init__(self, path: Path) -> None:
        """Open a file that `write_known` has written."""
        self._file = HashFile(path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def content(self, high: int, low: int) -> int | None:
        """Return the digest of an item's content; None where it isn't held, or is held though it was gone."""
        return self._file.number(high, low)


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
