"""What every strategy is: a way to drive the units of a source."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

from stac_ingest.core.model import Batch
from stac_ingest.core.source import Source

T = TypeVar("T")


class Strategy(Protocol):
    """Drives a source's units, at most `concurrency` at once, and yields their batches as they come.

    The order of batches is free. Closing the iterator ends every unit under way before it returns. A slow consumer
    stops the reading: no more than `concurrency` batches wait for it, and one more in the hands of each unit under way.
    The error of a unit ends all, and is raised as it is.
    """

    def __call__(self, source: Source[Any], concurrency: int) -> AsyncGenerator[Batch]: ...


@asynccontextmanager
async def closing(stream: AsyncIterator[T]) -> AsyncGenerator[AsyncIterator[T]]:
    """Close an iterator at the end of the block, if it is one that can be: an async generator isn't left to chance."""
    try:
        yield stream
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()
