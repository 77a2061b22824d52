"""The ways in which servers write `next`. None of them is a fault: a client has to follow them all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode, urlsplit

import orjson
from aiohttp import web

from ingest_bench.simulator.answers import GEOJSON, Place, body_of, problem
from ingest_bench.simulator.documents import link as make_link
from ingest_bench.simulator.hostile.base import Fault, LinkFault
from ingest_bench.simulator.hostile.tokens import Renamed

if TYPE_CHECKING:
    from ingest_bench.simulator.behaviours import Answer
    from ingest_bench.simulator.options import Options, PagingName
    from ingest_bench.simulator.paging import Paging
    from ingest_bench.simulator.window import Visit

CURSOR_HEADER, CURSOR = "X-Cursor", "held"


class NextToken(Fault):
    """`next` is a POST with the whole body echoed and a token inside, and no `merge`."""

    name = "next-token"


class GetOnly(Fault):
    """The landing page offers search by GET alone, and `next` has its token in the href."""

    name = "get-only"
    kept: ClassVar[str] = "GET"

    async def __call__(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Take links off the landing page, and refuse what it doesn't offer."""
        response = await answer(request, visit)
        if request.path == "/search" and request.method != self.kept:
            return problem(405, "MethodNotAllowed", "the landing page says how to search")
        if request.path == "/" and isinstance(response, web.Response):
            landing = orjson.loads(body_of(response))
            landing["links"] = [
                link for link in landing["links"] if link["rel"] != "search" or link["method"] == self.kept
            ]
            response.body = orjson.dumps(landing)
            self.hits += 1
        return response


class NoSearch(GetOnly):
    """There is no search: items are paged below their collection, the token in the href."""

    name = "no-search"
    kept = ""


class MergeFalse(LinkFault):
    """`next` is a POST with `merge: false` and the whole body, where `next` holds what a search-after needs."""

    name = "next-merge-false"

    def paging(self, paging: Paging) -> Paging:
        """Call the token `next`."""
        return Renamed(paging, "next")

    def link(self, link: dict[str, Any], place: Place) -> dict[str, Any]:  # noqa: ARG002 - the same everywhere
        """Say so."""
        return {**link, "merge": False}


class MergeTrue(LinkFault):
    """`next` is a POST with `merge: true` and a body that holds the token alone, to lay over the request's own."""

    name = "next-merge-true"

    def link(self, link: dict[str, Any], place: Place) -> dict[str, Any]:
        """Leave in the body what differs from the page before."""
        if "body" not in link:
            return link
        before = place.link(place.start + 2 * place.limit)["body"]
        return {**link, "merge": True, "body": {k: v for k, v in link["body"].items() if before.get(k) != v}}


class NextByGet(LinkFault):
    """A POST is answered with a GET link, the search re-encoded in its query beside an opaque cursor."""

    name = "next-get"

    def link(self, link: dict[str, Any], place: Place) -> dict[str, Any]:  # noqa: ARG002 - the same everywhere
        """Write the body as a query."""
        if "body" not in link:
            return link
        query = urlencode({name: _as_text(value) for name, value in link["body"].items()})
        return make_link("next", f"{link['href']}?{query}", GEOJSON)


class NextPage(Fault):
    """Pages have numbers: `page=2` in a GET, `page: 2` in a POST."""

    name = "next-page"
    style: PagingName = "page"

    def options(self, options: Options) -> Options:
        """Choose the style."""
        return replace(options, paging=self.style)


class NextOffset(NextPage):
    """Pages have an `offset` and a `limit`."""

    name = "next-offset"
    style = "offset"


class NextSkip(NextOffset):
    """Pages have a `skip` and a `limit`."""

    name = "next-skip"

    def paging(self, paging: Paging) -> Paging:
        """Rename it."""
        return Renamed(paging, "skip")


class StartRecord(NextOffset):
    """Pages are named by a parameter that no client knows (`startRecord=11`)."""

    name = "next-start-record"

    def paging(self, paging: Paging) -> Paging:
        """Rename it; records count from 1."""
        return Renamed(paging, "startRecord", first=1)


class RelativeNext(LinkFault):
    """The href of `next` is relative to the page that it is on."""

    name = "next-relative"

    def link(self, link: dict[str, Any], place: Place) -> dict[str, Any]:  # noqa: ARG002 - the same everywhere
        """Cut off all but the last part of the path."""
        parts = urlsplit(link["href"])
        last = parts.path.rpartition("/")[2]
        return {**link, "href": last + (f"?{parts.query}" if parts.query else "")}


class LowerCase(LinkFault):
    """The method of `next` is written in lower case."""

    name = "next-lower-case"

    def link(self, link: dict[str, Any], place: Place) -> dict[str, Any]:  # noqa: ARG002 - the same everywhere
        """Write it so."""
        return {**link, "method": link["method"].lower()} if "method" in link else link


class NextHeaders(LinkFault):
    """`next` names a header to send, and the server refuses a page past the first without it."""

    name = "next-headers"

    def link(self, link: dict[str, Any], place: Place) -> dict[str, Any]:  # noqa: ARG002 - the same everywhere
        """Name the header."""
        return {**link, "headers": {CURSOR_HEADER: CURSOR}}

    async def __call__(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Insist on the header."""
        response = await super().__call__(request, visit, answer)
        place: Place | None = getattr(response, "place", None)
        if place is not None and place.start and request.headers.get(CURSOR_HEADER) != CURSOR:
            return problem(400, "MissingHeader", f"this page needs the header {CURSOR_HEADER}")
        return response


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return orjson.dumps(value).decode() if isinstance(value, dict) else str(value)


ALL = (
    NextToken,
    GetOnly,
    NoSearch,
    MergeFalse,
    MergeTrue,
    NextByGet,
    NextPage,
    NextOffset,
    NextSkip,
    StartRecord,
    RelativeNext,
    LowerCase,
    NextHeaders,
)
