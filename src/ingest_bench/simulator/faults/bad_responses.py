"""Bad responses: wrong content under status 200, and bodies that don't arrive."""

from __future__ import annotations

import asyncio
import zlib
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from aiohttp import web

from ingest_bench.simulator.faults.base import Fault, ReplacedResponseFault, TransientFault
from ingest_bench.simulator.responses import GEOJSON, HTML, JSON, Page, body_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.abc import AbstractStreamWriter

_MIB = 2**20
_PIECE = 64
_PIECE_S = 0.05
_LOOK_S = 0.05
"""How often to check whether a client that gets no response is still connected."""


class _Streamed(web.StreamResponse):
    """Announces a body of a certain length, and sends it, or fails to, in its own way."""

    def __init__(self, body: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        self.content_length = len(body)
        self._whole = body
        self._started = False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send headers and body, once: aiohttp calls this twice."""
        if self._started:
            return None
        self._started = True
        await self._send(request)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """End the body, if it was started."""
        if self.prepared:
            await super().write_eof(data)

    async def _send(self, request: web.BaseRequest) -> None:
        raise NotImplementedError


class _Cut(_Streamed):
    async def _send(self, request: web.BaseRequest) -> None:
        await super(_Streamed, self).prepare(request)
        await self.write(self._whole[: len(self._whole) // 2])
        _hang_up(request)


class _Dripped(_Streamed):
    async def _send(self, request: web.BaseRequest) -> None:
        await super(_Streamed, self).prepare(request)
        for start in range(0, len(self._whole), _PIECE):
            await self.write(self._whole[start : start + _PIECE])
            await asyncio.sleep(_PIECE_S)


class _Reset(_Streamed):
    async def _send(self, request: web.BaseRequest) -> None:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError


class _Silent(_Streamed):
    async def _send(self, request: web.BaseRequest) -> None:
        # aiohttp tells no handler that its client has gone.
        while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 - see above
            await asyncio.sleep(_LOOK_S)
        raise ConnectionResetError


class _Transport(TransientFault):
    """Sends the first tries of a page in a way that fails."""

    kind: ClassVar[type[_Streamed]]

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the page, to be sent in that way."""
        return self.kind(body_of(page), {"Content-Type": page.content_type})


class Truncated(_Transport):
    """The first tries of every page break off half-way, short of the length announced; the value is their number."""

    name = "truncated-body"
    kind = _Cut


class Reset(_Transport):
    """The first tries of every page end in a reset connection; the value is their number."""

    name = "reset"
    kind = _Reset


class Stall(_Transport):
    """The first tries of every page get no response at all; the value is their number."""

    name = "stall"
    own_client_only = True
    kind = _Silent


class SlowDrip(_Transport):
    """The first tries of every page arrive at about a kilobyte a second; the value is their number."""

    name = "slow-drip"
    own_client_only = True
    kind = _Dripped


class Html(ReplacedResponseFault):
    """From the page with that number on the body is HTML, with status 200."""

    name = "html"
    content, content_type = b"<!doctype html><title>Sorry</title><p>We are down.", HTML


class HalfJson(ReplacedResponseFault):
    """From the page with that number on the JSON is cut half-way, with status 200 and a matching length."""

    name = "half-json"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the first half of the page."""
        body = body_of(page)
        return web.Response(body=body[: len(body) // 2], headers={"Content-Type": GEOJSON})


class ErrorBody(ReplacedResponseFault):
    """From the page with that number on the body is a JSON error message, with status 200."""

    name = "error-body"
    content = b'{"errors":[{"message":"query timed out"}],"features":[],"links":[]}'
    content_type = JSON


class EmptyBody(ReplacedResponseFault):
    """From the page with that number on the body is empty, with status 200."""

    name = "empty-body"


class PackedPage(ReplacedResponseFault):
    """From the second page on the body is gzip that unpacks to the value, in MiB."""

    name = "packed-page"
    default = 2
    first = 2

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the packed body."""
        return web.Response(
            body=_packed(self.value), headers={"Content-Type": "application/json", "Content-Encoding": "gzip"}
        )


class EchoHeaders(ReplacedResponseFault):
    """From the page with that number on every request gets a 400 that repeats its headers, credentials included."""

    name = "echo-headers"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the headers as text, credentials first: clients quote the start of a body."""
        lines = [f"Authorization: {request.headers.get('Authorization')}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        return web.Response(status=400, text="\n".join(lines))


class WrongType(Fault):
    """Pages have the content type of plain text."""

    name = "wrong-content-type"

    async def page(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the page with the wrong content type."""
        self.applied += 1
        page.content_type = "text/plain"
        return page


@cache
def _packed(mebibytes: int) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(b" " * _MIB) for _ in range(mebibytes)) + packer.flush()


def _hang_up(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.close()
