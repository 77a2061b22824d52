"""What was asked of the API, by kind of request: how many requests, items and bytes."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import orjson
from aiohttp import web

from ingest_bench.simulator.handler import NextHandler
from ingest_bench.simulator.metrics import RequestTiming
from ingest_bench.simulator.query_params import InvalidParameterError, from_query
from ingest_bench.simulator.responses import Page, body_of, document

KINDS = ("items", "recent", "ids", "counts", "documents", "failures")
"""Pages of whole items; pages of some fields of items that a condition selects, such as a late `updated`; pages of some
fields of any items; searches for at most one item, which tell a count or an extreme;
all other documents; responses that are no success."""


class Traffic:
    """Counts requests and what was sent for them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all requests."""
        self._counts: dict[str, dict[str, int]] = defaultdict(lambda: {"requests": 0, "items": 0, "bytes": 0})

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the route of the counts."""
        return [web.get("/_bench/traffic", self._report)]

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return the response of the rest of the chain, counted."""
        response = await call_next(request, timing)
        assert isinstance(response, web.Response)
        counts = self._counts[await _kind(request, response)]
        counts["requests"] += 1
        counts["items"] += response.position.returned if isinstance(response, Page) else 0
        counts["bytes"] += len(body_of(response))
        return response

    async def _report(self, _request: web.Request) -> web.Response:
        return document({kind: self._counts[kind] for kind in KINDS})


async def _kind(request: web.Request, response: web.Response) -> str:
    if response.status >= web.HTTPBadRequest.status_code:
        return "failures"
    if not isinstance(response, Page):
        return "documents"
    if response.position.limit <= 1:
        return "counts"
    asked = await _asked(request)
    if not asked.get("fields"):
        return "items"
    return "recent" if asked.get("filter") or asked.get("query") else "ids"


async def _asked(request: web.Request) -> dict[str, Any]:
    if request.method == "POST":
        body: dict[str, Any] = orjson.loads(await request.read() or b"{}")
        return body
    try:
        return from_query(request.query)
    except InvalidParameterError:
        return {}
