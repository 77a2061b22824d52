"""A pool of workers that take units from one queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from stac_ingest.sources.base import Batch, Source
from stac_ingest.strategies.stream import Put, stream


def queue(source: Source[Any], concurrency: int) -> AsyncIterator[Batch]:
    """Let `concurrency` workers take the next unit, read it, and take the next, until there is none."""

    async def produce(put: Put) -> None:
        units: asyncio.Queue[Any] = asyncio.Queue(concurrency)

        async def feed() -> None:
            async with aclosing(source.units()) as found:
                async for unit in found:
                    await units.put(unit)
            for _ in range(concurrency):
                await units.put(None)

        async def work() -> None:
            while (unit := await units.get()) is not None:
                async for batch in source.read(unit):
                    await put(batch)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(feed())
            for _ in range(concurrency):
                tasks.create_task(work())

    return stream(produce, concurrency)
