"""The positions of a directory of files: ranges of its sorted list."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from stac_ingest.core.listing import BLOCK, kept, place_of
from stac_ingest.core.model import Batch, Position


class FilePositions:
    """Which files an earlier run has read, and how the batches of this one are noted.

    A position holds for the list that it was made of, and while none of the files that were read has changed: where
    one has come, gone or changed since, all are read, and the list has another fingerprint from then on. To look at
    the files that an earlier run has read costs little; to note the time of each while reading would cost every run.

    Attributes:
        fingerprint: of the list.

    """

    def __init__(self, folder: Path, known: Sequence[Position]) -> None:
        self._folder = folder
        self._known = known
        self._names: Sequence[str] = []
        self._since = time.time_ns()
        self.fingerprint = ""

    def remaining(self, names: Sequence[str]) -> Sequence[str]:
        """Give the files that are still to be read, of all in the directory, sorted."""
        self._names = names
        self.fingerprint = of_names = fingerprint(names)
        # Runs may have read one list before and after a change; the last one has looked at all.
        self.fingerprint = latest_list(of_names, self._known)
        read = []
        for position in self._known:
            match position:
                case {"list": self.fingerprint, "files": [int(start), int(stop)]} if 0 <= start < stop <= len(names):
                    read.append((start, stop))
                    if self._has_changed(names[start:stop], position.get("since")):
                        self.fingerprint = renewed_list(of_names)
                        return names
        return kept(self._between(sorted(read))) if read else names

    def position(self, batch: Batch) -> Position | None:
        """Name the files of a batch, which follow one another in the list; between them may be what was read before."""
        if not batch:
            return None
        start, last = (place_of(self._names, batch[at].origin) for at in (0, -1))
        return {"list": self.fingerprint, "files": [start, last + 1], "since": self._since}

    def _has_changed(self, names: Iterable[str], since: object) -> bool:
        """Whether a file is another than it was at a time. A copy that keeps its time is found by the inode's."""
        if not isinstance(since, int):
            return True
        try:
            # Joined as text: a Path for each of many files costs more than looking at it.
            return any(os.stat(f"{self._folder}/{name}").st_ctime_ns >= since for name in names)  # noqa: PTH116
        except OSError:
            return True

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


def latest_list(base: str, known: Iterable[Position]) -> str:
    """Return the latest name, among those that positions have, of the list with this fingerprint."""
    lists = [name for position in known if isinstance(name := position.get("list"), str)]
    return next((name for name in reversed(lists) if name.partition("@")[0] == base), base)


def renewed_list(base: str) -> str:
    """Return a name for a list of this fingerprint that no earlier position has."""
    return f"{base}@{time.time_ns()}"
