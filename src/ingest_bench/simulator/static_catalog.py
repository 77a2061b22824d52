"""The items of the API as a static catalog, below `/static/`: a child for each item, and an item a child.

It is what a walk by links costs most for: two documents for each item, which only their parents name.
"""

from typing import Any

from aiohttp import web

from ingest_bench.simulator.documents import link
from ingest_bench.simulator.item_store import Store
from ingest_bench.simulator.responses import GEOJSON, JSON, document

CATALOG = "/static/catalog.json"
_CHILD, _ITEM = "/static/children/{index}/catalog.json", "/static/items/{index}.json"


class StaticCatalog:
    """Answers for the documents of the catalog."""

    def __init__(self, store: Store) -> None:
        self.serve(store)

    def serve(self, store: Store) -> None:
        """Serve other items from now on."""
        self._store = store

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of the catalog."""
        return [web.get(CATALOG, self._root), web.get(_CHILD, self._child), web.get(_ITEM, self._item)]

    async def _root(self, _request: web.Request) -> web.Response:
        children = [link("child", f"./children/{index}/catalog.json", JSON) for index in range(len(self._store))]
        return document(_catalog("static", children))

    async def _child(self, request: web.Request) -> web.Response:
        index = self._index(request)
        return document(_catalog(f"child-{index}", [link("item", f"../../items/{index}.json", GEOJSON)]))

    async def _item(self, request: web.Request) -> web.Response:
        return web.Response(body=bytes(self._store.line(self._index(request))), headers={"Content-Type": GEOJSON})

    def _index(self, request: web.Request) -> int:
        text = request.match_info["index"]
        if not (text.isascii() and text.isdecimal() and int(text) < len(self._store)):
            raise web.HTTPNotFound(text="there is no such document")
        return int(text)


def _catalog(name: str, links: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "Catalog", "id": name, "stac_version": "1.0.0", "description": "Items, by links.", "links": links}
