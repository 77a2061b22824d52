"""Servers that are busy, or have had enough of a client."""

from __future__ import annotations

import time
from email.utils import formatdate
from math import ceil
from typing import TYPE_CHECKING, ClassVar

from aiohttp import web

from ingest_bench.simulator.answers import Page, problem
from ingest_bench.simulator.hostile.base import Fault, PassingFault, ReplyFault

if TYPE_CHECKING:
    from ingest_bench.simulator.behaviours import Answer
    from ingest_bench.simulator.window import Visit

TOO_MANY, FORBIDDEN, SERVER_ERROR = 429, 403, 500


class TooMany(PassingFault):
    """The first try of every page gets a 429 with `Retry-After` in seconds, so many."""

    name = "too-many"

    @property
    def tries(self) -> int:
        """One: the value says how long, not how often."""
        return 1

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Refuse."""
        return _busy(TOO_MANY, str(self.value))


class TooManyDate(TooMany):
    """The first try of every page gets a 429 with `Retry-After` as a date, so many seconds ahead."""

    name = "too-many-date"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Refuse."""
        return _busy(TOO_MANY, formatdate(ceil(time.time() + self.value), usegmt=True))


class TooManyPlain(TooMany):
    """The first tries of every page, so many, get a 429 that doesn't say when to come back."""

    name = "too-many-plain"

    @property
    def tries(self) -> int:
        """As many as the value says."""
        return int(self.value)

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Refuse."""
        return _busy(TOO_MANY, None)


class LongPause(ReplyFault):
    """From the second page on there is nothing but 429, with a `Retry-After` of so many seconds."""

    name = "long-pause"
    default = 3600

    @property
    def first(self) -> int:
        """The second: the value says how long."""
        return 2

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Refuse."""
        return _busy(TOO_MANY, str(self.value))


class BadGateway(PassingFault):
    """The first tries of every page, so many, get a 502."""

    name = "bad-gateway"
    status: ClassVar[int] = 502

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Fail as a gateway does, in HTML."""
        text = f"<html><body><h1>{self.status}</h1></body></html>"
        return web.Response(status=self.status, text=text, content_type="text/html")


class Unavailable(BadGateway):
    """The first tries of every page, so many, get a 503."""

    name = "unavailable"
    status = 503


class GatewayTimeout(BadGateway):
    """The first tries of every page, so many, get a 504."""

    name = "gateway-timeout"
    status = 504


class Forbidden(ReplyFault):
    """From the page of that number on there is nothing but a bare 403, as when a client is banned."""

    name = "forbidden"
    default = 2

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Refuse."""
        return web.Response(status=FORBIDDEN, text="Forbidden", content_type="text/plain")


class ForbiddenThrottle(Forbidden):
    """From the page of that number on there is 403 with a `Retry-After`: a throttle that looks like a ban."""

    name = "forbidden-throttle"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Refuse."""
        return _busy(FORBIDDEN, "1")


class BadToken(Forbidden):
    """From the page of that number on, the server fails with a 500 over its own token."""

    name = "bad-token"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Fail."""
        return problem(SERVER_ERROR, "InternalServerError", "invalid token")


class Down(Forbidden):
    """From the page of that number on there is nothing but 503."""

    name = "down"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Fail."""
        return problem(503, "ServiceUnavailable", "down for maintenance")


class HeavyPages(Fault):
    """Pages of more than so many items end in a 504: the server can't gather them in time."""

    name = "heavy-pages"
    default = 5

    async def __call__(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Let small pages pass."""
        response = await answer(request, visit)
        if not isinstance(response, Page) or response.place.limit <= self.value or not await self.concerns(request):
            return response
        self.hits += 1
        return problem(504, "GatewayTimeout", "upstream request timeout")


def _busy(status: int, retry_after: str | None) -> web.Response:
    answer = problem(status, "RateLimitExceeded", "too many requests")
    if retry_after is not None:
        answer.headers["Retry-After"] = retry_after
    return answer


ALL = (
    TooMany,
    TooManyDate,
    TooManyPlain,
    LongPause,
    BadGateway,
    Unavailable,
    GatewayTimeout,
    Forbidden,
    ForbiddenThrottle,
    BadToken,
    Down,
    HeavyPages,
)
