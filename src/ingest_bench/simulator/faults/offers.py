"""What an API offers, says it offers, and refuses all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from aiohttp import web

from ingest_bench.simulator.faults.base import Fault
from ingest_bench.simulator.responses import body_of, problem

if TYPE_CHECKING:
    from ingest_bench.simulator.handler import NextHandler
    from ingest_bench.simulator.metrics import RequestTiming

_CORE, _ITEM_SEARCH = "https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"


class _Landing(Fault):
    """Changes the landing page."""

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return the landing page, changed; other responses as they are, or what `refusal` makes of them."""
        refusal = self.refusal(request)
        if refusal is not None:
            self.applied += 1
            return refusal
        response = await call_next(request, timing)
        if request.path == "/" and isinstance(response, web.Response):
            landing = orjson.loads(body_of(response))
            self.change(landing)
            response.body = orjson.dumps(landing)
            self.applied += 1
        return response

    def refusal(self, request: web.Request) -> web.Response | None:  # noqa: ARG002 - for those that refuse some
        """Return what is sent in place of the response; None where nothing is."""
        return None

    def change(self, landing: dict[str, Any]) -> None:
        """Change the landing page in place."""


class NoCollections(_Landing):
    """Item search is all there is: `/collections` and everything below it gets a 404, and no link leads there."""

    name = "no-collections"

    def refusal(self, request: web.Request) -> web.Response | None:
        """Return a 404 for what isn't there."""
        return problem(404, "NotFound", "there is no such path") if request.path.startswith("/collections") else None

    def change(self, landing: dict[str, Any]) -> None:
        """Leave out the links to collections, and the classes that stand for them."""
        landing["conformsTo"] = [_CORE, _ITEM_SEARCH]
        landing["links"] = [link for link in landing["links"] if link["rel"] not in ("data", "child")]


class UnknownCollection(_Landing):
    """The collection's own document gets a 404, though its items and a search for them don't."""

    name = "no-collection-document"

    def refusal(self, request: web.Request) -> web.Response | None:
        """Return a 404 for the document."""
        if request.path.startswith("/collections/") and not request.path.endswith("/items"):
            return problem(404, "NotFound", "there is no such collection")
        return None


class BareLanding(_Landing):
    """The landing page has no `conformsTo`, and no link but those to the search."""

    name = "bare-landing"

    def change(self, landing: dict[str, Any]) -> None:
        """Leave out the rest."""
        del landing["conformsTo"]
        landing["links"] = [link for link in landing["links"] if link["rel"] == "search"]


class UnlinkedSearch(_Landing):
    """No link leads to the search, which works, and items below their collection get a 404."""

    name = "unlinked-search"

    def refusal(self, request: web.Request) -> web.Response | None:
        """Return a 404 for the items."""
        return problem(404, "NotFound", "there is no such path") if request.path.endswith("/items") else None

    def change(self, landing: dict[str, Any]) -> None:
        """Leave out the links to the search."""
        landing["links"] = [link for link in landing["links"] if link["rel"] != "search"]


class PostRefused(_Landing):
    """Search by POST is linked to and refused with the status in the value; GET works."""

    name = "post-refused"
    default = 405
    refused: ClassVar[str] = "POST"

    def refusal(self, request: web.Request) -> web.Response | None:
        """Return the refusal of a search by that method."""
        if request.path != "/search" or request.method != self.refused:
            return None
        return problem(self.value, "Refused", "this method is not for you")


class GetRefused(PostRefused):
    """The landing page links to search by GET, which is refused with the status in the value; POST works."""

    name = "get-refused"
    refused = "GET"

    def change(self, landing: dict[str, Any]) -> None:
        """Leave out the link to the search by POST."""
        landing["links"] = [link for link in landing["links"] if link.get("method") != "POST"]


class Undeclared(_Landing):
    """The API doesn't declare what the value names: query, filter, sort, fields; or `all`, without `conformsTo`."""

    name = "undeclared"
    own_client_only = True  # the clients of the table ask for no such term
    default = "filter"

    def change(self, landing: dict[str, Any]) -> None:
        """Leave out the class."""
        if self.value == "all":
            del landing["conformsTo"]
            landing["links"] = [link for link in landing["links"] if link["rel"] != "conformance"]
        else:
            landing["conformsTo"] = [one for one in landing["conformsTo"] if not one.endswith(f"#{self.value}")]


class TermRefused(Fault):
    """Searches with the parameter in the value are refused with the status behind the colon, though it is declared."""

    name = "refuse-term"
    own_client_only = True  # the clients of the table ask for no such term
    default = "filter:400"

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return the refusal, or the response of the rest of the chain."""
        term, _, status = self.value.partition(":")
        given = {*request.query}
        if request.method == "POST":
            given = {*orjson.loads(await request.read() or b"{}")}
        if term not in given and not (
            term == "no-collections" and "/search" in request.path and "collections" not in given
        ):
            return await call_next(request, timing)
        self.applied += 1
        return problem(int(status or 400), "InvalidParameterValue", f"{term}: not here")
