"""The files that an ingest is planned from: their names, and what shows that they have changed."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from stac_ingest.core.listing import BLOCK
from stac_ingest.sharding.plan import FilesPiece
from stac_ingest.sharding.settings import ShardedIngest
from stac_ingest.sharding.splitters.base import SplitPlan
from stac_ingest.sharding.splitters.partition import balanced


class Entry(NamedTuple):
    """A file, and what shows that it has changed."""

    name: str
    size: int
    time: int
    """Of its last change, nanoseconds since 1970."""


class Listing:
    """Files, sorted by name. A million of them are some 30 MB.

    Attributes:
        names: of the files.

    """

    def __init__(self, names: Sequence[str], sizes: array[int], times: array[int]) -> None:
        self.names = names
        self._sizes, self._times = sizes, times

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Listing:
        """Make one of entries, which are sorted."""
        known = list(entries)
        sizes, times = (array("q", column) for column in ([one.size for one in known], [one.time for one in known]))
        return cls([one.name for one in known], sizes, times)

    @classmethod
    def look(cls, folder: Path, names: Sequence[str]) -> Listing:
        """Look at the files of a folder that have these names.

        Raises:
            OSError: one can't be looked at, or isn't there.

        """
        sizes, times = array("q"), array("q")
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in names:
                status = os.stat(name, dir_fd=descriptor)
                sizes.append(status.st_size)
                times.append(status.st_mtime_ns)
        finally:
            os.close(descriptor)
        return cls(names, sizes, times)

    @cached_property
    def stamp(self) -> str:
        """A hash of the names, sizes and times of all files."""
        return self.stamp_of(range(len(self._sizes)))

    def stamp_of(self, part: range) -> str:
        """Return the same of some of the files."""
        total = sha256(b"%d\0" % len(part))
        for start in range(part.start, part.stop, BLOCK):
            some = self.names[start : min(start + BLOCK, part.stop)]
            total.update("".join(f"{name}\0" for name in some).encode("utf-8", "surrogateescape"))
        total.update(self._sizes[part.start : part.stop].tobytes())
        total.update(self._times[part.start : part.stop].tobytes())
        return total.hexdigest()

    def split(self, settings: ShardedIngest, cost: int) -> SplitPlan:
        """Cut the files into ranges of similar cost; `cost` is what a file costs beside its bytes, in bytes."""
        shards = settings.shards or -(-len(self._sizes) // settings.items_per_shard)
        parts = balanced(array("q", (cost + size for size in self._sizes)), shards)
        pieces = [FilesPiece(start=part.start, stop=part.stop, digest=self.stamp_of(part)) for part in parts]
        return SplitPlan(list(pieces), list(map(len, parts)), len(self._sizes), stamp=self.stamp)
