"""What happens to whatever can't be used: it is counted, collected and, up to a point, logged."""

from __future__ import annotations

import logging

from stac_ingest.failures import FailureCollector
from stac_ingest.summary import IngestSummary

LOGGED = 20
"""Warnings of one run; a directory of a million broken files needs no million lines."""


class Rejects:
    """Called by a source with an origin and an error."""

    def __init__(self, collector: FailureCollector, logger: logging.Logger, summary: IngestSummary) -> None:
        self._collector = collector
        self._logger = logger
        self._summary = summary

    def __call__(self, origin: str, error: Exception) -> None:
        """Collect one failure."""
        self._summary.failures += 1
        self._collector.add(origin, error, "ingest", {"error_type": type(error).__name__})
        if self._summary.failures <= LOGGED:
            self._logger.warning("Skipped %s: %s", origin, error)
        elif self._summary.failures == LOGGED + 1:
            self._logger.warning("Further skipped items are collected, not logged")
