"""How far an interrupted run had come in its source, so that a resumed one needn't read all of it again.

The checkpoint knows which items are written; with that alone a resumed run reads everything to find what remains. So a
position in the source (a slice of files, an interval of time) is noted once all its items are on disk and in the
checkpoint. Notes are only ever behind: what was written and not noted is read again, and left out by the checkpoint.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson

from stac_ingest.core.id_set import IdSet, Key
from stac_ingest.core.model import Batch, Position
from stac_ingest.core.source import Resumable

if TYPE_CHECKING:
    from stac_ingest.checkpoints.records import Records
    from stac_ingest.failures import FailureCollector
    from stac_ingest.summary import IngestSummary


_IDS, _REPEATED = "ids", "repeated"
"""Members of a position: the ids that came from it, by collection, and how many items there came again."""


@dataclass(slots=True)
class Delivered:
    """What came from the positions that an earlier run has committed."""

    items: IdSet = field(default_factory=IdSet)
    repeated: int = 0


class SourcePositions:
    """The positions of one source that are done, in a file with a line of JSON for each write of the output.

    The reader queues them (`queue`), they travel with the batch of items that is being gathered (`take`), and the
    writer, which may be another thread, records them (`commit`).

    Attributes:
        known: the positions that an earlier run has committed.
        delivered: the items that came from these, and how many came again, for each `list` that positions are of.

    """

    def __init__(self, path: Path, known: Iterable[Position]) -> None:
        self.delivered: dict[str | None, Delivered] = {}
        self.known = list(map(self._without_items, known))
        self._path = path
        self._queued: list[Position] = []
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)

    @classmethod
    def begin(cls, path: Path, source: Mapping[str, Any]) -> Self:
        """Return the positions of a run that starts from the beginning; a file of an earlier run is replaced.

        Args:
            path: of the file.
            source: the settings that say which source it is, as JSON can hold them.

        Raises:
            OSError: the file can't be written.

        """
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        positions = cls(path, [])
        positions._append({"source": _fingerprint(source)})  # on disk with the first commit: a file without it is none
        return positions

    @classmethod
    def resume(cls, path: Path, source: Mapping[str, Any]) -> Self | None:
        """Return the positions that earlier runs have committed; None, and the file goes, where `source` is another.

        Raises:
            OSError: the file can't be read or written.

        """
        first, *lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
        if _parsed(first) != {"source": _fingerprint(source)}:
            path.unlink(missing_ok=True)
            return None
        committed = (positions for line in lines if isinstance(positions := _parsed(line), list))
        positions = cls(path, (one for positions in committed for one in positions if isinstance(one, dict)))
        if lines and lines[-1]:
            os.write(positions._descriptor, b"\n")  # ends the half line of a run that was killed
        return positions

    def queue(self, position: Position) -> None:
        """Add a position whose items were all handed to the output."""
        self._queued.append(position)

    def take(self) -> list[Position]:
        """Return the positions that were queued since the last call."""
        taken, self._queued = self._queued, []
        return taken

    def commit(self, positions: Sequence[Position]) -> None:
        """Record positions whose items are all on disk and in the checkpoint.

        Raises:
            OSError: the file can't be written.

        """
        self._append(list(positions))
        os.fsync(self._descriptor)

    def forget(self) -> None:
        """Remove the file: the next run reads everything."""
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _without_items(self, position: Position) -> Position:
        """Take from a position which items came from it: a million of them are not to be kept as text."""
        ids, repeated = position.pop(_IDS, {}), position.pop(_REPEATED, 0)
        delivered = self.delivered.setdefault(position.get("list"), Delivered())
        delivered.repeated += repeated
        for collection, some in ids.items():
            for item_id in some:
                delivered.items.add(collection, item_id)
        return position

    def _append(self, line: Any) -> None:
        os.write(self._descriptor, orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


class ResumeTracker:
    """Queues the positions that a run has passed, and counts the items of an earlier run that this one leaves out."""

    def __init__(
        self,
        positions: SourcePositions,
        checkpoints: Records,
        failures: FailureCollector,
        source: Resumable,
        summary: IngestSummary,
    ) -> None:
        self._positions = positions
        self._is_completed = checkpoints.is_completed
        self._failures = failures
        self._source = source
        self._summary = summary
        self._failed_before = 0
        # Each of them is taken off this count again when it turns out to be read once more.
        summary.resumed = checkpoints.completed_count
        self._resumed = summary.resumed > 0
        self._delivered: IdSet | None = None
        self._ids: dict[str, list[str]] = {}
        self._repeated_before = 0
        source.resume(positions.known)

    def begin(self) -> None:
        """Note that a batch is about to be decoded."""
        if self._delivered is None:
            # Only now that the source is open it is known which positions it leaves out.
            delivered = self._positions.delivered.get(self._source.listing(), Delivered())
            self._summary.duplicates += delivered.repeated
            self._delivered = delivered.items
        self._failed_before = len(self._failures)
        self._repeated_before = self._summary.duplicates
        self._ids = {}

    def look(self, key: Key) -> bool:
        """Take note of an item, by its collection and id, that comes for the first time in this run.

        Returns:
            Whether it is to be delivered. What came from a position that is left out came before: it is a duplicate.
            What an earlier run has written from this very position was just read again.

        """
        collection, item_id = key
        if self._resumed and self._is_completed(item_id, collection):
            if self._delivered is not None and self._delivered.has(collection, item_id):
                return False
            self._summary.resumed -= 1
        self._ids.setdefault(collection, []).append(item_id)
        return True

    def look_all(self, keys: Sequence[Key], but: Container[int]) -> list[int]:
        """Take note of many, as `look` does.

        Args:
            keys: of the items.
            but: the numbers of those that came before in this run.

        Returns:
            The numbers of those that aren't to be delivered.

        """
        if self._resumed or but:
            return [number for number, key in enumerate(keys) if number not in but and not self.look(key)]
        for collection, item_id in keys:
            self._ids.setdefault(collection, []).append(item_id)
        return []

    def end(self, batch: Batch) -> None:
        """Queue the position of a batch whose items were all handed on."""
        position = self._source.position(batch, clean=len(self._failures) == self._failed_before)
        if position is None:
            return
        if "list" in position:
            # Of stretches of time this isn't noted: they share their edges, so what comes again there is no duplicate.
            position |= {_IDS: self._ids, _REPEATED: self._summary.duplicates - self._repeated_before}
        self._positions.queue(position)


def _fingerprint(source: Mapping[str, Any]) -> str:
    # A hash, because a source may hold what nobody else is to read.
    return blake2b(orjson.dumps(source, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except ValueError:
        return None
