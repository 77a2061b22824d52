"""Which parts stay as they are, and which are written anew together: those that lose rows, and small ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stac_ingest.core.rows import Rows
from stac_ingest.sharding.manifest import Part
from stac_ingest.sync.entries import Entries
from stac_ingest.sync.parts import even_parts, rows_of, take_place, write_parts
from stac_ingest.sync.settings import SyncSettings

_SMALL = 4
"""A part with less than this fraction of the items that a part is to have is folded with others."""


@dataclass(frozen=True)
class _Candidate:
    """A part of the last run, or of this one."""

    entries: Entries
    """Of dtype `HELD`; of these, some are in it, each in a row of its own."""
    here: NDArray[np.int64]
    """Which of them."""
    path: Path
    rows: int
    part: Part | None
    """None for one that has no place in the output yet."""

    @property
    def loses(self) -> bool:
        """Whether it has rows of which there is no entry any more."""
        return len(self.here) < self.rows

    @property
    def kept(self) -> NDArray[np.bool_]:
        """For each row, whether there is an entry of it."""
        kept = np.zeros(self.rows, bool)
        kept[self.entries["row"][self.here]] = True
        return kept


class Folding:
    """Takes the parts of a partition, and makes those that it has after a run."""

    def __init__(self, settings: SyncSettings, folder: str, scratch: Path) -> None:
        """Begin with none.

        Args:
            settings: of the sync.
            folder: of the partition.
            scratch: how the paths of parts begin until they have their places.

        """
        self._settings, self._folder, self._scratch = settings, folder, scratch
        self._candidates: list[_Candidate] = []
        self._made: list[Part] = []

    def add(self, entries: Entries, place: int, path: Path, rows: int, part: Part | None = None) -> None:
        """Take a part.

        Args:
            entries: of dtype `HELD`, among them one for each of its items that stays. `run` changes their places.
            place: what `entries` calls it by.
            path: where it is.
            rows: how many it has.
            part: what the manifest says of it; None for a new one.

        """
        self._candidates.append(_Candidate(entries, np.flatnonzero(entries["part"] == place), path, rows, part))

    def run(self) -> list[Part]:
        """Put parts in their places; the entries say then which part of these, and which row, each item is in.

        Raises:
            ConfigurationError: a folder is a link.
            DataProcessingError: a part can't be read or written.

        """
        folded = self._folded()
        chosen = set(map(id, folded))
        for one in self._candidates:
            if id(one) not in chosen:
                one.entries["part"][one.here] = len(self._made)
                self._made.append(one.part or take_place(one.path, one.rows, self._settings.output, self._folder))
        self._fold([one for one in folded if len(one.here)])
        return self._made

    def _folded(self) -> list[_Candidate]:
        """Choose what is written anew. Where nothing comes or goes, small parts are left alone."""
        is_busy = any(one.loses or one.part is None for one in self._candidates)
        least = self._settings.part_items / _SMALL
        found = [one for one in self._candidates if one.loses or (is_busy and len(one.here) < least)]
        is_needless = len(found) == 1 and not found[0].loses
        return [] if is_needless else found

    def _fold(self, folded: Sequence[_Candidate]) -> None:
        total = sum(len(one.here) for one in folded)
        if not total:
            return
        size = even_parts(total, self._settings.part_items)
        paths = write_parts(_rows(folded), size, self._path, self._folder)
        start, first = 0, len(self._made)
        for one in folded:
            positions = start + np.cumsum(one.kept) - 1
            position = positions[one.entries["row"][one.here]]
            one.entries["part"][one.here] = first + position // size
            one.entries["row"][one.here] = position % size
            start += len(one.here)
        for number, path in enumerate(paths):
            items = min(size, total - number * size)
            self._made.append(take_place(path, items, self._settings.output, self._folder))

    def _path(self, number: int) -> Path:
        return self._scratch.with_name(f"{self._scratch.name}-{number}.parquet")


def _rows(folded: Sequence[_Candidate]) -> Iterator[Rows]:
    for one in folded:
        yield from rows_of(one.path, one.kept)
