"""Values that come out otherwise than they went in: counted, named one by one, and never lost by a kill."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from stac_ingest.core.id_set import IdSet, Key, key_of
from stac_ingest.core.text import counted

KEPT_IN_MEMORY = 1000
"""Changes that `get_all` gives: a million of them are of no use in memory."""
COMPARED = 10_000
"""Items that came again of which the copy that was kept is looked up in the end."""
_UNWRITTEN = 1000
_LEFT_OUT = "came again, and this copy was left out; "
_UPDATED = "its `updated` is "


@dataclass(frozen=True, slots=True)
class Change:
    """One value of an item that was altered or left out."""

    collection: str
    """Of the item; empty where it has none."""
    item_id: str
    """Of the item."""
    member: str
    """Where the value stood, as `properties.created` or `assets.B04.raster:bands`; empty for the item itself."""
    what: str
    """What became of it, in words."""


class ChangeCollector:
    """Keeps what was changed while a run goes on. Safe to use from threads.

    Null members that a format can't hold are counted alone: they are no change of a value.

    Attributes:
        items: items with a change, each counted once.
        changes: changes, each counted once.
        null_members: null members left out, in this run.
        repeated: the first items that came again and were left out, with the latest `updated` of the copies left out.

    """

    def __init__(self, write: Callable[[bytes], None] | None = None) -> None:
        """Collect changes.

        Args:
            write: puts lines of JSON on disk; called by `flush`. None keeps the first `KEPT_IN_MEMORY` alone.

        """
        self.items = self.changes = self.null_members = 0
        self.repeated: dict[Key, str | None] = {}
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

    def add_repeated(self, item: dict[str, Any]) -> None:
        """Name an item that came again and was left out; the copy that came first stays in the output.

        Args:
            item: the copy that was left out, with an `id` of type str.

        Raises:
            DataProcessingError: the waiting lines can't be written.

        """
        key, updated = key_of(item), updated_of(item)
        with self._lock:
            self._compare(key, updated)
            self._name(Change(*key, "", f"{_LEFT_OUT}{_when(updated)}"))
        if len(self._waiting) >= _UNWRITTEN:
            self.flush()

    def name_kept(self, item: dict[str, Any]) -> bool:
        """Name the copy that was kept of an item that came again.

        Args:
            item: the copy in the output; its collection and id are a key of `repeated`.

        Returns:
            True if the latest copy that was left out has a later `updated` than this one.

        Raises:
            KeyError: the item never came again.

        """
        key, updated = key_of(item), updated_of(item)
        latest = self.repeated[key]
        newer = latest is not None and latest != updated and _later(latest, updated) == latest
        words = f"this copy was kept; {_when(updated)}" + (", older than what was left out" if newer else "")
        with self._lock:
            self._name(Change(*key, "", words))
        return newer

    def add_null_members(self, count: int) -> None:
        """Add to the number of null members that the output can't hold.

        Args:
            count: members of all items of a batch together.

        """
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
            if change.member:
                self._count(change)
            else:
                self._known.add(*_parts(change))
                if change.what.startswith(_LEFT_OUT):
                    key = (change.collection, change.item_id)
                    self._compare(key, change.what.partition(_UPDATED)[2] or None)
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
        """Return the first changes, in the order in which they came.

        Returns:
            A new list of at most `KEPT_IN_MEMORY` changes. `changes` counts them all.

        """
        return list(self._first)

    def _compare(self, key: Key, updated: str | None) -> None:
        if key in self.repeated or len(self.repeated) < COMPARED:
            self.repeated[key] = _later(updated, self.repeated.get(key))

    def _name(self, change: Change) -> None:
        """Write what concerns an item as a whole, once; it is no change of a value."""
        if self._known.add(*_parts(change)):
            self._waiting.append(change)
            if len(self._first) < KEPT_IN_MEMORY:
                self._first.append(change)

    def _count(self, change: Change) -> bool:
        if not self._known.add(*_parts(change)):
            return False
        self.changes += 1
        self.items += self._known_items.add(change.collection, change.item_id)
        if len(self._first) < KEPT_IN_MEMORY:
            self._first.append(change)
        return True


def newer_left_out(count: int) -> str:
    """Return the sentence which says that of so many items a newer copy was left out."""
    return f"a newer copy was left out for {counted(count, 'item')}: an older one came first; notes.ndjson names them"


def _when(updated: str | None) -> str:
    return "it has no `updated`" if updated is None else f"{_UPDATED}{updated}"


def updated_of(item: dict[str, Any]) -> str | None:
    """Return the `updated` of an item; None where it has none that is text."""
    properties = item.get("properties")
    updated = properties.get("updated") if isinstance(properties, dict) else None
    return updated if isinstance(updated, str) else None


def _later(one: str | None, other: str | None) -> str | None:
    """Return the later of two instants; what is none comes before all."""
    first, second = _instant(one), _instant(other)
    if first is None or second is None:
        return other if first is None else one
    return one if first >= second else other


def _instant(text: str | None) -> datetime | None:
    try:
        moment = None if text is None else datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _parts(change: Change) -> tuple[str, str]:
    return f"{change.collection}\0{change.item_id}", f"{change.member}\0{change.what}"
