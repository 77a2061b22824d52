"""A file of hashes, each with a number beside it, in which one is looked up: 24 bytes for each."""

from __future__ import annotations

from pathlib import Path

from stac_ingest.core.sorted_hashes import Landmarks, find, in_file
from stac_ingest.sync.sorted_entries import EntriesFile


class HashFile:
    """Looks up numbers in a file of entries whose columns are the two halves of a hash, and a number of 64 bits."""

    def __init__(self, path: Path) -> None:
        """Open a file that is sorted by hash.

        Raises:
            OSError, ValueError: it isn't there, or is no array.

        """
        file = EntriesFile(path)
        self._count = file.count
        self._stream = path.open("rb")
        self._read = in_file(self._stream.fileno(), file.offset)
        self._landmarks = Landmarks(self._read, self._count)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def number(self, high: int, low: int) -> int | None:
        """Return the number beside a hash; None where it isn't there.

        Raises:
            OSError, ValueError: the file can't be read, or is shorter than it says.

        """
        near = self._landmarks.around(high)
        entry = next(find(self._read, self._count, high, low, near), None)
        return None if entry is None else entry.number
