"""A small API of three collections that refuses or ignores what it is told to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import cql2
from aiohttp import web

SIZES = {"a": 23, "b": 4, "c": 11}
"""Items of each collection; their ids are the same ones."""
_ITEM_SEARCH = "https://api.stacspec.org/v1.0.0/item-search"
_CLASSES = [
    *(_ITEM_SEARCH, f"{_ITEM_SEARCH}#filter", f"{_ITEM_SEARCH}#sort"),
    *(f"http://www.opengis.net/spec/cql2/1.0/conf/{language}" for language in ("cql2-text", "cql2-json")),
]


def item(collection: str, number: int) -> dict[str, Any]:
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": f"i{number:02}",
        "collection": collection,
        "bbox": [number, 0, number, 0],
        "geometry": {"type": "Point", "coordinates": [number, 0]},
        "properties": {"datetime": f"2024-01-{number + 1:02}T00:00:00Z", "cloud": number},
        "links": [],
        "assets": {},
    }


@dataclass
class CollectionsApi:
    """What the server does, and the searches that it was asked for.

    `quirks`: `get-only`, `refuse-none` and `refuse-several` (of collections), `empty-none`, `refuse-cql2-json`,
    `refuse-cql2-text`, `ignore-ids`, `ignore-late-filter` (behind the first page), `small-pages`, `endless-list`.
    """

    quirks: Collection[str]
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def landing(self, _: web.Request) -> web.Response:
        links = [{"rel": "search", "href": f"{self.url}/search", "method": method} for method in ("GET", "POST")]
        return web.json_response({"type": "Catalog", "id": "x", "conformsTo": _CLASSES, "links": links})

    async def collections(self, request: web.Request) -> web.Response:
        page = int(request.query.get("page", 0))
        following = [{"rel": "next", "href": f"{self.url}/collections?page={page + 1}"}]
        listed = [{"type": "Collection", "id": one} for one in SIZES]
        if "endless-list" in self.quirks:
            return web.json_response({"collections": listed[:1], "links": following})
        return web.json_response({"collections": listed, "links": []})

    async def collection(self, request: web.Request) -> web.Response:
        found = request.match_info["id"]
        return web.json_response(
            {"type": "Collection", "id": found, "links": []}, status=200 if found in SIZES else 404
        )

    async def search(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            if "get-only" in self.quirks:
                return web.json_response({}, status=405)
            asked = await request.json()
        else:
            asked = dict(request.query)
            asked |= {name: asked[name].split(",") for name in ("collections", "ids") if name in asked}
        self.asked.append(asked)
        named, language = asked.get("collections", []), asked.get("filter-lang", "")
        refusals = {"refuse-none": not named, "refuse-several": len(named) > 1, f"refuse-{language}": True}
        if any(refusals.get(quirk) for quirk in self.quirks):
            return web.json_response({"description": "refused"}, status=400)
        limit, start = int(asked["limit"]), int(asked.get("token", 0))
        if "small-pages" in self.quirks and limit > 2:
            return web.json_response({}, status=413)
        fitting = self._found(asked, 0)
        found = self._found(asked, start)
        links = []
        if start + limit < len(found) or (not start and len(self._found(asked, limit)) > limit):
            following = {
                "rel": "next",
                "href": f"{self.url}/search",
                "method": "POST",
                "body": {"token": start + limit},
            }
            links = [following | {"merge": True}]
            if request.method == "GET":
                links = [{"rel": "next", "href": str(request.url.update_query(token=start + limit))}]
        page = {"type": "FeatureCollection", "features": found[start : start + limit], "links": links}
        return web.json_response(page | {"numberMatched": len(fitting)})

    def _found(self, asked: dict[str, Any], start: int) -> list[dict[str, Any]]:
        named = asked.get("collections") or ([] if "empty-none" in self.quirks else [*SIZES])
        found = [item(one, number) for one in named for number in range(SIZES[one])]
        if "ids" in asked and "ignore-ids" not in self.quirks:
            found = [one for one in found if one["id"] in asked["ids"]]
        if "filter" in asked and not (start and "ignore-late-filter" in self.quirks):
            expression = cql2.Expr(asked["filter"])
            found = [one for one in found if expression.matches(one)]
        return found


@asynccontextmanager
async def serving_collections(*quirks: str) -> AsyncIterator[CollectionsApi]:
    """Serve on loopback until the context ends."""
    api = CollectionsApi(quirks)
    app = web.Application()
    app.add_routes(
        [
            web.get("/", api.landing),
            web.get("/collections", api.collections),
            web.get("/collections/{id}", api.collection),
            web.get("/search", api.search),
            web.post("/search", api.search),
        ]
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield api
    finally:
        await runner.cleanup()
