"""What happens to whatever can't be used: it is counted, collected and, up to a point, logged."""

from __future__ import annotations

import logging

from stac_ingest.core.text import encodable, in_words, printable
from stac_ingest.failures import FailureCollector
from stac_ingest.summary import IngestSummary

LOGGED = 20
"""Warnings of one run; a directory of a million broken files needs no million lines."""


class FailureReporter:
    """Called by a source with an origin and an error.

    Attributes:
        first: the first of them, in words; None while there is none.

    """

    def __init__(self, collector: FailureCollector, logger: logging.Logger, summary: IngestSummary) -> None:
        self._collector = collector
        self._logger = logger
        self._summary = summary
        self.first: str | None = None

    def __call__(self, origin: str, error: Exception) -> None:
        """Collect one failure."""
        origin = encodable(origin)
        self._summary.failures += 1
        self._collector.add(origin, error, "ingest")
        if self._summary.failures > LOGGED + 1:
            return
        words = f"{printable(origin)}: {printable(in_words(error))}"
        self.first = self.first or words
        if self._summary.failures <= LOGGED:
            self._logger.warning("Skipped %s", words)
        else:
            self._logger.warning("Further failures are collected, not logged")
