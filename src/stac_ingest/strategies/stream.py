"""A bounded hand-over from producing tasks to a consuming generator.

The producers don't run inside the generator: a failing child of a task group cancels the task that entered the group,
and while a generator is suspended that is whatever task consumes it. So a supervising task owns the group, and its end,
good or bad, travels through the stream like a batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

from stac_ingest.sources.base import Batch

Put = Callable[[Batch], Awaitable[None]]


class _End(NamedTuple):
    error: Exception | None


async def stream(produce: Callable[[Put], Awaitable[None]], capacity: int) -> AsyncIterator[Batch]:
    """Yield what `produce` puts, while at most `capacity` batches wait for the consumer.

    Closing the iterator cancels the producers and waits for their end.

    Raises:
        Exception: the first error of the producers, after the batches that came before it.

    """
    waiting: asyncio.Queue[Batch | _End] = asyncio.Queue(capacity)

    async def supervise() -> None:
        error: Exception | None = None
        try:
            await produce(waiting.put)
        except Exception as caught:  # noqa: BLE001 - handed to the consumer, who raises it
            error = _first(caught)
        await waiting.put(_End(error))

    supervisor = asyncio.create_task(supervise())
    try:
        while not isinstance(got := await waiting.get(), _End):
            yield got
        if got.error is not None:
            raise got.error
    finally:
        supervisor.cancel()
        with suppress(asyncio.CancelledError):
            await supervisor


def _first(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
