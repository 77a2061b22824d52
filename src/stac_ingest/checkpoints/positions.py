"""How far an interrupted run had come in its source, so that a resumed one needn't read all of it again.

The checkpoint knows which items are written; with that alone a resumed run reads everything to find what remains. So a
position in the source (a slice of files, an interval of time) is noted once all its items are on disk and in the
checkpoint. Notes are only ever behind: what was written and not noted is read again, and left out by the checkpoint.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson

from stac_ingest.core.id_set import key_of
from stac_ingest.core.model import Batch, Item, Position
from stac_ingest.core.source import Resumable

if TYPE_CHECKING:
    from stac_ingest.checkpoints.manager import CheckpointManager
    from stac_ingest.failures import FailureCollector
    from stac_ingest.summary import IngestSummary


class SourcePositions:
    """The positions of one source that are done, in a file with a line of JSON for each write of the output.

    The reader queues them (`queue`), they travel with the batch of items that is being gathered (`take`), and the
    writer, which may be another thread, records them (`commit`).

    Attributes:
        known: the positions that an earlier run has committed.

    """

    def __init__(self, path: Path, known: list[Position]) -> None:
        self.known = known
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
        positions._append({"source": _fingerprint(source)})
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
        committed = [positions for line in lines if isinstance(positions := _parsed(line), list)]
        positions = cls(path, [one for positions in committed for one in positions if isinstance(one, dict)])
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

    def forget(self) -> None:
        """Remove the file: the next run reads everything."""
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _append(self, line: Any) -> None:
        os.write(self._descriptor, orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        os.fsync(self._descriptor)


class ResumeTracker:
    """Queues the positions that a run has passed, and counts the items of an earlier run that this one leaves out."""

    def __init__(
        self,
        positions: SourcePositions,
        checkpoints: CheckpointManager,
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
        source.resume(positions.known)

    def begin(self) -> None:
        """Note that a batch is about to be decoded."""
        self._failed_before = len(self._failures)

    def look(self, item: Item) -> None:
        """Correct the count for an item that an earlier run has completed: it was read again."""
        if self._resumed and self._is_completed(item["id"], key_of(item)[0]):
            self._summary.resumed -= 1

    def end(self, batch: Batch) -> None:
        """Queue the position of a batch whose items were all handed on."""
        position = self._source.position(batch, clean=len(self._failures) == self._failed_before)
        if position is not None:
            self._positions.queue(position)


def _fingerprint(source: Mapping[str, Any]) -> str:
    # A hash, because a source may hold what nobody else is to read.
    return blake2b(orjson.dumps(source, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except ValueError:
        return None
