"""The positions of a directory of files: ranges of its sorted list."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

from stac_ingest.core.model import Batch, Position
from stac_ingest.sources.directory.listing import BLOCK, kept


class FilePositions:
    """Which files an earlier run has read, and how the batches of this one are noted.

    A position holds for the list that it was made of: where a file has come or gone since, all are read.

    Attributes:
        fingerprint: of the list.

    """

    def __init__(self, known: Sequence[Position]) -> None:
        self._known = known
        self._names: Sequence[str] = []
        self.fingerprint = ""

    def remaining(self, names: Sequence[str]) -> Sequence[str]:
        """Give the files that are still to be read, of all in the directory, sorted."""
        self._names = names
        self.fingerprint = fingerprint(names)
        read = []
        for position in self._known:
            match position:
                case {"list": self.fingerprint, "files": [int(start), int(stop)]} if 0 <= start < stop:
                    read.append((start, stop))
        return kept(self._between(sorted(read))) if read else names

    def position(self, batch: Batch) -> Position | None:
        """Name the files of a batch, which follow one another in the list; between them may be what was read before."""
        if not batch:
            return None
        start, last = (bisect_left(self._names, batch[at].origin) for at in (0, -1))
        return {"list": self.fingerprint, "files": [start, last + 1]}

    def _between(self, read: Iterable[tuple[int, int]]) -> Iterator[str]:
        end = 0
        for start, stop in read:
            yield from _some(self._names, end, start)
            end = max(end, stop)
        yield from _some(self._names, end, len(self._names))


def fingerprint(names: Sequence[str]) -> str:
    """Return a hash of the names of files."""
    total = blake2b(digest_size=16)
    for start in range(0, len(names), BLOCK):
        # File names need not be UTF-8, and never hold a zero.
        total.update("".join(f"{name}\0" for name in names[start : start + BLOCK]).encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _some(names: Sequence[str], start: int, stop: int) -> Iterator[str]:
    for at in range(start, stop, BLOCK):
        yield from names[at : min(at + BLOCK, stop)]
