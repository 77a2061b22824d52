"""Middleware for each property of a server that can be set: rate limit, think time. None knows of the others.

A piece of middleware responds itself or calls the rest of the chain; it may wait before and change the response after.
A new one is a class here and a line in `middleware`.
"""

import asyncio
import math
import random
import time
from collections.abc import Callable, Sequence
from email.utils import formatdate
from functools import partial

from aiohttp import web

from ingest_bench.simulator.handler import Middleware, NextHandler
from ingest_bench.simulator.metrics import TOO_MANY_REQUESTS, RequestTiming
from ingest_bench.simulator.options import Options, RetryAfter
from ingest_bench.simulator.responses import problem

THINK_HEADER = "X-Think-Ms"
_MS = 1000


class RateLimit:
    """A token bucket before everything else, as in a gateway: a request above the limit gets a 429 at once."""

    def __init__(
        self, rate: float, burst: int, form: RetryAfter = "seconds", clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start with a full bucket.

        Args:
            rate: requests a second that are allowed on average.
            burst: requests that are allowed at once after a pause.
            form: of `Retry-After`.
            clock: gives seconds.

        """
        self._rate, self._burst, self._form, self._clock = rate, burst, form, clock
        self.reset()

    def reset(self) -> None:
        """Fill the bucket."""
        self._level, self._since = float(self._burst), self._clock()

    def wait(self) -> float:
        """Take a token; return 0, or the seconds until there is one."""
        now = self._clock()
        self._level = min(self._burst, self._level + (now - self._since) * self._rate)
        self._since = now
        if self._level >= 1:
            self._level -= 1
            return 0.0
        return (1 - self._level) / self._rate

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return a 429, or the response of the rest of the chain."""
        wait = self.wait()
        if wait == 0:
            return await call_next(request, timing)
        refusal = problem(TOO_MANY_REQUESTS, "RateLimitExceeded", "too many requests; see Retry-After")
        date = formatdate(math.ceil(time.time() + wait), usegmt=True)
        refusal.headers["Retry-After"] = date if self._form == "date" else str(max(1, math.ceil(wait)))
        return refusal


class ThinkTime:
    """Waits before the request is handled: time at the server, not on the network, which delays no other request."""

    def __init__(self, mean_ms: float, jitter_ms: float, seed: int) -> None:
        """Draw from a normal distribution, cut off at 0; mean and standard deviation in milliseconds."""
        self._mean, self._jitter, self._seed = mean_ms, jitter_ms, seed
        self.reset()

    def reset(self) -> None:
        """Restart the sequence of draws."""
        self._random = random.Random(self._seed)  # noqa: S311 - repeatable on purpose

    def draw(self) -> float:
        """Return the next think time, milliseconds."""
        return max(0.0, self._random.gauss(self._mean, self._jitter))

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return the response after the think time, with a header that holds the time drawn and the time slept."""
        timing.requested_ms = self.draw()
        began = time.perf_counter()
        await asyncio.sleep(timing.requested_ms / _MS)
        timing.achieved_ms = _MS * (time.perf_counter() - began)
        response = await call_next(request, timing)
        response.headers[THINK_HEADER] = f"asked={timing.requested_ms:.3f}, achieved={timing.achieved_ms:.3f}"
        return response


class Slots:
    """Gives each request a slot for a fixed service time; while none is free, requests wait in the order of arrival.

    With a think time L before it, which holds no slot, c slots of service time S and n requests in flight, throughput
    is X(n) = min(n / (L + S), c / S): the knee lies at n* = c (1 + L / S).
    """

    def __init__(self, slots: int, service_ms: float) -> None:
        """Start with all slots free; a request keeps one for `service_ms`, and while its response is made."""
        self._slots, self._seconds = slots, service_ms / _MS
        self.reset()

    def reset(self) -> None:
        """Free all slots."""
        self._free = asyncio.Semaphore(self._slots)

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return the response, made while a slot is held."""
        async with self._free:
            await asyncio.sleep(self._seconds)
            return await call_next(request, timing)


def middleware(options: Options) -> list[Middleware]:
    """Return the middleware that the options ask for, outermost first."""
    chain: list[Middleware] = []
    if options.rate is not None:
        chain.append(RateLimit(options.rate, options.burst, options.retry_after))
    if options.think_ms or options.jitter_ms:
        chain.append(ThinkTime(options.think_ms, options.jitter_ms, options.seed))
    if options.slots is not None:
        chain.append(Slots(options.slots, options.service_ms))
    return chain


def compose(chain: Sequence[Middleware], handler: NextHandler) -> NextHandler:
    """Return one handler: the chain, outermost first, around the handler."""
    for link in reversed(chain):
        handler = partial(link, call_next=handler)
    return handler
