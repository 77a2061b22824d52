"""Values that come out otherwise than they went in: counted, named one by one, and never lost by a kill."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from stac_ingest.core.id_set import IdSet, key_of

KEPT_IN_MEMORY = 1000
"""Changes that `get_all` gives: a million of them are of no use in memory."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value of an item that was altered or left out."""

    collection: str
    """Of the item; empty where it has none."""
    item_id: str
    member: str
    """Where the value stood, as `properties.created` or `assets.B04.raster:bands`."""
    what: str
    """What became of it, in words."""


class ChangeCollector:
    """Keeps what was changed while a run goes on. Safe to use from threads.

    Null members that a format can't hold are counted alone: they are no change of a value.

    Attributes:
        items: items with a change, each counted once.
        changes: changes, each counted once.
        null_members: null members left out, in this run.

    """

    def __init__(self, write: Callable[[bytes], None] | None = None) -> None:
        """Collect changes.

        Args:
            write: puts lines of JSON on disk; called by `flush`. None keeps the first `KEPT_IN_MEMORY` alone.

        """
        self.items = self.changes = self.null_members = 0
        self._write = write
        self._lock = threading.Lock()
        self._waiting: list[Change] = []
        self._first: list[Change] = []
        self._known_items, self._known = IdSet(), IdSet()

    def add(self, item: dict[str, Any], member: str, what: str) -> None:
        """Keep one change of a value of an item; the same one again is left out.

        Args:
            item: has an `id`.
            member: where the value stood.
            what: what became of it.

        """
        collection, item_id = key_of(item)
        with self._lock:
            change = Change(collection, item_id, member, what)
            if self._count(change):
                self._waiting.append(change)

    def add_null_members(self, count: int) -> None:
        """Count null members that the output can't hold."""
        with self._lock:
            self.null_members += count

    def resume(self, lines: bytes) -> int:
        """Take over what an earlier run has written.

        Args:
            lines: what `write` was given.

        Returns:
            How many of the bytes are sound: what a killed run left behind its last whole line isn't.

        """
        sound = 0
        for line in lines.splitlines(keepends=True):
            try:
                change = Change(**orjson.loads(line)) if line.endswith(b"\n") else None
            except (orjson.JSONDecodeError, TypeError):
                change = None
            if change is None:
                break
            self._count(change)
            sound += len(line)
        return sound

    def flush(self) -> None:
        """Write what was not written yet. Called before the items concerned are marked completed."""
        if not self._waiting:
            return
        with self._lock:
            waiting, self._waiting = self._waiting, []
            if self._write is not None:
                self._write(
                    b"".join(orjson.dumps(asdict(change), option=orjson.OPT_APPEND_NEWLINE) for change in waiting)
                )

    def get_all(self) -> list[Change]:
        """Give the first changes, at most `KEPT_IN_MEMORY`."""
        return list(self._first)

    def _count(self, change: Change) -> bool:
        if not self._known.add(f"{change.collection}\0{change.item_id}", f"{change.member}\0{change.what}"):
            return False
        self.changes += 1
        self.items += self._known_items.add(change.collection, change.item_id)
        if len(self._first) < KEPT_IN_MEMORY:
            self._first.append(change)
        return True
