"""The application: routes, and around them the middleware and the metrics; faults that are named may change both."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from ingest_bench.errors import MeasurementError
from ingest_bench.simulator import documents
from ingest_bench.simulator.handler import Middleware, NextHandler
from ingest_bench.simulator.item_filter import ItemIndex
from ingest_bench.simulator.item_store import Store, open_store
from ingest_bench.simulator.metrics import MetricsWindow, RequestTiming
from ingest_bench.simulator.middleware import compose, middleware
from ingest_bench.simulator.options import Options
from ingest_bench.simulator.paging import Paging, paging_style
from ingest_bench.simulator.query_params import InvalidParameterError, Search, from_query, read_search
from ingest_bench.simulator.responses import GEOJSON, JSON, OPENAPI, PagePosition, document, item_collection, problem
from ingest_bench.simulator.static_catalog import StaticCatalog

if TYPE_CHECKING:
    from ingest_bench.simulator.generated.search import GeneratedIndex
    from ingest_bench.simulator.generated.service import GeneratedApi
    from ingest_bench.simulator.generated.store import GeneratedStore

LOG = logging.getLogger(__name__)

BENCH = "/_bench/"
"""Below this are the metrics, not the STAC API."""
_SETTLE_S = 5.0
"""How long to wait, beside the think time, for requests whose client has gone."""


class Api:
    """The STAC API. Pages are copied together for each request: no response is cached."""

    def __init__(self, corpus: Store | GeneratedApi, options: Options, paging: Paging) -> None:
        self._options = options
        self._paging = paging
        self.serve(corpus)
        self._description = documents.describe(paging.parameter, options.max_page)

    def serve(self, corpus: Store | GeneratedApi) -> None:
        """Serve other items from now on, as a catalog that has changed does."""
        self._store: Store | GeneratedStore = corpus if isinstance(corpus, Store) else corpus.store
        self._index: ItemIndex | GeneratedIndex = (
            ItemIndex(corpus, self._options) if isinstance(corpus, Store) else corpus.index
        )

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of the API."""
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
        return document({"conformsTo": documents.CONFORMS_TO})

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
        index = self._store.index(request.match_info["item"])
        if index is None:
            raise web.HTTPNotFound(text="there is no such item")
        return web.Response(body=bytes(self._store.line(index)), headers={"Content-Type": GEOJSON})

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
        kept = {name: value for name, value in body.items() if name not in self._options.ignored}
        search = read_search(kept, self._paging.parameter, self._options.max_page)
        matched = self._index.find(search.filter)
        start = self._paging.start(search)
        indices = matched[start : start + search.limit]

        def link(at: int) -> dict[str, Any]:
            return self._next_link(request, search, body, at)

        base = _base(request)
        links = [
            documents.link("root", base, JSON),
            documents.link("self", f"{base}{request.path_qs}", GEOJSON),
        ]
        if 0 < search.limit < len(matched) - start:
            links.append(link(start + search.limit))
        listed = indices if isinstance(indices, range) else indices.tolist()
        position = PagePosition(start, search.limit, len(matched), search.position, link)
        count = len(matched) if self._options.counts else None
        return item_collection(self._store.lines(listed, search.fields), links, count, position)

    def _next_link(self, request: web.Request, search: Search, body: dict[str, Any], at: int) -> dict[str, Any]:
        """Return the link to the page that starts after so many items."""
        url = f"{_base(request)}{request.rel_url.raw_path}"
        position = {self._paging.parameter: self._paging.following(search, at - search.limit)}
        if request.method == "POST":
            return documents.link("next", url, GEOJSON, method="POST", body={**body, **position})
        query = urlencode({**request.query, **position})
        return documents.link("next", f"{url}?{query}", GEOJSON, method="GET")


def _without_errors(handler: Handler) -> NextHandler:
    """Return a handler that responds where this one raises, so that middleware sees nothing but responses."""

    async def respond(request: web.Request, _timing: RequestTiming) -> web.Response:
        try:
            response = await handler(request)
        except InvalidParameterError as error:
            return problem(HTTPStatus.BAD_REQUEST, "InvalidParameterValue", str(error))
        except web.HTTPException as error:
            failure = problem(error.status, error.reason.replace(" ", ""), error.text or error.reason)
            failure.headers.extend({name: value for name, value in error.headers.items() if name == "Allow"})
            return failure
        except ConnectionError:
            return problem(HTTPStatus.BAD_REQUEST, "ClientGone", "the client went before it had said what it wants")
        except Exception:
            LOG.exception("%s %s failed", request.method, request.path)
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalServerError", "the simulator failed; see its log")
        assert isinstance(response, web.Response)
        return response

    return respond


