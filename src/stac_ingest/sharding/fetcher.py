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
from stac_ingest.core.rows import AsLines, Rows
from stac_ingest.core.source import Source
from stac_ingest.failure_reporter import FailureReporter
from stac_ingest.ingest_loop import Ingest, ingest_items, ingest_rows
from stac_ingest.outputs.base import encode_json
from stac_ingest.sources.wanted import filter_of
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
        owns: Callable[[Item], bool] | None,
        strays: OutOfShardItems,
        place: str | None = None,
    ) -> None:
        """Fetch one shard.

        Args:
            config: how units are driven.
            make: makes the source, which counts into the summary that it is given.
            owns: says whether an item belongs to the shard; None where all do.
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
        return ingest_items(self._ingest(context))

    def fetch_rows(self, context: WorkflowContext, *, as_lines: AsLines) -> AsyncGenerator[Rows]:
        """Yield the same items in batches.

        Args:
            context: as of `fetch`.
            as_lines: whether lines of JSON are wanted.

        Raises:
            DataProcessingError: the source as a whole can't be read.

        """
        return ingest_rows(self._ingest(context), as_lines=as_lines)

    def _ingest(self, context: WorkflowContext) -> Ingest:
        self.summary = summary = IngestSummary(
            strategy=self._config.strategy, concurrency=self._config.workers, changes=context.changes
        )
        wanted = filter_of(self._config)
        if wanted is not None:
            wanted.sees_all = False
        return Ingest(
            make=partial(self._make, summary),
            strategy=self._strategy,
            reject=FailureReporter(context.failure_collector, logging.getLogger("stac_ingest"), summary),
            summary=summary,
            wanted=wanted,
            place=self._place,
            keep=None if self._owns is None else partial(self._is_ours, self._owns),
        )

    def _is_ours(self, owns: Callable[[Item], bool], item: Item) -> bool:
        if owns(item):
            return True
        self._strays.add(item)
        return False
