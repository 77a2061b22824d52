"""The application: routes, and around them the behaviours and the record of what was seen."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
from aiohttp import web

from ingest_bench.simulator import documents, openapi
from ingest_bench.simulator.answers import GEOJSON, JSON, OPENAPI, Place, document, item_collection, problem
from ingest_bench.simulator.behaviours import Answer, Behaviour, linked
from ingest_bench.simulator.errors import InvalidParameterError
from ingest_bench.simulator.parameters import Search, from_query, read_search
from ingest_bench.simulator.selection import Finder
from ingest_bench.simulator.window import Visit, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.typedefs import Handler

    from ingest_bench.simulator.log import RequestLog
    from ingest_bench.simulator.options import Options
    from ingest_bench.simulator.paging import Paging
    from ingest_bench.simulator.store import Store

LOG = logging.getLogger(__name__)

BENCH = "/_bench/"
"""Below this is the instrument, not the STAC API."""
_SETTLE_S = 5.0
"""How long to wait, beside thinking, for requests that nobody waits for any more."""


class Api:
    """Answers what a STAC API is asked. Pages are copied together anew for each request: no answer is kept."""

    def __init__(self, store: Store, options: Options, paging: Paging) -> None:
        self._store = store
        self._finder = Finder(store)
        self._options = options
        self._paging = paging
        self._description = openapi.describe(paging.parameter, options.max_page)

    def routes(self) -> list[web.AbstractRouteDef]:
        """List the routes."""
        return [
            web.get("/", self._landing),
            web.get("/conformance", self._conformance),
            web.get("/api", self._openapi),
            web.get("/api.html", self._html),
            web.get("/collections", self._collections),
            web.get("/collections/{collection}", self._collection),
            web.get("/collections/{collection}/items", self._items),
            web.get("/collections/{collection}/items/{item}", self._item),
            web.get("/search", self._search_get),
            web.post("/search", self._search_post),
        ]

    async def _landing(self, request: web.Request) -> web.Response:
        return document(documents.landing(self._store, _base(request)))

    async def _conformance(self, _request: web.Request) -> web.Response:
        return document(documents.conformance())

    async def _openapi(self, _request: web.Request) -> web.Response:
        return document(self._description, OPENAPI)

    async def _html(self, _request: web.Request) -> web.Response:
        return web.Response(text=documents.page_for_people(self._description), content_type="text/html")

    async def _collections(self, request: web.Request) -> web.Response:
        return document(documents.collections(self._store, _base(request)))

    async def _collection(self, request: web.Request) -> web.Response:
        self._check_collection(request)
        return document(documents.collection(self._store, _base(request)))

    async def _item(self, request: web.Request) -> web.Response:
        self._check_collection(request)
        place = self._store.place(request.match_info["item"])
        if place is None:
            raise web.HTTPNotFound(text="there is no such item")
        return web.Response(body=bytes(self._store.line(place)), headers={"Content-Type": GEOJSON})

    async def _items(self, request: web.Request) -> web.Response:
        self._check_collection(request)
        return await self._search_get(request)

    async def _search_get(self, request: web.Request) -> web.Response:
        return self._page(request, from_query(request.query))

    async def _search_post(self, request: web.Request) -> web.Response:
        content = await request.read()
        try:
            body = orjson.loads(content) if content else {}
        except orjson.JSONDecodeError as error:
            raise InvalidParameterError(f"the body is not JSON: {error}") from None
        if not isinstance(body, dict):
            raise InvalidParameterError("the body is not a JSON object")
        return self._page(request, body)

    def _check_collection(self, request: web.Request) -> None:
        if request.match_info["collection"] != self._store.collection_id:
            raise web.HTTPNotFound(text="there is no such collection")

    def _page(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        heeded = {name: value for name, value in body.items() if name not in self._options.ignored}
        search = read_search(heeded, self._paging.parameter, self._options.max_page)
        found = self._finder.find(search.selection)
        start = self._paging.start(search)
        places = found[start : start + search.limit]

        def link(at: int) -> dict[str, Any]:
            return self._next_link(request, search, body, at)

        base = _base(request)
        links = [
            documents.link("root", base, JSON),
            documents.link("self", f"{base}{request.path_qs}", GEOJSON),
        ]
        if 0 < search.limit < len(found) - start:
            links.append(link(start + search.limit))
        listed = places if isinstance(places, range) else places.tolist()
        place = Place(start, search.limit, len(found), search.position, link)
        return item_collection(self._store, listed, links, len(found) if self._options.counts else None, place)

    def _next_link(self, request: web.Request, search: Search, body: dict[str, Any], at: int) -> dict[str, Any]:
        """Link to the page that begins after so many items."""
        url = f"{_base(request)}{request.rel_url.raw_path}"
        position = {self._paging.parameter: self._paging.following(search, at - search.limit)}
        if request.method == "POST":
            return documents.link("next", url, GEOJSON, method="POST", body={**body, **position})
        query = urlencode({**request.query, **position})
        return documents.link("next", f"{url}?{query}", GEOJSON, method="GET")


def _answering(handler: Handler) -> Answer:
    """Turn what a handler raises into an answer, so that behaviours see nothing but answers."""

    async def answer(request: web.Request, _visit: Visit) -> web.Response:
        try:
            response = await handler(request)
        except InvalidParameterError as error:
            return problem(HTTPStatus.BAD_REQUEST, "InvalidParameterValue", str(error))
        except web.HTTPException as error:
            answer = problem(error.status, error.reason.replace(" ", ""), error.text or error.reason)
            answer.headers.extend({name: value for name, value in error.headers.items() if name == "Allow"})
            return answer
        except ConnectionError:
            return problem(HTTPStatus.BAD_REQUEST, "ClientGone", "the client went before it had said what it wants")
        except Exception:
            LOG.exception("%s %s failed", request.method, request.path)
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalServerError", "the simulator failed; see its log")
        assert isinstance(response, web.Response)
        return response

    return answer


async def _send(request: web.Request, response: web.StreamResponse) -> None:
    try:
        await response.prepare(request)
        await response.write_eof()
    except ConnectionError:
        # The client has gone; aiohttp finds that out for itself and closes the connection.
        return


def _base(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


class Instrument:
    """Sees every request of the API pass, and tells about it on `/_bench/`."""

    def __init__(self, options: Options, chain: Sequence[Behaviour], log: RequestLog | None) -> None:
        self._options = options
        self._chain = chain
        self._log = log
        self._window = Window(options.think_ms)

    def routes(self) -> list[web.AbstractRouteDef]:
        """List the routes."""
        return [web.get(f"{BENCH}stats", self._stats), web.post(f"{BENCH}reset", self._reset)]

    @web.middleware
    async def observe(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Have a request answered, and stay until the answer is out: writing it is part of the response time."""
        if request.path.startswith(BENCH):
            return await handler(request)
        visit = self._window.arrive()
        try:
            response = await linked(self._chain, _answering(handler))(request, visit)
            visit.status = response.status
            await _send(request, response)
        finally:
            duration = visit.window.depart(visit)
            if self._log:
                self._log.write(request, visit, duration)
        return response

    async def _stats(self, _request: web.Request) -> web.Response:
        await self._window.settle(_SETTLE_S + 2 * self._options.think_ms / 1000)
        return document(self._window.record().model_dump())

    async def _reset(self, _request: web.Request) -> web.Response:
        for behaviour in self._chain:
            behaviour.reset()
        self._window = Window(self._options.think_ms)
        return web.Response(status=HTTPStatus.NO_CONTENT)


def application(
    store: Store, options: Options, paging: Paging, chain: Sequence[Behaviour], log: RequestLog | None = None
) -> web.Application:
    """Put it all together."""
    instrument = Instrument(options, chain, log)
    app = web.Application(middlewares=[instrument.observe])
    app.add_routes([*Api(store, options, paging).routes(), *instrument.routes()])
    return app
