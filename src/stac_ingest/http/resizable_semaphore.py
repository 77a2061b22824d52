"""A semaphore for requests in flight, first come, first served, whose size may change while it is in use."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class ResizableSemaphore:
    """A fair semaphore whose size may change while it is in use."""

    def __init__(self, limit: Callable[[], int]) -> None:
        """Ask `limit` for the size whenever a slot is wanted or released."""
        self._limit = limit
        self.taken = 0
        """Slots that are taken, those included whose taker has yet to wake up."""
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        """Wait for a slot and take it."""
        if self.taken < self._limit() and not self._waiting:
            self.taken += 1
            return
        slot: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(slot)
        try:
            await slot
        except asyncio.CancelledError:
            if slot.done() and not slot.cancelled():
                self._release()  # because the slot was handed over before the cancellation came
            raise

    async def __aexit__(self, *_: object) -> None:
        """Release the slot to the task that has waited longest."""
        self._release()

    def _release(self) -> None:
        self.taken -= 1
        while self._waiting and self.taken < self._limit():
            slot = self._waiting.popleft()
            if not slot.done():
                self.taken += 1
                slot.set_result(None)
