"""All items of an API as tasks: cut by time where the server counts them, as the shards of an ingest are."""

from __future__ import annotations

from datetime import UTC, datetime

from stac_ingest.api.intervals import Interval, expected_span, parse_interval
from stac_ingest.api.search_forms import REFUSED_INTERVAL
from stac_ingest.errors import ResponseError
from stac_ingest.sharding.splitters.partition import balanced
from stac_ingest.sharding.splitters.time_counts import CountedInterval, bisected
from stac_ingest.sync.api.session import ApiSession
from stac_ingest.sync.api.stretches import finds_all_by_time, wide
from stac_ingest.sync.api.task_size import items_of_a_task
from stac_ingest.sync.plan import Covered, Task

_FINER = 2
"""Intervals are halved until so many make a task."""


async def whole_tasks(session: ApiSession, total: int | None, task_items: int, *, is_cut: bool) -> list[Task]:
    """Plan to read all items.

    Args:
        session: the API.
        total: items that the server counts; None where it doesn't.
        task_items: about how many a task is to read at most.
        is_cut: whether there may be several tasks, cut by time; else one reads all.

    Raises:
        DataProcessingError: the server doesn't answer any more.

    """
    size = items_of_a_task(total or 0, session.limit, task_items)
    parts = await _parts(session, total, size) if is_cut else [(session.requested, total)]
    tasks = []
    for number, (interval, items) in enumerate(parts):
        start = interval.start if number else None
        before = interval.end if number < len(parts) - 1 else None
        read = wide(start, before, session.requested)
        covered = Covered(start=start, before=before, undated=len(parts) == 1)
        tasks.append(
            Task(number=number, reader="api_items", what=time_of(read, session), covers=[covered], expected=items)
        )
    return tasks


def time_of(interval: Interval, session: ApiSession) -> dict[str, str]:
    """Return what a task reads, in time; nothing where it is all that is requested."""
    return {} if interval == session.requested else {"datetime": str(interval)}


async def _parts(session: ApiSession, total: int | None, task_items: int) -> list[tuple[Interval, int | None]]:
    requested = session.requested
    whole: list[tuple[Interval, int | None]] = [(requested, total)]
    wanted = 1 if total is None else -(-total // task_items)
    if total is None or wanted <= 1 or session.api.here:
        return whole
    try:
        if not await finds_all_by_time(session, total):
            session.summary.note("searches by time don't find all items, so one task reads all")
            return whole
        this_year = parse_interval(f"{datetime.now(UTC).year}").end or 0
        extent = Interval(*expected_span(session.api.extent, requested, this_year))
        counted = await bisected(session, requested, extent, total, max(1, total // (_FINER * wanted)))
    except ResponseError as error:
        if error.status not in REFUSED_INTERVAL:
            raise
        session.summary.note(f"the server refuses an interval of time (status {error.status}), so one task reads all")
        return whole
    return [
        (
            Interval(counted[part.start].interval.start, counted[part.stop - 1].interval.end),
            sum(_items(counted, part)),
        )
        for part in balanced([one.items for one in counted], wanted)
    ]


def _items(counted: list[CountedInterval], part: range) -> list[int]:
    return [counted[at].items for at in part]
