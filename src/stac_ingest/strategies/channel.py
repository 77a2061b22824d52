"""A bounded hand-over from producing tasks to a consuming generator.

The producers don't run inside the generator: a failing child of a task group cancels the task that entered the group,
and while a generator is suspended that is whatever task consumes it. So a supervising task owns the group, and how it
ended is looked at when all that it put has been taken.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine

from stac_ingest.core.model import Batch

Put = Callable[[Batch], Awaitable[None]]


async def stream(produce: Callable[[Put], Coroutine[None, None, None]], capacity: int) -> AsyncGenerator[Batch]:
    """Yield what `produce` puts, while at most `capacity` batches wait for the consumer.

    Closing the iterator cancels the producers and waits for their end.

    Raises:
        Exception: the first error of the producers, after the batches that came before it.

    """
    waiting: deque[Batch] = deque()
    room = asyncio.Semaphore(capacity)
    news = asyncio.Event()

    async def put(batch: Batch) -> None:
        await room.acquire()
        waiting.append(batch)
        news.set()

    supervisor = asyncio.create_task(produce(put))
    supervisor.add_done_callback(lambda _: news.set())
    try:
        while waiting or not supervisor.done():
            while waiting:
                room.release()
                yield waiting.popleft()
            news.clear()
            if not supervisor.done():
                await news.wait()
        if (error := supervisor.exception()) is not None:
            raise _first(error)
    finally:
        supervisor.cancel()
        await asyncio.wait([supervisor])
        if not supervisor.cancelled():
            supervisor.exception()  # looked at, so that asyncio doesn't report it as forgotten


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
