"""The fetcher of one shard: each item once, and none that belongs to another shard."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

import orjson

from stac_ingest.changes import ChangeCollector
from stac_ingest.config import IngestConfig
from stac_ingest.context import WorkflowContext
from stac_ingest.core.model import Item
from stac_ingest.core.source import Source
from stac_ingest.failure_reporter import FailureReporter
from stac_ingest.filters import filter_of
from stac_ingest.ingest_loop import ingest_items
from stac_ingest.outputs.base import encode_json
from stac_ingest.strategies import load_strategy
from stac_ingest.summary import IngestSummary


class OutOfShardItems:
    """Items that a shard received and that belong to another one, kept in case that one never receives them.

    Attributes:
        count: how many there are.

    """

    def __init__(self, path: Path, changes: ChangeCollector) -> None:
        self._path = path
        self._changes = changes
        self._stream: IO[bytes] | None = None
        self.count = 0

    def add(self, item: Item) -> None:
        """Keep one."""
        if self._stream is None:
            self._stream = self._path.open("wb")
        self._stream.write(encode_json(item, orjson.OPT_APPEND_NEWLINE, self._changes))
        self.count += 1

    def close(self) -> None:
        """Write what is left. Closing twice is fine."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class ShardFetcher:
    """Fetches from a source that is one shard of a larger one."""

    delivers_once = True

    def __init__(
        self,
        config: IngestConfig,
        make: Callable[[IngestSummary], Source[Any]],
        owns: Callable[[Item], bool],
        strays: OutOfShardItems,
        place: str | None = None,
    ) -> None:
        """Fetch one shard.

        Args:
            config: how units are driven.
            make: makes the source, which counts into the summary that it is given.
            owns: says whether an item belongs to the shard.
            strays: takes the items that don't.
            place: that relative hrefs are made absolute from; None leaves them.

        """
        self._config = config
        self._make = make
        self._owns = owns
        self._strays = strays
        self._place = place
        self._strategy = load_strategy(config.strategy)
        self.summary = IngestSummary()

    def fetch(self, context: WorkflowContext) -> AsyncGenerator[Item]:
        """Yield items; collect what fails in `context.failure_collector`.

        Raises:
            DataProcessingError: the source as a whole can't be read.

        """
        self.summary = summary = IngestSummary(
            strategy=self._config.strategy, concurrency=self._config.workers, changes=context.changes
        )
        return ingest_items(
            partial(self._make, summary),
            self._strategy,
            FailureReporter(context.failure_collector, logging.getLogger("stac_ingest"), summary),
            summary,
            wanted=filter_of(self._config),
            place=self._place,
            keep=self._is_ours,
        )

    def _is_ours(self, item: Item) -> bool:
        if self._owns(item):
            return True
        self._strays.add(item)
        return False
