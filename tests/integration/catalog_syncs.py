"""Syncs of catalogs that a server has, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from catalog_bed import Documents, Server, item, link

from stac_ingest.sync.run import SyncResult, run_sync
from stac_ingest.sync.settings import SyncSettings


def synced(server: Server, output: Path, **more: Any) -> SyncSettings:
    """Return the settings of a sync of what a server has."""
    source = {"mode": "file", "source": f"{server.url}/catalog.json", "retry": "none", **more.pop("source", {})}
    return SyncSettings(source=source, output=output, **more)


async def sync(server: Server, what: SyncSettings) -> SyncResult:
    """Run a sync, and count its requests alone."""
    server.forget()
    return await asyncio.to_thread(run_sync, what)


def truth(documents: Documents) -> set[str]:
    """Return the ids of the items that the links of a tree lead to."""
    linked = {
        f"{name.rpartition('/')[0]}/{one['href'][2:]}"
        for name, document in documents.items()
        for one in document["links"]
        if one["rel"] == "item"
    }
    return {documents[name]["id"] for name in linked if name in documents}


def unlink(documents: Documents, collection: str, item_id: str) -> None:
    """Take the link to an item out of its collection; the document stays."""
    document = documents[f"{collection}/collection.json"]
    document["links"] = [one for one in document["links"] if item_id not in one["href"]]


def add(documents: Documents, collection: str, item_id: str, **more: Any) -> None:
    """Add an item and the link to it."""
    documents[f"{collection}/collection.json"]["links"].append(link("item", f"./{item_id}/{item_id}.json"))
    documents[f"{collection}/{item_id}/{item_id}.json"] = item(item_id, collection, **more)


@asynccontextmanager
async def in_step(
    documents: Documents, output: Path, versions: str = "etag"
) -> AsyncIterator[tuple[Server, SyncSettings]]:
    """Serve documents that an output is in step with; the settings are those of its sync."""
    server = Server(documents)
    server.versions = versions
    async with server.serving():
        what = synced(server, output)
        await sync(server, what)
        yield server, what
