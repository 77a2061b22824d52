"""A task for each unit, as many as a semaphore lets through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from stac_ingest.core.model import Batch
from stac_ingest.core.source import Source, closing
from stac_ingest.strategies.channel import Put, stream


def semaphore(source: Source[Any], concurrency: int) -> AsyncGenerator[Batch]:
    """Start a task for each unit once a place is free; the place is freed when the unit is read."""

    async def produce(put: Put) -> None:
        places = asyncio.Semaphore(concurrency)

        async def read(unit: Any) -> None:
            try:
                async with closing(source.read(unit)) as batches:
                    async for batch in batches:
                        await put(batch)
            finally:
                places.release()

        async with asyncio.TaskGroup() as tasks, closing(source.units()) as units:
            async for unit in units:
                await places.acquire()
                tasks.create_task(read(unit))

    return stream(produce, concurrency)
