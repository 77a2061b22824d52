"""What happens to a request before it is answered. Each behaviour is a link of a chain and knows nothing of the others.

A behaviour answers itself, or has the rest of the chain answer, and may wait before and change what comes back. A new
one is a class here and a line in `behaviours`.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from ingest_bench.simulator.answers import problem
from ingest_bench.simulator.slots import Slots
from ingest_bench.simulator.window import TOO_MANY_REQUESTS

if TYPE_CHECKING:
    from ingest_bench.simulator.options import Options, RetryAfter
    from ingest_bench.simulator.window import Visit

Answer = Callable[[web.Request, "Visit"], Awaitable[web.StreamResponse]]
"""The rest of the chain."""

THINK_HEADER = "X-Think-Ms"
_MS = 1000


class Behaviour(Protocol):
    """One link of the chain."""

    def reset(self) -> None:
        """Begin anew, so that every sample meets the same server."""

    async def __call__(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Answer a request, or have it answered."""


class RateLimit:
    """A token bucket. It stands at the door, as gateways do: a request too many is refused at once."""

    def __init__(
        self, rate: float, burst: int, form: RetryAfter = "seconds", clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Allow `burst` requests at once and `rate` a second in the long run."""
        self._rate, self._burst, self._form, self._clock = rate, burst, form, clock
        self.reset()

    def reset(self) -> None:
        """Fill the bucket."""
        self._level, self._since = float(self._burst), self._clock()

    def wait(self) -> float:
        """Take a token; give 0, or how many seconds until there is one."""
        now = self._clock()
        self._level = min(self._burst, self._level + (now - self._since) * self._rate)
        self._since = now
        if self._level >= 1:
            self._level -= 1
            return 0.0
        return (1 - self._level) / self._rate

    async def __call__(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Refuse with 429, or let through."""
        wait = self.wait()
        if wait == 0:
            return await answer(request, visit)
        refusal = problem(TOO_MANY_REQUESTS, "RateLimitExceeded", "too many requests; see Retry-After")
        refusal.headers["Retry-After"] = self._retry_after(wait)
        return refusal

    def _retry_after(self, wait: float) -> str:
        if self._form == "date":
            return formatdate(math.ceil(time.time() + wait), usegmt=True)
        return str(max(1, math.ceil(wait)))


class ThinkTime:
    """Waits before answering. Time at the server, not on the network: it holds no connection back but this one."""

    def __init__(self, mean_ms: float, jitter_ms: float, seed: int) -> None:
        """Draw from a normal distribution, cut off at 0."""
        self._mean, self._jitter, self._seed = mean_ms, jitter_ms, seed
        self.reset()

    def reset(self) -> None:
        """Begin the sequence of draws anew."""
        self._random = random.Random(self._seed)  # noqa: S311 - repeatable on purpose

    def draw(self) -> float:
        """Give the next think time, milliseconds."""
        return max(0.0, self._random.gauss(self._mean, self._jitter))

    async def __call__(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Think, answer, and say how long it took to think."""
        visit.asked_ms = self.draw()
        began = time.perf_counter()
        await asyncio.sleep(visit.asked_ms / _MS)
        visit.achieved_ms = _MS * (time.perf_counter() - began)
        response = await answer(request, visit)
        response.headers[THINK_HEADER] = f"asked={visit.asked_ms:.3f}, achieved={visit.achieved_ms:.3f}"
        return response


def behaviours(options: Options) -> list[Behaviour]:
    """List what the options ask for, outermost first."""
    chain: list[Behaviour] = []
    if options.rate is not None:
        chain.append(RateLimit(options.rate, options.burst, options.retry_after))
    if options.think_ms or options.jitter_ms:
        chain.append(ThinkTime(options.think_ms, options.jitter_ms, options.seed))
    if options.slots is not None:
        chain.append(Slots(options.slots, options.service_ms))
    return chain


def linked(chain: Sequence[Behaviour], answer: Answer) -> Answer:
    """Put behaviours before an answer."""
    for behaviour in reversed(chain):
        answer = partial(behaviour, answer=answer)
    return answer
