"""Servers that are busy, throttle, or ban a client."""

from __future__ import annotations

import time
from email.utils import formatdate
from math import ceil
from typing import TYPE_CHECKING, ClassVar

from aiohttp import web

from ingest_bench.simulator.faults.base import Fault, ReplacedResponseFault, TransientFault
from ingest_bench.simulator.responses import Page, problem

if TYPE_CHECKING:
    from ingest_bench.simulator.handler import NextHandler
    from ingest_bench.simulator.metrics import RequestTiming

TOO_MANY, FORBIDDEN, SERVER_ERROR = 429, 403, 500


class TooMany(TransientFault):
    """The first try of every page gets a 429; `Retry-After` is the value, in seconds."""

    name = "too-many"

    @property
    def tries(self) -> int:
        """One: the value is the pause, not the number of tries."""
        return 1

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the refusal."""
        return _busy(TOO_MANY, str(self.value))


class TooManyDate(TooMany):
    """The first try of every page gets a 429; `Retry-After` is a date, the value in seconds ahead."""

    name = "too-many-date"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the refusal."""
        return _busy(TOO_MANY, formatdate(ceil(time.time() + self.value), usegmt=True))


class TooManyPlain(TooMany):
    """The first tries of every page get a 429 without `Retry-After`; the value is their number."""

    name = "too-many-plain"

    @property
    def tries(self) -> int:
        """Number of tries that fail."""
        return int(self.value)

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the refusal."""
        return _busy(TOO_MANY, None)


class LongPause(ReplacedResponseFault):
    """From the second page on every request gets a 429; `Retry-After` is the value, in seconds."""

    name = "long-pause"
    default = 3600

    @property
    def first(self) -> int:
        """The second: the value is the pause."""
        return 2

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the refusal."""
        return _busy(TOO_MANY, str(self.value))


class BadGateway(TransientFault):
    """The first tries of every page get a 502; the value is their number."""

    name = "bad-gateway"
    status: ClassVar[int] = 502

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the error as gateways write it, in HTML."""
        text = f"<html><body><h1>{self.status}</h1></body></html>"
        return web.Response(status=self.status, text=text, content_type="text/html")


class Unavailable(BadGateway):
    """The first tries of every page get a 503; the value is their number."""

    name = "unavailable"
    status = 503


class GatewayTimeout(BadGateway):
    """The first tries of every page get a 504; the value is their number."""

    name = "gateway-timeout"
    status = 504


class Forbidden(ReplacedResponseFault):
    """From the page with that number on every request gets a bare 403, as when a client is banned."""

    name = "forbidden"
    default = 2

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the refusal."""
        return web.Response(status=FORBIDDEN, text="Forbidden", content_type="text/plain")


class ForbiddenThrottle(Forbidden):
    """From the page with that number on every request gets a 403 with `Retry-After`: a throttle, not a ban."""

    name = "forbidden-throttle"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the refusal."""
        return _busy(FORBIDDEN, "1")


class BadToken(Forbidden):
    """From the page with that number on, the server refuses its own token with a 500."""

    name = "bad-token"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the error."""
        return problem(SERVER_ERROR, "InternalServerError", "invalid token")


class Down(Forbidden):
    """From the page with that number on every request gets a 503."""

    name = "down"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the error."""
        return problem(503, "ServiceUnavailable", "down for maintenance")


class HeavyPages(Fault):
    """Requests with a `limit` above the value get a 504, as from a server that can't gather the page in time."""

    name = "heavy-pages"
    default = 5

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return small pages, and the error for others."""
        response = await call_next(request, timing)
        if not isinstance(response, Page) or response.position.limit <= self.value or not await self.concerns(request):
            return response
        self.applied += 1
        return problem(504, "GatewayTimeout", "upstream request timeout")


def _busy(status: int, retry_after: str | None) -> web.Response:
    refusal = problem(status, "RateLimitExceeded", "too many requests")
    if retry_after is not None:
        refusal.headers["Retry-After"] = retry_after
    return refusal


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
