"""A server that works on a fixed number of requests at once, as one with that many processes or connections does."""

from __future__ import annotations

import asyncio

from aiohttp import web

from ingest_bench.simulator.handler import NextHandler
from ingest_bench.simulator.metrics import RequestTiming


class Slots:
    """Gives each request a slot for a fixed service time; while none is free, requests wait in the order of arrival.

    With a think time L before it, which holds no slot, c slots of service time S and n requests in flight, throughput
    is X(n) = min(n / (L + S), c / S): the knee lies at n* = c (1 + L / S).
    """

    def __init__(self, slots: int, service_ms: float) -> None:
        """Start with all slots free; a request keeps one for `service_ms`, and while its response is made."""
        self._slots, self._seconds = slots, service_ms / 1000
        self.reset()

    def reset(self) -> None:
        """Free all slots."""
        self._free = asyncio.Semaphore(self._slots)

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return the response, made while a slot is held."""
        async with self._free:
            await asyncio.sleep(self._seconds)
            return await call_next(request, timing)
