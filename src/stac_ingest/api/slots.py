"""Places for requests in flight, first come, first served, as many as there are allowed at the moment."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Slots:
    """Like a semaphore whose size may change while it is in use."""

    def __init__(self, limit: Callable[[], int]) -> None:
        """Ask `limit` for the number of places whenever one is wanted or left."""
        self._limit = limit
        self.taken = 0
        """Places that are taken, those included whose taker has yet to wake up."""
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        """Wait for a place and take it."""
        if self.taken < self._limit() and not self._waiting:
            self.taken += 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        """Leave the place to who has waited longest."""
        self._leave()

    def _leave(self) -> None:
        self.taken -= 1
        while self._waiting and self.taken < self._limit():
            place = self._waiting.popleft()
            if not place.done():
                self.taken += 1
                place.set_result(None)
