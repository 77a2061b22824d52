"""Places for requests whose number changes while they are in use."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.http.resizable_semaphore import ResizableSemaphore


@settings(max_examples=60, deadline=None)
@given(limits=st.lists(st.integers(1, 5), min_size=1, max_size=30), cancelled=st.sets(st.integers(0, 29), max_size=8))
async def test_no_more_than_allowed_are_in(limits: list[int], cancelled: set[int]) -> None:
    """However the number changes, nobody enters while it is reached, all enter in the end, and in their order."""
    allowed, inside, entered = limits[0], 0, list[int]()
    slots = ResizableSemaphore(lambda: allowed)

    async def visit(number: int) -> None:
        nonlocal inside, allowed
        async with slots:
            inside += 1
            assert inside <= allowed
            entered.append(number)
            try:
                await asyncio.sleep(0)
            finally:
                inside -= 1
            # Lowered only to what is taken already: a place isn't taken away.
            allowed = max(slots.taken, limits[number % len(limits)])

    tasks = [asyncio.create_task(visit(number)) for number in range(30)]
    await asyncio.sleep(0)
    for number in cancelled:
        tasks[number].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all(task.cancelled() or task.exception() is None for task in tasks)
    assert entered == sorted(entered)
    assert set(entered) >= set(range(30)) - cancelled
