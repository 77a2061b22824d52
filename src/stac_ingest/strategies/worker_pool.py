"""A pool of workers that take units from one queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from stac_ingest.core.model import Batch
from stac_ingest.core.source import Source, closing
from stac_ingest.strategies.channel import Put, stream


def queue(source: Source[Any], concurrency: int) -> AsyncGenerator[Batch]:
    """Let `concurrency` workers take the next unit, read it, and take the next, until there is none."""

    async def produce(put: Put) -> None:
        units: asyncio.Queue[Any] = asyncio.Queue(concurrency)

        async def feed() -> None:
            async with closing(source.units()) as found:
                async for unit in found:
                    await units.put(unit)
            for _ in range(concurrency):
                await units.put(None)

        async def work() -> None:
            while (unit := await units.get()) is not None:
                async with closing(source.read(unit)) as batches:
                    async for batch in batches:
                        await put(batch)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(feed())
            for _ in range(concurrency):
                tasks.create_task(work())

    return stream(produce, concurrency)
