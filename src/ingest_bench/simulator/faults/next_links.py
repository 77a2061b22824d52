"""The ways in which servers write `next`. None is a fault: a client has to follow them all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode, urlsplit

import orjson
from aiohttp import web

from ingest_bench.simulator.documents import link as make_link
from ingest_bench.simulator.faults.base import Fault, LinkFault
from ingest_bench.simulator.faults.paging_styles import Renamed
from ingest_bench.simulator.responses import GEOJSON, PagePosition, body_of, problem

if TYPE_CHECKING:
    from ingest_bench.simulator.handler import NextHandler
    from ingest_bench.simulator.metrics import RequestTiming
    from ingest_bench.simulator.options import Options, PagingName
    from ingest_bench.simulator.paging import Paging

CURSOR_HEADER, CURSOR = "X-Cursor", "held"


class NextToken(Fault):
    """`next` is a POST with the whole body and a token in it, without `merge`."""

    name = "next-token"


class GetOnly(Fault):
    """The landing page offers search by GET alone, and `next` has its token in the href."""

    name = "get-only"
    kept: ClassVar[str] = "GET"

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return the landing page with fewer links, and a 405 for searches that it doesn't offer."""
        response = await call_next(request, timing)
        if request.path == "/search" and request.method != self.kept:
            return problem(405, "MethodNotAllowed", "the landing page says how to search")
        if request.path == "/" and isinstance(response, web.Response):
            landing = orjson.loads(body_of(response))
            landing["links"] = [
                link for link in landing["links"] if link["rel"] != "search" or link["method"] == self.kept
            ]
            response.body = orjson.dumps(landing)
            self.applied += 1
        return response


class NoSearch(GetOnly):
    """There is no item search: items are paged below their collection, with the token in the href."""

    name = "no-search"
    kept = ""


class MergeFalse(LinkFault):
    """`next` is a POST with `merge: false` and the whole body, whose key `next` holds the token."""

    name = "next-merge-false"

    def paging(self, paging: Paging) -> Paging:
        """Return the paging with its parameter called `next`."""
        return Renamed(paging, "next")

    def link(self, link: dict[str, Any], position: PagePosition) -> dict[str, Any]:  # noqa: ARG002 - the same everywhere
        """Return the link with `merge: false`."""
        return {**link, "merge": False}


class MergeTrue(LinkFault):
    """`next` is a POST with `merge: true` and a body of the token alone, to be merged into the request's own."""

    name = "next-merge-true"

    def link(self, link: dict[str, Any], position: PagePosition) -> dict[str, Any]:
        """Return the link with only the part of the body that differs from the page before."""
        if "body" not in link:
            return link
        before = position.link(position.start + 2 * position.limit)["body"]
        return {**link, "merge": True, "body": {k: v for k, v in link["body"].items() if before.get(k) != v}}


class NextByGet(LinkFault):
    """The response to a POST has a GET link, with the search encoded in its query beside an opaque cursor."""

    name = "next-get"

    def link(self, link: dict[str, Any], position: PagePosition) -> dict[str, Any]:  # noqa: ARG002 - the same everywhere
        """Return the link with its body as a query."""
        if "body" not in link:
            return link
        query = urlencode({name: _as_text(value) for name, value in link["body"].items()})
        return make_link("next", f"{link['href']}?{query}", GEOJSON)


class NextPage(Fault):
    """Pages have numbers: `page=2` in a GET, `page: 2` in a POST."""

    name = "next-page"
    style: PagingName = "page"

    def options(self, options: Options) -> Options:
        """Return the options with another paging style."""
        return replace(options, paging=self.style)


class NextOffset(NextPage):
    """Pages have an `offset` and a `limit`."""

    name = "next-offset"
    style = "offset"


class NextSkip(NextOffset):
    """Pages have a `skip` and a `limit`."""

    name = "next-skip"

    def paging(self, paging: Paging) -> Paging:
        """Return the paging with its parameter called `skip`."""
        return Renamed(paging, "skip")


class StartRecord(NextOffset):
    """Pages are named by a parameter that no client knows (`startRecord=11`)."""

    name = "next-start-record"

    def paging(self, paging: Paging) -> Paging:
        """Return the paging with its parameter renamed; records count from 1."""
        return Renamed(paging, "startRecord", first=1)


class RelativeNext(LinkFault):
    """The href of `next` is relative to the page that it is on."""

    name = "next-relative"

    def link(self, link: dict[str, Any], position: PagePosition) -> dict[str, Any]:  # noqa: ARG002 - the same everywhere
        """Return the link with only the last part of its path."""
        parts = urlsplit(link["href"])
        last = parts.path.rpartition("/")[2]
        return {**link, "href": last + (f"?{parts.query}" if parts.query else "")}


class LowerCase(LinkFault):
    """The method of `next` is written in lower case."""

    name = "next-lower-case"
    own_client_only = True

    def link(self, link: dict[str, Any], position: PagePosition) -> dict[str, Any]:  # noqa: ARG002 - the same everywhere
        """Return the link with its method in lower case."""
        return {**link, "method": link["method"].lower()} if "method" in link else link


class NextHeaders(LinkFault):
    """`next` names a header to send, and the server refuses a page past the first without it."""

    name = "next-headers"

    def link(self, link: dict[str, Any], position: PagePosition) -> dict[str, Any]:  # noqa: ARG002 - the same everywhere
        """Return the link with the header."""
        return {**link, "headers": {CURSOR_HEADER: CURSOR}}

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return the page, or a 400 where the header is missing."""
        response = await super().__call__(request, timing, call_next)
        position: PagePosition | None = getattr(response, "position", None)
        if position is not None and position.start and request.headers.get(CURSOR_HEADER) != CURSOR:
            return problem(400, "MissingHeader", f"this page needs the header {CURSOR_HEADER}")
        return response


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return orjson.dumps(value).decode() if isinstance(value, dict) else str(value)
