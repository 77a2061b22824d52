"""One unit after another, in the consumer's own task."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from stac_ingest.sources.base import Batch, Source


async def sequential(source: Source[Any], concurrency: int) -> AsyncIterator[Batch]:  # noqa: ARG001 - it is 1
    """Read each unit when the one before it is consumed."""
    async with aclosing(source.units()) as units:
        async for unit in units:
            async with aclosing(source.read(unit)) as batches:
                async for batch in batches:
                    yield batch
