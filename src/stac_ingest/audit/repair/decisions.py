"""What becomes of each item of an output that is repaired, and what was done."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from stac_ingest.audit.compare import Audit, State
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.model import Item
from stac_ingest.failures import Failure


@dataclass
class Repaired:
    """What a repair has done."""

    added: int = 0
    replaced: int = 0
    removed: int = 0
    """Extra items, and further copies of items."""
    failures: list[Failure] = field(default_factory=list)
    """Items that can't be written in the output's format."""
    damaged: list[str] = field(default_factory=list)
    """Names of the copies of files that couldn't be read whole."""
    lost: int = 0
    """Items that were in files which couldn't be read whole, and that the source, as it was read, didn't have."""


class Decisions:
    """What becomes of each item that the output holds, which of its files there may be several of."""

    def __init__(self, audit: Audit, done: Repaired, *, remove_extra: bool) -> None:
        self._audit = audit
        self._done = done
        # What couldn't be read of the source may be just what seems to be extra.
        self._remove_extra = remove_extra and audit.source.is_whole
        self._files = array("L", bytes(array("L").itemsize * len(audit.held)))
        """By the item's place in the ledger, the number of the file that keeps it, from 1 on."""

    def touches(self, keys: Sequence[Key], file: int) -> bool:
        """Whether any of a file's items is replaced or removed. Files come in the order in which they are read.

        Args:
            keys: of all of its items.
            file: its number, from 1 on.

        """
        touched = [self._is_touched(key, file) for key in keys]  # each of them takes note of the item
        return any(touched) or len(set(keys)) < len(keys)

    def decide(self, item: Item, file: int = 1) -> Item | None:
        """Return what is to be in the place of an item of a file, each of whose items comes once; None for nothing."""
        key = key_of(item)
        place = self._audit.place_of(key)
        if place is None:
            return item  # the filters left it out, or it came meanwhile
        self._files[place] = self._files[place] or file
        if self._files[place] != file or self._is_removed(place):
            self._done.removed += 1
            return None
        if self._audit.states[place] != State.DIFFERENT:
            return item
        self._done.replaced += 1
        return self._audit.differing.item(key)

    def _is_touched(self, key: Key, file: int) -> bool:
        place = self._audit.place_of(key)
        if place is None:
            return False
        self._files[place] = self._files[place] or file
        is_different = self._audit.states[place] == State.DIFFERENT
        return self._files[place] != file or is_different or self._is_removed(place)

    def _is_removed(self, place: int) -> bool:
        return self._remove_extra and self._audit.states[place] == State.UNSEEN
