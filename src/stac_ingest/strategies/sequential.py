"""One unit after another, in the consumer's own task."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from stac_ingest.core.model import Batch
from stac_ingest.core.source import Source, closing


async def sequential(source: Source[Any], concurrency: int) -> AsyncGenerator[Batch]:  # noqa: ARG001 - it is 1
    """Read each unit when the one before it is consumed."""
    async with closing(source.units()) as units:
        async for unit in units:
            async with closing(source.read(unit)) as batches:
                async for batch in batches:
                    yield batch
