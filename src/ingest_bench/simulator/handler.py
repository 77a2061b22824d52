"""What answers a request in the simulator: a chain of middleware, and the handler of the STAC API at its end."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from ingest_bench.simulator.metrics import RequestTiming

NextHandler = Callable[[web.Request, "RequestTiming"], Awaitable[web.StreamResponse]]
"""The rest of the chain, as one piece of middleware sees it."""


class Middleware(Protocol):
    """One link of the chain."""

    def reset(self) -> None:
        """Return to the initial state, so that every sample meets the same server."""

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return a response of its own, or that of the rest of the chain, changed or not.

        Args:
            request: as received.
            timing: of this request; think times are noted in it.
            call_next: the rest of the chain.

        """
