"""A small STAC API that misbehaves on request, and a run of the module against it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from aiohttp import web
from blockbuster import blockbuster_ctx

from stac_ingest import DataProcessingError, IngestModule, WorkflowContext

START = datetime(2020, 1, 1, tzinfo=UTC)
DAYS = 1000


def stamp(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def make_items(number, *, moment=lambda i, n: START + timedelta(days=DAYS) * (i / n)):
    return [
        {
            "type": "Feature",
            "id": f"i{i:05d}",
            "collection": "c",
            "properties": {"datetime": stamp(moment(i, number))},
            "links": [{"rel": "self", "href": "x"}],
        }
        for i in range(number)
    ]


class Api:
    """A STAC API with one collection `c`. Its attributes say how it behaves; `log` is what it was asked."""

    def __init__(self, items, **behaviour):
        self.items = items
        self.paging = "token"
        self.counts = True
        self.post = True
        self.search = True
        self.most = 1000
        self.ignores_datetime = False
        self.conforms = []
        self.extent = [[stamp(START), stamp(START + timedelta(days=DAYS))]]
        self.think = 0.0
        self.fault = lambda number, body: None
        self.edit = lambda page, body: page
        vars(self).update(behaviour)
        self.log, self.headers, self.now, self.peak, self.searches = [], [], 0, 0, 0

    @asynccontextmanager
    async def serving(self):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self.url
        finally:
            await runner.cleanup()

    async def handle(self, request):
        self.now += 1
        self.peak = max(self.peak, self.now)
        self.headers.append(dict(request.headers))
        try:
            text = await request.text()
            await asyncio.sleep(self.think)
            return await self.answer(request, json.loads(text) if text else dict(request.query))
        finally:
            self.now -= 1

    async def answer(self, request, body):
        path = request.path.rstrip("/")
        self.log.append((request.method, path, body))
        if path == "":
            ways = (["GET"] if self.search else []) + (["POST"] if self.post and self.search else [])
            links = [{"rel": "search", "href": f"{self.url}/search", "method": m} for m in ways]
            return web.json_response({"id": "root", "links": [{"href": "no rel"}, *links], "conformsTo": self.conforms})
        if path == "/collections/c":
            return web.json_response(
                {"type": "Collection", "id": "c", "extent": {"temporal": {"interval": self.extent}}}
            )
        if path in ("/search", "/collections/c/items"):
            self.searches += 1
            faulty = self.fault(self.searches, body)
            if faulty is not None:
                return faulty
            return web.json_response(self.edit(self.page(request, body), body))
        return web.json_response({"code": "NotFound"}, status=404)

    def page(self, request, body):
        found = [i for i in self.items if self.ignores_datetime or inside(i, body.get("datetime"))]
        limit = min(int(body.get("limit", 10)), self.most)
        at = int(body.get("token", 0)) if self.paging == "token" else 0
        if self.paging == "page":
            at = (int(body.get("page", 1)) - 1) * limit
        elif self.paging == "offset":
            at = int(body.get("offset", 0))
        items, links = found[at : at + limit], []
        if at + limit < len(found):
            name, value = {
                "token": ("token", str(at + limit)),
                "page": ("page", int(body.get("page", 1)) + 1),
                "offset": ("offset", at + limit),
            }[self.paging]
            if request.method == "POST":
                links = [{"rel": "next", "method": "POST", "href": str(request.url), "body": {**body, name: value}}]
            else:
                links = [{"rel": "next", "href": str(request.url.update_query({name: value}))}]
        page = {"type": "FeatureCollection", "features": items, "links": links}
        return {**page, "numberMatched": len(found), "numberReturned": len(items)} if self.counts else page


def inside(item, interval):
    if interval is None:
        return True
    start, _, end = interval.partition("/")
    end = end or start
    moment = datetime.fromisoformat(item["properties"]["datetime"])
    return (start == ".." or moment >= datetime.fromisoformat(start)) and (
        end == ".." or moment <= datetime.fromisoformat(end)
    )


async def ingest(api, **settings):
    """Run the module; return the ids as they came, the summary, the failures and the error that ended it."""
    settings = {"mode": "api", "collection_id": "c", "limit": 10, **settings}
    context = WorkflowContext()
    ids, error = [], None
    async with api.serving() as url:
        module = IngestModule({"source": url, **settings})
        with blockbuster_ctx():
            try:
                async for item in module.fetch(context):
                    ids.append(item["id"])  # noqa: PERF401 - what came before an error must be kept
            except DataProcessingError as caught:
                error = caught
    return ids, module.summary, context.failure_collector.get_all(), error


def ids_of(items):
    return [item["id"] for item in items]
