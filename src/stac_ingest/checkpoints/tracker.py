"""Following an ingest through its source, for a later run to go on where it stopped."""

from __future__ import annotations

from typing import Any, Self

from stac_ingest.core.model import Batch, Item
from stac_ingest.core.source import Resumable
from stac_ingest.summary import IngestSummary


class Tracker:
    """Tells the positions of a run which places were passed, and counts what of an earlier run lies behind them."""

    def __init__(self, context: Any, source: Resumable, summary: IngestSummary) -> None:
        self._positions = context.positions
        self._is_completed = context.checkpoints.is_completed
        self._failures = context.failure_collector
        self._source = source
        self._summary = summary
        self._failed_before = 0
        # Each of them is taken off this count again when it turns out to be read once more.
        summary.resumed = context.checkpoints.completed_count
        self._resumed = summary.resumed > 0
        source.go_on(self._positions.known)

    @classmethod
    def of(cls, context: Any, source: object, summary: IngestSummary) -> Self | None:
        """Begin to follow a run; None where its positions aren't kept, or can't be."""
        if getattr(context, "positions", None) is None or not isinstance(source, Resumable):
            return None
        return cls(context, source, summary)

    def begin(self) -> None:
        """Say that a batch is about to be decoded."""
        self._failed_before = len(self._failures)

    def look(self, item: Item) -> None:
        """Look at an item before it is handed on: one that an earlier run has completed was read again."""
        if self._resumed and self._is_completed(item["id"]):
            self._summary.resumed -= 1

    def end(self, batch: Batch) -> None:
        """Say that all items of the batch were handed on."""
        place = self._source.place(batch, clean=len(self._failures) == self._failed_before)
        if place is not None:
            self._positions.passed(place)
