"""Parses from memory, in a plain loop, what the package would read: the floor that no ingest can beat."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import orjson

from ingest_bench.arms.base import ArmKind, ArmSpec
from ingest_bench.arms.ingest_arm import READERS, ingest_settings
from ingest_bench.arms.layouts import ITEM_FILES
from stac_ingest.api.item_splitter import features
from stac_ingest.config import IngestConfig
from stac_ingest.context import WorkflowContext
from stac_ingest.core.model import Payload
from stac_ingest.errors import ResponseError
from stac_ingest.ingest_loop import driven
from stac_ingest.sources import make_source
from stac_ingest.strategies import load_strategy
from stac_ingest.summary import IngestSummary


class ParseOnly:
    """Holds everything in memory once `prepare` is done; then yields the items of it."""

    def __init__(self, spec: ArmSpec) -> None:
        """Take the settings of an ingest."""
        self._network = spec.lies.network
        self._config = IngestConfig.parse(ingest_settings(spec))
        self._payloads: list[Payload] = []
        self.summary = IngestSummary()

    async def prepare(self) -> None:
        """Read everything into memory. Not part of what is measured."""
        config = self._config
        source = await asyncio.to_thread(make_source, config, config.collection_id, IngestSummary())
        async with driven(source, load_strategy(config.strategy), config.workers) as batches:
            self._payloads = [payload async for batch in batches for payload in batch]

    async def fetch(self, context: WorkflowContext) -> AsyncGenerator[dict[str, Any]]:
        """Parse one text after another."""
        parse = _of_page if self._network else _of_file
        for payload in self._payloads:
            try:
                for item in parse(payload):
                    if type(item) is dict and type(item.get("id")) is str and item["id"]:
                        yield item
                    else:
                        context.failure_collector.add(payload.origin, "not an item with an id")
            except (orjson.JSONDecodeError, ResponseError) as error:
                context.failure_collector.add(payload.origin, error)


def _of_file(payload: Payload) -> tuple[Any, ...]:
    return (orjson.loads(payload.data),)


def _of_page(payload: Payload) -> Iterator[Any]:
    # One at a time, as the package does it: parsing a page whole takes longer than that, and would be no floor.
    return features(payload.data.page.body, payload.origin)


ARM = ArmKind(
    name="parse_only",
    description="parses from memory, in a plain loop, what the package would read",
    make=ParseOnly,
    reads=(*ITEM_FILES, "api"),
    preload=READERS,
    stage="from_memory",
    asks=False,
    max_concurrency=1,
    settings=IngestConfig,
    counts=("requests",),
)
