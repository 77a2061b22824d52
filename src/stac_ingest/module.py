"""The module: joins a source, a strategy and a context."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

from stac_ingest.changes import ChangeCollector
from stac_ingest.checkpoints.positions import ResumeTracker
from stac_ingest.config import IngestConfig
from stac_ingest.context import WorkflowContext
from stac_ingest.core.model import Item
from stac_ingest.core.rows import AsLines, Rows
from stac_ingest.core.source import Resumable, Source
from stac_ingest.core.text import counted
from stac_ingest.errors import DataProcessingError
from stac_ingest.failure_reporter import FailureReporter
from stac_ingest.ingest_loop import Ingest, ingest_items, ingest_rows
from stac_ingest.sources import check_path, make_source, place_of
from stac_ingest.sources.usable_settings import check_settings
from stac_ingest.sources.wanted import filter_of
from stac_ingest.strategies import load_strategy
from stac_ingest.summary import IngestSummary


class IngestModule:
    """Fetches items from files or from a STAC API: a `Fetcher` of a pipeline.

    Attributes:
        config: the settings, checked.
        summary: counts and choices of the latest run; grows while it runs.
        delivers_once: that of items that come twice the second is left out.

    """

    delivers_once = True

    def __init__(self, settings: dict[str, Any] | IngestConfig) -> None:
        """Check the settings. Nothing is read yet.

        Args:
            settings: the fields of `IngestConfig` by name, or an `IngestConfig`.

        Raises:
            ConfigurationError: names the wrong setting, what was found and what is allowed.

        """
        self.config = IngestConfig.parse(_with_root(settings))
        self.summary = IngestSummary()
        # Imported here rather than while items flow: who measures an ingest doesn't want to measure that.
        self._strategy = load_strategy(self.config.strategy)
        self._logger = logging.getLogger("stac_ingest")
        check_settings(self.config)
        check_path(self.config)

    def set_logger(self, logger: logging.Logger) -> None:
        """Log to another logger from now on.

        Args:
            logger: takes a warning for each failed item. Until this call it is the logger `stac_ingest`.

        """
        self._logger = logger

    def fetch(self, context: WorkflowContext) -> AsyncGenerator[Item]:
        """Yield items; collect what fails in `context.failure_collector`.

        Items come in any order when `concurrency` is above 1. Closing the iterator, or leaving it by an error, ends
        every read and request under way.

        Args:
            context: takes failures and changes. Its `data["collection_id"]` stands in for a missing `collection_id`.

        Returns:
            An async iterator of items, each a dict as JSON has it. Nothing is read before it is iterated.

        Raises:
            ConfigurationError: no items are where the settings point.
            DataProcessingError: nothing could be read, or the server's answers can't be used.

        """
        return ingest_items(self._ingest(context))

    def fetch_rows(self, context: WorkflowContext, *, as_lines: AsLines) -> AsyncGenerator[Rows]:
        """Yield the same items in batches, for an output that takes them so.

        Args:
            context: as of `fetch`.
            as_lines: whether lines of JSON are wanted.

        Returns:
            An async iterator of batches of at least one item.

        Raises:
            ConfigurationError: as `fetch` raises it.
            DataProcessingError: as `fetch` raises it.

        """
        return ingest_rows(self._ingest(context), as_lines=as_lines)

    def _ingest(self, context: WorkflowContext) -> Ingest:
        """Return what says how to read, for one run."""
        config = self.config
        # A context of one's own need not have a collector.
        changes = getattr(context, "changes", None) or ChangeCollector()
        self.summary = summary = IngestSummary(strategy=config.strategy, concurrency=config.workers, changes=changes)
        summary.collections = getattr(context, "collections", summary.collections)
        reporter = FailureReporter(context.failure_collector, self._logger, summary)
        collection_id = config.collection_id or context.data.get("collection_id")
        return Ingest(
            make=lambda: make_source(config, collection_id, summary),
            strategy=self._strategy,
            reject=reporter,
            summary=summary,
            wanted=filter_of(config),
            track=partial(_tracker, context, summary),
            deliveries=getattr(context, "deliveries", None),
            place=place_of(config) if config.hrefs == "absolute" else None,
            max_items=config.max_items,
            finish=partial(_check_some_read, config, reporter, summary),
        )


def _with_root(settings: dict[str, Any] | IngestConfig) -> dict[str, Any] | IngestConfig:
    if isinstance(settings, IngestConfig) or settings.get("mode") != "api":
        return settings
    from stac_ingest.api.pasted import with_pasted  # noqa: PLC0415 - files don't need it

    return with_pasted(settings, IngestConfig.names(), "collection_id")


def _tracker(context: WorkflowContext, summary: IngestSummary, source: Source[Any]) -> ResumeTracker | None:
    """Return what tracks a run; None where its positions aren't kept, or can't be."""
    positions, checkpoints = getattr(context, "positions", None), getattr(context, "checkpoints", None)
    if positions is None or checkpoints is None or not isinstance(source, Resumable):
        return None
    return ResumeTracker(positions, checkpoints, context.failure_collector, source, summary)


def _check_some_read(config: IngestConfig, reporter: FailureReporter, summary: IngestSummary) -> None:
    if config.mode != "file" or summary.items + summary.resumed + summary.filtered:
        return
    if reporter.first is not None:
        raise DataProcessingError(
            f"No item could be read from {config.source}: {counted(summary.failures, 'failure')}, the first is "
            f"{reporter.first}"
        )
    if summary.passed_over:
        raise DataProcessingError(
            f"No item could be read from {config.source}: {'; '.join(summary.notes)}; give the folder of the items"
        )
