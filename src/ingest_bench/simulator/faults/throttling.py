"""Servers that are busy, throttle, or ban a client."""

from __future__ import annotations

import time
from email.utils import formatdate
from math import ceil
from typing import TYPE_CHECKING, ClassVar

from ingest_bench.simulator.faults.base import Fault, ReplacedResponseFault, TransientFault
from ingest_bench.simulator.responses import HTML, JSON, Page, problem

if TYPE_CHECKING:
    from aiohttp import web

TOO_MANY, FORBIDDEN = 429, 403


class TooMany(TransientFault):
    """The first try of every page gets a 429; `Retry-After` is the value, in seconds."""

    name = "too-many"
    tries: ClassVar[int | None] = 1

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the refusal."""
        return _busy(TOO_MANY, self.retry_after())

    def retry_after(self) -> str | None:
        """Return the header of the refusal; None for none."""
        return str(self.value)


class TooManyDate(TooMany):
    """The first try of every page gets a 429; `Retry-After` is a date, the value in seconds ahead."""

    name = "too-many-date"

    def retry_after(self) -> str:
        """Return the date."""
        return formatdate(ceil(time.time() + self.value), usegmt=True)


class TooManyPlain(TooMany):
    """The first tries of every page get a 429 without `Retry-After`; the value is their number."""

    name = "too-many-plain"
    tries = None

    def retry_after(self) -> None:
        """Return nothing."""


class LongPause(ReplacedResponseFault):
    """From the second page on every request gets a 429; `Retry-After` is the value, in seconds."""

    name = "long-pause"
    default = 3600
    first = 2

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the refusal."""
        return _busy(TOO_MANY, str(self.value))


class BadGateway(TransientFault):
    """The first tries of every page get a 502; the value is their number."""

    name = "bad-gateway"
    # As gateways write it.
    status, content, content_type = 502, b"<html><body><h1>502</h1></body></html>", HTML


class Unavailable(BadGateway):
    """The first tries of every page get a 503; the value is their number."""

    name = "unavailable"
    status, content = 503, b"<html><body><h1>503</h1></body></html>"


class GatewayTimeout(BadGateway):
    """The first tries of every page get a 504; the value is their number."""

    name = "gateway-timeout"
    status, content = 504, b"<html><body><h1>504</h1></body></html>"


class Forbidden(ReplacedResponseFault):
    """From the page with that number on every request gets a bare 403, as when a client is banned."""

    name = "forbidden"
    status, content, content_type = FORBIDDEN, b"Forbidden", "text/plain; charset=utf-8"


class ForbiddenThrottle(ReplacedResponseFault):
    """From the page with that number on every request gets a 403 with `Retry-After`: a throttle, not a ban."""

    name = "forbidden-throttle"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the refusal."""
        return _busy(FORBIDDEN, "1")


class BadToken(ReplacedResponseFault):
    """From the page with that number on, the server refuses its own token with a 500."""

    name = "bad-token"
    status, content_type = 500, JSON
    content = b'{"code":"InternalServerError","description":"invalid token"}'


class Down(ReplacedResponseFault):
    """From the page with that number on every request gets a 503."""

    name = "down"
    status, content_type = 503, JSON
    content = b'{"code":"ServiceUnavailable","description":"down for maintenance"}'


class HeavyPages(Fault):
    """Requests with a `limit` above the value get a 504, as from a server that can't gather the page in time."""

    name = "heavy-pages"
    default = 5

    async def page(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return small pages, and the error for others."""
        if page.position.limit <= self.value:
            return page
        self.applied += 1
        return problem(504, "GatewayTimeout", "upstream request timeout")


def _busy(status: int, retry_after: str | None) -> web.Response:
    refusal = problem(status, "RateLimitExceeded", "too many requests")
    if retry_after is not None:
        refusal.headers["Retry-After"] = retry_after
    return refusal
