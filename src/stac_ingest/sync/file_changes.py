"""What has become of files since they were looked at before."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stac_ingest.sync.file_memory import UNSURE, FileTable
from stac_ingest.sync.files import SourceFiles

_COMPARED = ("kind", "size", "time")
_Mask = NDArray[np.bool_]


class FileChanges:
    """Compares files with those that are remembered.

    Attributes:
        base: the folder that their names are relative to.
        compared: whether there was anything to compare with.
        files: those that are there, with their numbers, known ones with theirs from before; and behind them those that
            were there and can't be looked at now.
        is_there: which of them are there.
        is_known: which of them were there before.
        is_changed: which of those that are there are new, have another size or time, or may have changed.
        gone: numbers of the files that aren't there any more.
        refused: names of what may hold items and can't be read, and why.
        next_number: that no file has had yet.

    """

    def __init__(self, files: FileTable, before: FileTable | None, source: SourceFiles, next_number: int) -> None:
        """Compare.

        Args:
            files: that are there.
            before: what is remembered; None for nothing.
            source: the files as they were listed.
            next_number: that no file has had yet.

        """
        self.base = source.base
        self.compared = before is not None
        before = before or FileTable(files.table.slice(0, 0))
        places = files.places_in(before)
        is_known = places >= 0
        new = int((~is_known).sum())
        numbers = np.empty(len(files), np.int64)
        numbers[is_known] = before.column("number")[places[is_known]]
        numbers[~is_known] = np.arange(next_number, next_number + new)
        self.next_number = next_number + new
        is_same = is_known & (files.column("time") != UNSURE)
        for name in _COMPARED:
            is_same[is_known] &= files.column(name)[is_known] == before.column(name)[places[is_known]]
        self.refused = [(one.name, one.why) for one in source.refused]
        missing = np.ones(len(before), bool)
        missing[places[is_known]] = False
        unseen = self._unseen(before, missing)
        self.gone = before.column("number")[missing & ~unseen]
        beside = before.taken(np.flatnonzero(unseen))
        beside = beside.replaced("time", np.full(len(beside), UNSURE))
        self.files = FileTable(pa.concat_tables([files.replaced("number", numbers).table, beside.table]))
        self.is_there = np.arange(len(self.files)) < len(files)
        self.is_known = np.append(is_known, np.ones(len(beside), bool))
        self.is_changed = np.append(~is_same, np.zeros(len(beside), bool))

    def _unseen(self, before: FileTable, missing: _Mask) -> _Mask:
        """Tell the files that were there before, and lie where can't be looked now."""
        unseen = np.zeros(len(before), bool)
        refused = {name for name, _ in self.refused}
        if refused:
            places = np.flatnonzero(missing)
            for place, name in zip(places, before.taken(places).names(), strict=True):
                unseen[place] = name in refused or any(name.startswith(f"{folder}/") for folder in refused)
        return unseen
