"""The module: joins a source, a strategy and a context."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from stac_ingest.config import IngestConfig
from stac_ingest.context import WorkflowContext
from stac_ingest.dedup import Seen
from stac_ingest.errors import DataProcessingError
from stac_ingest.rejects import Rejects
from stac_ingest.sources import check_path, make_source
from stac_ingest.sources.base import Item
from stac_ingest.strategies import choose_strategy
from stac_ingest.summary import IngestSummary
from stac_ingest.tracking import Tracker


class IngestModule:
    """Fetches items from files or from a STAC API: a `Fetcher` of a pipeline.

    Attributes:
        config: the settings, checked.
        summary: counts and choices of the latest run; grows while it runs.

    """

    def __init__(self, settings: dict[str, Any] | IngestConfig) -> None:
        """Check the settings.

        Raises:
            ConfigurationError: naming what is wrong with which setting.

        """
        self.config = IngestConfig.parse(settings)
        self._strategy = choose_strategy(self.config)
        self.summary = IngestSummary()
        self._logger = logging.getLogger("stac_ingest")
        if self.config.mode == "file":
            check_path(self.config)

    def set_logger(self, logger: logging.Logger) -> None:
        """Log to `logger` from now on."""
        self._logger = logger

    async def fetch(self, context: WorkflowContext) -> AsyncGenerator[Item]:
        """Yield items; collect what fails in `context.failure_collector`.

        Items come in any order when `concurrency` is above 1. Closing the iterator, or leaving it by an error, ends
        every read and request under way.

        Raises:
            ConfigurationError: no collection id (api mode), or no items where the settings point.
            DataProcessingError: nothing could be read, or the server's answers can't be used.

        """
        config = self.config
        name, strategy = self._strategy
        self.summary = summary = IngestSummary(strategy=name, concurrency=config.workers)
        rejects = Rejects(context.failure_collector, self._logger, summary)
        collection_id = config.collection_id or context.data.get("collection_id")
        source = await asyncio.to_thread(make_source, config, collection_id, summary)
        seen = Seen() if config.mode == "api" else None
        tracker = Tracker.of(context, source, summary)
        try:
            await source.open()
            async with aclosing(strategy(source, config.workers)) as batches:
                async for batch in batches:
                    if tracker is not None:
                        tracker.begin()
                    for item in source.decode(batch, rejects):
                        if seen is not None and not seen.add(*_identity(item)):
                            summary.duplicates += 1
                            continue
                        summary.items += 1
                        if tracker is not None:
                            tracker.look(item)
                        yield item
                        if summary.items == config.max_items:
                            return
                    if tracker is not None:
                        tracker.end(batch)
        finally:
            await source.close()
        if rejects.first is not None and not summary.items + summary.resumed and config.mode == "file":
            raise DataProcessingError(
                f"No item could be read from {config.source}: {summary.failures} failures, the first is {rejects.first}"
            )


def _identity(item: Item) -> tuple[str, str]:
    collection = item.get("collection")
    return (collection if isinstance(collection, str) else "", item["id"])
