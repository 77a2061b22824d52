"""Answers that are none: wrong content under status 200, and bodies that don't arrive."""

from __future__ import annotations

import asyncio
import zlib
from functools import cache
from typing import TYPE_CHECKING, ClassVar

import orjson
from aiohttp import web

from ingest_bench.simulator.answers import Page, body_of
from ingest_bench.simulator.hostile.base import Fault, PassingFault, ReplyFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.abc import AbstractStreamWriter

    from ingest_bench.simulator.behaviours import Answer
    from ingest_bench.simulator.window import Visit

_MIB = 2**20
_PIECE = 64
_PIECE_S = 0.05
_LOOK_S = 0.05
"""How often to see whether a client that gets no answer is still there."""


class _Streamed(web.StreamResponse):
    """Promises a body, and sends it, or doesn't, in its own way."""

    def __init__(self, body: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        self.content_length = len(body)
        self._whole = body
        self._begun = False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send headers and body. aiohttp comes here twice."""
        if self._begun:
            return None
        self._begun = True
        await self._send(request)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """End the body, unless there is none."""
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


class _Transport(PassingFault):
    """Sends the page in a way that fails."""

    kind: ClassVar[type[_Streamed]]

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Send it so."""
        return self.kind(body_of(page), {"Content-Type": page.content_type})


class Truncated(_Transport):
    """The first tries of every page, so many, break off half-way, though the header names the whole length."""

    name = "truncated-body"
    kind = _Cut


class Reset(_Transport):
    """The first tries of every page, so many, end in a reset connection."""

    name = "reset"
    kind = _Reset


class Stall(_Transport):
    """The first tries of every page, so many, get no answer at all."""

    name = "stall"
    kind = _Silent


class SlowDrip(_Transport):
    """The first tries of every page, so many, come at about a kilobyte a second."""

    name = "slow-drip"
    kind = _Dripped


class Html(ReplyFault):
    """From the page of that number on there is HTML, with status 200."""

    name = "html"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Say sorry."""
        return web.Response(text="<!doctype html><title>Sorry</title><p>We are down.", content_type="text/html")


class HalfJson(ReplyFault):
    """From the page of that number on the JSON breaks off half-way, with status 200 and a length that fits."""

    name = "half-json"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Cut it."""
        body = body_of(page)
        return web.Response(body=body[: len(body) // 2], content_type="application/geo+json")


class ErrorBody(ReplyFault):
    """From the page of that number on there is a JSON error message, with status 200."""

    name = "error-body"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Fail politely."""
        body = {"errors": [{"message": "query timed out"}], "features": [], "links": []}
        return web.Response(body=orjson.dumps(body), content_type="application/json")


class EmptyBody(ReplyFault):
    """From the page of that number on the body is empty, with status 200."""

    name = "empty-body"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Say nothing."""
        return web.Response(body=b"", content_type="application/geo+json")


class GzipBomb(ReplyFault):
    """From the second page on a few kilobytes unpack to so many MiB."""

    name = "gzip-bomb"
    default = 64

    @property
    def first(self) -> int:
        """The second: the value says how large."""
        return 2

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Pack it."""
        return web.Response(
            body=_packed(self.value), headers={"Content-Type": "application/json", "Content-Encoding": "gzip"}
        )


class EchoHeaders(ReplyFault):
    """Pages from that number on are refused with a 400 that repeats the headers of the request, credentials and all."""

    name = "echo-headers"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Repeat what was sent, the credentials first: a client shows how a body begins."""
        lines = [f"Authorization: {request.headers.get('Authorization')}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        return web.Response(status=400, text="\n".join(lines))


class WrongType(Fault):
    """Pages are said to be plain text."""

    name = "wrong-content-type"

    async def __call__(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Change the header."""
        response = await answer(request, visit)
        if isinstance(response, Page):
            self.hits += 1
            response.content_type = "text/plain"
        return response


@cache
def _packed(mebibytes: int) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(b" " * _MIB) for _ in range(mebibytes)) + packer.flush()


def _hang_up(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.close()


ALL = (Truncated, Reset, Stall, SlowDrip, Html, HalfJson, ErrorBody, EmptyBody, GzipBomb, EchoHeaders, WrongType)
