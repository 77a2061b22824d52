"""Which positions of a source an ingest has passed, for a later run to resume from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stac_ingest.core.source import Resumable

if TYPE_CHECKING:
    from stac_ingest.checkpoints.manager import CheckpointManager
    from stac_ingest.checkpoints.positions import SourcePositions
    from stac_ingest.core.model import Batch, Item
    from stac_ingest.failures import FailureCollector
    from stac_ingest.summary import IngestSummary


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
        if self._resumed and self._is_completed(item["id"]):
            self._summary.resumed -= 1

    def end(self, batch: Batch) -> None:
        """Queue the position of a batch whose items were all handed on."""
        position = self._source.position(batch, clean=len(self._failures) == self._failed_before)
        if position is not None:
            self._positions.queue(position)
