"""The fetcher of one shard: each item once, and none that belongs to another shard."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import IO, Any

import orjson

from stac_ingest.config import IngestConfig
from stac_ingest.context import WorkflowContext
from stac_ingest.dedup import Seen
from stac_ingest.rejects import Rejects
from stac_ingest.sources.base import Item, Source
from stac_ingest.strategies import choose_strategy
from stac_ingest.summary import IngestSummary

Key = tuple[str, str]


def key_of(item: Item) -> Key:
    """Tell an item from all others: its collection and its id."""
    collection = item.get("collection")
    return (collection if isinstance(collection, str) else "", item["id"])


class Strays:
    """Items that came to a shard and belong to another one, kept in case that they never come to that one.

    Attributes:
        count: how many there are.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: IO[bytes] | None = None
        self.count = 0

    def add(self, item: Item) -> None:
        """Keep one."""
        if self._stream is None:
            self._stream = self._path.open("wb")
        self._stream.write(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE))
        self.count += 1

    def close(self) -> None:
        """Write what is left. Closing twice is fine."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class ShardFetcher:
    """Fetches from a source that is one shard of a larger one."""

    def __init__(
        self,
        config: IngestConfig,
        make: Callable[[IngestSummary], Source[Any]],
        owns: Callable[[Item], bool],
        strays: Strays,
    ) -> None:
        """Take what there is to know of the shard.

        Args:
            config: how units are driven.
            make: makes the source, which counts into the summary that it is given.
            owns: says whether an item belongs to the shard.
            strays: takes the items that don't.

        """
        self._config = config
        self._make = make
        self._owns = owns
        self._strays = strays
        self.summary = IngestSummary()

    async def fetch(self, context: WorkflowContext) -> AsyncGenerator[Item]:
        """Yield items; collect what fails in `context.failure_collector`.

        Raises:
            DataProcessingError: the source as a whole can't be read.

        """
        name, strategy = choose_strategy(self._config)
        self.summary = summary = IngestSummary(strategy=name, concurrency=self._config.workers)
        rejects = Rejects(context.failure_collector, logging.getLogger("stac_ingest"), summary)
        seen, source = Seen(), self._make(summary)
        try:
            await source.open()
            async with aclosing(strategy(source, self._config.workers)) as batches:
                async for batch in batches:
                    for item in source.decode(batch, rejects):
                        if not seen.add(*key_of(item)):
                            summary.duplicates += 1
                            continue
                        summary.items += 1
                        if self._owns(item):
                            yield item
                        else:
                            self._strays.add(item)
        finally:
            await source.close()
            self._strays.close()
