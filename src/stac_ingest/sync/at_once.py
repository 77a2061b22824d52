"""Tasks of an API that are read side by side, with no more requests in flight than the settings allow for all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from stac_ingest.sync.plan import Task
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.settings import SyncSettings

MOST = 4
"""Tasks that are read at once: each keeps what it has read and not sorted yet in memory, some MB."""
_OF_API = frozenset({"api_items", "api_ids"})

Read = Callable[[SyncSettings, Task, Progress], Awaitable[None]]


def shares(settings: SyncSettings, tasks: Sequence[Task]) -> list[SyncSettings]:
    """Return the settings of each of the tasks that are read at once: their requests together are those of the whole.

    Files are read one task at a time, each with as many workers as the settings say.
    """
    config = settings.config
    budget = config.budget
    workers = min(config.workers, budget.max_in_flight or config.workers)
    at_once = min(MOST, workers, len(tasks))
    if at_once <= 1 or any(task.reader not in _OF_API for task in tasks):
        return [settings]
    made = []
    for number in range(at_once):
        share = workers // at_once + (number < workers % at_once)
        rate = budget.requests_per_second
        own = config.replace(
            concurrency=config.concurrency if config.concurrency == "auto" else share,
            budget={
                "max_requests": budget.max_requests,
                "requests_per_second": None if rate is None else rate * share / workers,
                "max_in_flight": share,
            },
        )
        made.append(settings.model_copy(update={"source": own.given()}))
    return made


async def read_all(settings: SyncSettings, tasks: Sequence[Task], read: Read, progress: Progress) -> None:
    """Read tasks, several at once.

    Args:
        settings: of the sync.
        tasks: that are read.
        read: reads one, with settings of its own.
        progress: told of all together.

    Raises:
        ConfigurationError, DataProcessingError: those of the first task that can't be read; the others are ended.

    """
    each = shares(settings, tasks)
    if len(each) == 1:
        for task in tasks:
            await read(each[0], task, progress)
        return
    left = iter(enumerate(tasks))
    told = _Together(progress)

    async def reader(own: SyncSettings) -> None:
        for place, task in left:
            await read(own, task, told.of(place))

    readers = [asyncio.create_task(reader(own)) for own in each]
    try:
        await asyncio.gather(*readers)
    finally:
        for one in readers:
            one.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


class _Together:
    """Tells how far all tasks are."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._counts: dict[tuple[int, str], int] = {}

    def of(self, place: int) -> Progress:
        """Return what is told of one task."""

        def tell(what: str, count: int) -> None:
            self._counts[place, what] = count
            self._progress(what, sum(number for (_, other), number in self._counts.items() if other == what))

        return tell