async def _send(request: web.Request, response: web.StreamResponse) -> None:
    try:
        await response.prepare(request)
        await response.write_eof()
    except ConnectionError:
        # The client has gone; aiohttp finds that out for itself and closes the connection.
        return


def _base(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


class MetricsRecorder:
    """Times every request of the API, and serves the metrics on `/_bench/`."""

    def __init__(self, options: Options, chain: Sequence[Middleware], log: IO[bytes] | None) -> None:
        self._options = options
        self._chain = chain
        self._log = log
        self._window = MetricsWindow(options.think_ms)

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of the metrics."""
        return [web.get(f"{BENCH}stats", self._stats), web.post(f"{BENCH}reset", self._reset)]

    @web.middleware
    async def record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Return the response, once it is sent: writing it is part of the response time."""
        if request.path.startswith(BENCH):
            return await handler(request)
        timing = self._window.arrive()
        try:
            response = await compose(self._chain, _without_errors(handler))(request, timing)
            timing.status = response.status
            await _send(request, response)
        finally:
            duration = timing.window.depart(timing)
            if self._log:
                line = {
                    "time": time.time(),
                    "method": request.method,
                    "path": request.path_qs,
                    "status": timing.status,
                    "response_ms": 1000 * duration,
                    "think_ms_asked": timing.requested_ms,
                    "think_ms_achieved": timing.achieved_ms,
                }
                self._log.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        return response

    async def _stats(self, _request: web.Request) -> web.Response:
        await self._window.settle(_SETTLE_S + 2 * self._options.think_ms / 1000)
        return document(self._window.record().model_dump())

    async def _reset(self, _request: web.Request) -> web.Response:
        for link in self._chain:
            link.reset()
        self._window = MetricsWindow(self._options.think_ms)
        return web.Response(status=HTTPStatus.NO_CONTENT)


def reloading(read: Callable[[], None]) -> web.AbstractRouteDef:
    """Return the route that has the corpus read again, when the items of this API have changed."""

    async def reload(_request: web.Request) -> web.Response:
        try:
            read()
        except MeasurementError as error:
            return problem(HTTPStatus.CONFLICT, "CorpusUnusable", str(error))
        return web.Response(status=HTTPStatus.NO_CONTENT)

    return web.post(f"{BENCH}reload", reload)


class AppBuilder:
    """Builds the application of a server.

    Attributes:
        options: after the changes that faults make.
        faults: the named behaviours.
        serve: has the application that was built serve other items from now on.

    """

    serve: Callable[[Store], None]

    def __init__(self, options: Options) -> None:
        """Create the faults and have them change the options.

        Raises:
            SettingsError: a behaviour is unknown, or doesn't take its value.

        """
        if options.behaviours:
            from ingest_bench.simulator.faults.registry import make  # noqa: PLC0415 - a plain server does without

            self.faults = make(options.behaviours, options.seed)
        else:
            self.faults = []
        for fault in self.faults:
            options = fault.options(options)
        self.options = options

    def build(self, corpus: Store | GeneratedApi, log: IO[bytes] | None = None) -> web.Application:
        """Return the application that serves the items of a corpus; a line of JSON in the log for each request."""
        paging = paging_style(self.options.paging, self.options.seed)
        for fault in self.faults:
            paging = fault.paging(paging)
        api = Api(corpus, self.options, paging)
        chain: list[Middleware] = [*middleware(self.options), *self.faults]
        if isinstance(corpus, Store):
            catalog, links = StaticCatalog(corpus), corpus.links

            def serve(store: Store) -> None:
                api.serve(store)
                catalog.serve(store)

            self.serve = serve
            beside = [*catalog.routes(), reloading(lambda: serve(open_store(self.options.corpus, links)))]
        else:
            chain = [corpus.traffic, corpus, *chain]
            beside = corpus.routes()
        metrics = MetricsRecorder(self.options, chain, log)
        app = web.Application(middlewares=[metrics.record])
        app.add_routes([*api.routes(), *beside, *metrics.routes()])
        return app
