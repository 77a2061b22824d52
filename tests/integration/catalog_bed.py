"""Static catalogs for tests: documents by name, in a folder or on a server that counts what it is asked."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiohttp import web

from stac_ingest import IngestModule, WorkflowContext

Documents = dict[str, Any]


def link(rel: str, href: Any) -> dict[str, Any]:
    """Make a link."""
    return {"rel": rel, "href": href, "type": "application/json"}


def catalog(name: str, *links: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make a catalog's document."""
    return {"type": "Catalog", "id": name, "stac_version": "1.1.0", "description": "d", "links": list(links), **more}


def item(name: str, collection: str | None = None, **more: Any) -> dict[str, Any]:
    """Make an item."""
    made = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "geometry": None,
        "properties": {"datetime": "2020-01-01T00:00:00Z"},
        "links": [],
        "assets": {},
    }
    return {**made, **({} if collection is None else {"collection": collection}), **more}


def tree(collections: int, items: int) -> Documents:
    """Make a catalog of collections with so many items each, as pystac lays it out."""
    names = [f"c{number}" for number in range(collections)]
    found: Documents = {"catalog.json": catalog("root", *(link("child", f"./{one}/collection.json") for one in names))}
    for one in names:
        ids = [f"{one}-{number}" for number in range(items)]
        links = [link("item", f"./{each}/{each}.json") for each in ids]
        found[f"{one}/collection.json"] = catalog(one, link("root", "../catalog.json"), *links, type="Collection")
        found |= {f"{one}/{each}/{each}.json": item(each, one) for each in ids}
    return found


def write(folder: Path, documents: Mapping[str, Any]) -> Path:
    """Write documents below a folder; what is text stays as it is. Returns the first one's path."""
    for name, document in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document if isinstance(document, str) else json.dumps(document))
    return folder / next(iter(documents))


class Run:
    """A run of the module, once it is over."""

    def __init__(self, source: str | Path, **settings: Any) -> None:
        self._module = IngestModule({"mode": "file", "source": str(source), **settings})
        self._context = WorkflowContext()
        self.items: list[dict[str, Any]] = []

    async def read(self) -> Run:
        """Read the source."""
        self.items = [one async for one in self._module.fetch(self._context)]
        return self

    @property
    def ids(self) -> list[str]:
        """Of the items, sorted."""
        return sorted(one["id"] for one in self.items)

    @property
    def failures(self) -> dict[str, str]:
        """By name, what is said of each."""
        return {one.item_id: one.error for one in self._context.failure_collector.get_all()}

    @property
    def summary(self) -> Any:
        """Its counts."""
        return self._module.summary


async def read(source: str | Path, **settings: Any) -> Run:
    """Read a source by the module."""
    return await Run(source, **settings).read()


class Server:
    """Serves documents, and keeps count of what it is asked.

    Attributes:
        asked: requests by name of the document.
        peak: requests that were under way at once, at most.
        headers: of the latest request for each document.
        versions: what documents are given with: `etag`, `weak`, `modified` or nothing.
        modified: when a document has changed, in seconds since 1970; a day ago where it isn't named.
        same: by name, answers that a document is as it was.
        sent: by name, bytes of documents.

    """

    def __init__(self, documents: Documents, *, think: float = 0.0) -> None:
        self.documents = documents
        self.think = think
        self.asked: Counter[str] = Counter()
        self.headers: dict[str, Mapping[str, str]] = {}
        self.peak = self._now = 0
        self.answer: Callable[[str], web.Response | None] = lambda _: None
        self.url = ""
        self.versions = ""
        self.modified: dict[str, float] = {}
        self._a_day_ago = time.time() // 1 - 86400
        self.same: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()

    def forget(self) -> None:
        """Count anew."""
        self.asked, self.same, self.sent = Counter(), Counter(), Counter()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Server]:
        """Serve on a free port of this machine."""
        app = web.Application()
        app.router.add_get("/{name:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked[name] += 1
        self.headers[name] = request.headers
        self._now += 1
        self.peak = max(self.peak, self._now)
        try:
            await asyncio.sleep(self.think)
            if (answer := self.answer(name)) is not None:
                return answer
            if name not in self.documents:
                return web.Response(status=404, text="not here")
            found = self.documents[name]
            text = found if isinstance(found, str) else json.dumps(found)
            headers, is_same = self._version(name, text, request)
            if is_same:
                self.same[name] += 1
                return web.Response(status=304, headers=headers)
            self.sent[name] += len(text)
            return web.Response(text=text, headers=headers)
        finally:
            self._now -= 1

    def _version(self, name: str, text: str, request: web.Request) -> tuple[dict[str, str], bool]:
        """Return the headers that name the version of a document, and whether it is the one that the client has."""
        if self.versions == "modified":
            date = formatdate(self.modified.get(name, self._a_day_ago), usegmt=True)
            return {"Last-Modified": date}, request.headers.get("If-Modified-Since") == date
        if not self.versions:
            return {}, False
        tag = f'"{sha256(text.encode()).hexdigest()[:16]}"'
        tag = f"W/{tag}" if self.versions == "weak" else tag
        return {"ETag": tag}, request.headers.get("If-None-Match") == tag
