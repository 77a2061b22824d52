"""A server that works on so many requests at once, as one with so many processes or database connections does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from ingest_bench.simulator.behaviours import Answer
    from ingest_bench.simulator.window import Visit


class Slots:
    """Holds a slot for a fixed service time; who finds none free waits, first come, first served.

    With a think time L before it, which holds no slot, c slots of service time S and n requests in flight, throughput
    is X(n) = min(n / (L + S), c / S): the knee lies at n* = c (1 + L / S).
    """

    def __init__(self, slots: int, service_ms: float) -> None:
        """Have so many slots; a request keeps one for `service_ms`, and as long as its answer takes to be made."""
        self._slots, self._seconds = slots, service_ms / 1000
        self.reset()

    def reset(self) -> None:
        """Begin anew with all slots free."""
        self._free = asyncio.Semaphore(self._slots)

    async def __call__(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Wait for a slot, hold it, answer."""
        async with self._free:
            await asyncio.sleep(self._seconds)
            return await answer(request, visit)
