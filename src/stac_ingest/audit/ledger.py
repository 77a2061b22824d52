"""Which items one side has: 24 bytes for each, sorted, in a file that is gone with the process."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stac_ingest.core import sorted_hashes
from stac_ingest.core.key_hash import key_hash, text_hash
from stac_ingest.core.sorted_hashes import COLUMNS, TYPE, Entry, Read, Rows, as_rows, in_file, in_memory
from stac_ingest.errors import DataProcessingError

RUN = 100_000
"""Items that are in memory while they are added; where there are no more, none are ever in a file."""
_RANGES = 1024
"""Ranges of hashes, each of which is sorted in memory: hashes lie evenly, so each has as many items."""
_BOUNDS = (np.arange(_RANGES, dtype=np.float64) * (2.0**64 / _RANGES)).astype(TYPE)


class Ledger:
    """Keeps 128 bits of a hash of each item's key, and a number of 64 bits beside it.

    Two of five million keys share a hash with a chance of 4e-26. The number is a hash of the content, or where the item
    is in a file.

    Attributes:
        repeated: how many items were added that were there already; they count once. Known once it is sorted.

    """

    def __init__(self, folder: Path, *, by_id: bool = False) -> None:
        """Begin without any.

        Args:
            folder: on whose disk the file is, where one is needed.
            by_id: whether the id alone is looked for. Then items are the same if their numbers are, too.

        """
        self._folder = folder
        self._by_id = by_id
        self._adding = array("Q")
        self._runs: list[_Run] = []
        self._file: IO[bytes] | None = None
        self._read: Read | None = None
        """Gives the items in the order of their hashes, once they are sorted."""
        self._count = 0
        self.repeated = 0

    def __len__(self) -> int:
        """Count the items: once they are sorted, each that was added more often once."""
        return self._count

    def close(self) -> None:
        """Let go of the file. Nothing can be found any more."""
        self._read = _refuse
        if self._file is not None:
            with suppress(OSError):  # what a full disk didn't take is for nobody any more
                self._file.close()

    def add(self, collection: str, item_id: str, number: int = 0) -> None:
        """Add an item, before the first is looked for.

        Raises:
            DataProcessingError: the disk is full.

        """
        self._adding.extend((*self._key(collection, item_id), number))
        self._count += 1
        if len(self._adding) == RUN * COLUMNS:
            self._keep_run()

    def sort(self) -> None:
        """Get ready to find items. Of those that were added more often the first stays.

        Raises:
            DataProcessingError: the disk is full.

        """
        if self._read is not None:
            return
        if self._runs:
            self._keep_run()
            self._file = self._merged()
            self._read = in_file(self._file.fileno())
        else:
            rows = self._once(self._taken())
            self._read = in_memory(rows)
        self._count -= self.repeated

    def find(self, collection: str, item_id: str) -> list[Entry]:
        """Return the entries of an item; more than one where it was added by id alone, of several collections."""
        return list(sorted_hashes.find(self._sorted(), self._count, *self._key(collection, item_id)))

    def number(self, place: int) -> int:
        """Return the number beside the item of a place."""
        return int(as_rows(self._sorted()(place, place + 1))[0, 2])

    def _sorted(self) -> Read:
        self.sort()
        assert self._read is not None
        return self._read

    def _key(self, collection: str, item_id: str) -> tuple[int, int]:
        return text_hash(item_id) if self._by_id else key_hash(collection, item_id)

    def _taken(self) -> Rows:
        """Take what was added since the last run, sorted by key; what has the same key stays in its order."""
        rows = np.array(self._adding, TYPE).reshape(-1, COLUMNS)
        self._adding = array("Q")
        return self._ordered(rows)

    def _ordered(self, rows: Rows) -> Rows:
        by = (2, 1, 0) if self._by_id else (1, 0)
        ordered: Rows = rows[np.lexsort([rows[:, column] for column in by])]
        return ordered

    def _once(self, ordered: Rows) -> Rows:
        """Leave out what is there already, and count it."""
        if len(ordered) < 2:  # noqa: PLR2004 - nothing to compare
            return ordered
        compared = ordered if self._by_id else ordered[:, :2]
        is_new = np.concatenate([[True], (compared[1:] != compared[:-1]).any(axis=1)])
        self.repeated += len(ordered) - int(is_new.sum())
        new: Rows = ordered[is_new]
        return new

    def _keep_run(self) -> None:
        rows = self._taken()
        if not len(rows):
            return
        with self._writing():
            if self._file is None:
                self._file = self._temporary()
            start = self._runs[-1].stop if self._runs else 0
            self._file.write(rows.data)
            self._file.flush()
        bounds = np.searchsorted(np.ascontiguousarray(rows[:, 0]), _BOUNDS)
        self._runs.append(_Run(start + bounds.astype(np.uint32), start + len(rows)))

    def _merged(self) -> IO[bytes]:
        """Write the runs to one file, a range of hashes after another."""
        assert self._file is not None
        read = in_file(self._file.fileno())
        with self._writing(), ExitStack() as stack:
            merged = stack.enter_context(self._temporary())
            for number in range(_RANGES):
                parts = [as_rows(read(*run.range(number))) for run in self._runs]
                merged.write(self._once(self._ordered(np.concatenate(parts))).data)
            merged.flush()
            stack.pop_all()
        self._file.close()
        self._runs = []
        return merged

    def _temporary(self) -> IO[bytes]:
        return tempfile.TemporaryFile(dir=self._folder)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataProcessingError(f"can't write to {self._folder}: {error.strerror or error}") from error


def _refuse(start: int, stop: int) -> bytes:
    raise ValueError(f"rows {start:,} to {stop:,} of a ledger that is closed")


class _Run(NamedTuple):
    """Items that lie sorted in the file, and where in it each range of hashes begins."""

    starts: NDArray[np.uint32]
    stop: int

    def range(self, number: int) -> tuple[int, int]:
        """Return where a range begins and ends."""
        return int(self.starts[number]), self.stop if number + 1 == _RANGES else int(self.starts[number + 1])
