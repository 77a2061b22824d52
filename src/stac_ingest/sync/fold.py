"""Which parts stay as they are, and which are written anew together: those that lose rows, and small ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stac_ingest.core.rows import Rows
from stac_ingest.sharding.manifest import Part
from stac_ingest.sync.entries import HELD, Entries
from stac_ingest.sync.parts import PLACE, by_part, even_parts, rows_of, take_place, write_parts
from stac_ingest.sync.row_sorter import RowSorter
from stac_ingest.sync.settings import SyncSettings

_SMALL = 4
"""A part with less than this fraction of the items that a part is to have is folded with others."""


@dataclass(frozen=True)
class _Candidate:
    """A part of the last run, or of this one."""

    path: Path
    rows: int
    stay: int
    """Of its rows."""
    part: Part | None
    """None for one that has no place in the output yet."""

    @property
    def loses(self) -> bool:
        """Whether it has rows of which there is no entry any more."""
        return self.stay < self.rows


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

    def add(self, path: Path, rows: int, stay: int, part: Part | None = None) -> None:
        """Take a part.

        Args:
            path: where it is.
            rows: how many it has.
            stay: how many of them stay.
            part: what the manifest says of it; None for a new one.

        """
        self._candidates.append(_Candidate(path, rows, stay, part))

    def run(self, staying: Iterable[Entries], index: RowSorter) -> list[Part]:
        """Put parts in their places.

        Args:
            staying: an entry of dtype `HELD` for each row that stays, in any order, some at a time; they call the parts
                by the order in which these were added.
            index: takes these entries, which then say the part and the row that an item is in.

        Raises:
            ConfigurationError: a folder is a link.
            DataProcessingError: a part can't be read or written.

        """
        folded = self._folded()
        places = np.full(len(self._candidates), -1, np.int64)
        for number, one in enumerate(self._candidates):
            if number not in folded:
                places[number] = len(self._made)
                self._made.append(one.part or take_place(one.path, one.rows, self._settings.output, self._folder))
        rows = RowSorter(self._scratch, HELD, PLACE)
        for entries in staying:
            place = places[entries["part"]]
            rows.add(entries[place < 0])
            stays = entries[place >= 0]
            stays["part"] = place[place >= 0]
            index.add(stays)
        self._fold(rows, index)
        rows.remove()
        return self._made

    def _folded(self) -> set[int]:
        """Choose what is written anew. Where nothing comes or goes, small parts are left alone."""
        is_busy = any(one.loses or one.part is None for one in self._candidates)
        least = self._settings.part_items / _SMALL
        found = [number for number, one in enumerate(self._candidates) if one.loses or (is_busy and one.stay < least)]
        is_needless = len(found) == 1 and not self._candidates[found[0]].loses
        return set() if is_needless else set(found)

    def _fold(self, folded: RowSorter, index: RowSorter) -> None:
        total = len(folded)
        if not total:
            return
        size = even_parts(total, self._settings.part_items)
        paths = write_parts(self._rows(folded, size, index), size, self._path, self._folder)
        for number, path in enumerate(paths):
            items = min(size, total - number * size)
            self._made.append(take_place(path, items, self._settings.output, self._folder))

    def _rows(self, folded: RowSorter, size: int, index: RowSorter) -> Iterator[Rows]:
        """Yield the rows that stay of each part, and say of each where it is then."""
        first, start = len(self._made), 0
        for number, pieces in by_part(folded.blocks()):
            one = self._candidates[number]
            kept = np.zeros(one.rows, bool)
            for entries in pieces:
                kept[entries["row"]] = True
                positions = np.arange(start, start + len(entries))
                entries["part"], entries["row"] = first + positions // size, positions % size
                index.add(entries)
                start += len(entries)
                del entries, positions  # the mask says all that is needed while the part is read
            yield from rows_of(one.path, kept)

    def _path(self, number: int) -> Path:
        return self._scratch.with_name(f"{self._scratch.name}-{number}.parquet")
