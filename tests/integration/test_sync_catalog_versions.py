"""Versions of a catalog's documents: what is asked for and read again by a sync, and what is not."""

from __future__ import annotations

import copy
import json
import time
from email.utils import formatdate, parsedate_to_datetime
from hashlib import sha256
from types import SimpleNamespace

import pytest
from aiohttp import web
from catalog_bed import Server, link, tree
from catalog_syncs import add, in_step, sync, synced, truth, unlink

from stac_ingest.sources.catalog import web as web_reader
from synced_generations import read as held

pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")

VERSIONS = ["etag", "weak", "modified"]
COLLECTIONS, ITEMS = 3, 4
STRUCTURE = 1 + COLLECTIONS
ALL = STRUCTURE + COLLECTIONS * ITEMS


@pytest.mark.parametrize("versions", VERSIONS)
async def test_nothing_changed_costs_conditional_requests_alone(tmp_path, versions):
    """The first run asks for each document once; the second asks for each whether it has changed, and no byte comes."""
    server = Server(tree(COLLECTIONS, ITEMS))
    server.versions = versions
    async with server.serving():
        what = synced(server, tmp_path / "out")
        first = await sync(server, what)
        assert (server.asked.total(), len(server.sent), server.same.total()) == (ALL, ALL, 0)
        assert (first.manifest.verdict, first.manifest.items) == ("complete", COLLECTIONS * ITEMS)
        second = await sync(server, what)
        assert (server.asked.total(), server.sent.total(), server.same.total()) == (ALL, 0, ALL)
        assert dict(second.requests) == {"planning": STRUCTURE, "documents": COLLECTIONS * ITEMS}
        assert (second.manifest.verdict, second.manifest.items) == ("complete", COLLECTIONS * ITEMS)
        assert second.manifest.journal is None
        assert "12 documents have the versions of the last run" in " ".join(second.notes)


@pytest.mark.parametrize("versions", VERSIONS)
async def test_new_changed_and_gone(tmp_path, versions):
    """A new link is new, a lost link is gone, a changed item is changed; only these and their parents are read."""
    documents = tree(COLLECTIONS, ITEMS)
    async with in_step(documents, tmp_path / "out", versions) as (server, what):
        unlink(documents, "c0", "c0-1")
        add(documents, "c1", "new")
        documents["c2/c2-3/c2-3.json"]["properties"]["cloud"] = 3
        changed = {"c0/collection.json", "c1/collection.json", "c1/new/new.json", "c2/c2-3/c2-3.json"}
        server.modified = dict.fromkeys(changed, time.time() // 1 - 7200)
        result = await sync(server, what)
        assert set(server.sent) == changed
        assert server.asked.total() == ALL
        counts = result.manifest.counts
        assert (counts.added, counts.changed, counts.gone) == (1, 1, 1)
        assert result.manifest.verdict == "complete"
        lines = (tmp_path / "out" / result.manifest.journal).read_text().splitlines()
        assert {(one["what"], one["id"]) for one in map(json.loads, lines)} == {
            *(("added", "new"), ("changed", "c2-3"), ("gone", "c0-1"))
        }
        assert held(tmp_path / "out").keys() == truth(documents)


async def test_without_versions_all_is_read_and_compared(tmp_path):
    """Where a server gives no versions, each run reads all documents, finds what changed by content, and says so."""
    documents = tree(COLLECTIONS, ITEMS)
    async with in_step(documents, tmp_path / "out", "") as (server, what):
        documents["c1/c1-0/c1-0.json"]["properties"]["cloud"] = 3
        result = await sync(server, what)
        assert (server.asked.total(), len(server.sent)) == (ALL, ALL)
        assert (result.manifest.counts.changed, result.manifest.counts.unchanged) == (1, COLLECTIONS * ITEMS - 1)
        assert result.manifest.verdict == "complete"
        said = " ".join(result.notes)
        assert "12 documents came without a version" in said
        assert "4 catalogs and collections have no version" in said
        assert "of the last run" not in said


async def test_a_time_of_a_moment_ago_is_no_version(tmp_path):
    """What changed within the last hour by its time alone may change again within that time: it is read again."""
    documents = tree(1, 2)
    server = Server(documents)
    server.versions = "modified"
    server.modified = {"c0/c0-0/c0-0.json": time.time() // 1 - 60}
    async with server.serving():
        what = synced(server, tmp_path / "out")
        await sync(server, what)
        documents["c0/c0-0/c0-0.json"]["properties"]["cloud"] = 3  # within the same second
        result = await sync(server, what)
        assert set(server.sent) == {"c0/c0-0/c0-0.json"}
        assert result.manifest.counts.changed == 1


async def test_a_clock_that_is_ahead_makes_no_version(tmp_path, monkeypatch):
    """What the server changed a moment ago by its own clock is read again, though this machine's clock is ahead."""
    documents = tree(1, 2)
    server = Server(documents)
    server.versions = "modified"
    now = time.time()
    server.modified = {"c0/c0-0/c0-0.json": now // 1 - 60}
    monkeypatch.setattr(web_reader, "time", SimpleNamespace(time=lambda: now + 86_400))
    async with server.serving():
        what = synced(server, tmp_path / "out")
        await sync(server, what)
        documents["c0/c0-0/c0-0.json"]["properties"]["cloud"] = 3  # within the same second
        result = await sync(server, what)
        assert "c0/c0-0/c0-0.json" in server.sent
        assert result.manifest.counts.changed == 1


@pytest.mark.parametrize("names_time", [True, False], ids=["named", "unnamed"])
@pytest.mark.parametrize("name", ["c0/c0-0/c0-0.json", "c0/collection.json"], ids=["item", "collection"])
async def test_an_older_document_that_takes_the_place_is_read(tmp_path, name, names_time):
    """Servers say "not modified" of a file that isn't newer: one that was put back from earlier is found, too."""
    documents = tree(1, 2)
    server = Server(documents)
    server.versions = "modified"
    now = time.time() // 1

    def answer(asked: str) -> web.Response | None:
        modified = formatdate(server.modified.get(asked, now - 86_400), usegmt=True)
        since = server.headers[asked].get("If-Modified-Since")
        if since is None or parsedate_to_datetime(modified) > parsedate_to_datetime(since):
            return None
        return web.Response(status=304, headers={"Last-Modified": modified} if names_time else {})

    async with server.serving():
        server.answer = answer
        server.modified = dict.fromkeys(documents, now - 86_400) | {name: now - 7200}
        what = synced(server, tmp_path / "out")
        await sync(server, what)
        documents["c0/c0-0/c0-0.json"]["properties"]["cloud"] = 3
        unlink(documents, "c0", "c0-1")
        server.modified[name] = now - 172_800
        result = await sync(server, what)
        counts = result.manifest.counts
        assert name in server.sent
        expected = (1, 0) if names_time and name.endswith("c0-0.json") else (0, 1) if names_time else (1, 1)
        assert (counts.changed, counts.gone) == expected


@pytest.mark.parametrize("name", ["c0/c0-0/c0-0.json", "c0/collection.json"], ids=["item", "collection"])
async def test_a_redirect_to_another_document_is_a_change(tmp_path, name):
    """A version of one document says nothing of another one, to which the same link is redirected now."""
    documents = tree(1, 2)
    for release in ("v1", "v2"):
        for path in [path for path in documents if path.startswith("c0/")]:
            document = copy.deepcopy(documents[path])
            if document["type"] == "Feature":
                document["properties"]["release"] = release
            documents[f"{release}/{path}"] = document
    server = Server(documents)
    server.versions = "modified"
    release = "v1"

    def answer(asked: str) -> web.Response | None:
        return web.Response(status=302, headers={"Location": f"/{release}/{name}"}) if asked == name else None

    async with server.serving():
        server.answer = answer
        what = synced(server, tmp_path / "out")
        await sync(server, what)
        await sync(server, what)
        assert not server.sent
        release = "v2"
        result = await sync(server, what)
        assert f"v2/{name}" in server.sent
        assert result.manifest.verdict == "complete"
        releases = {one["id"]: one["properties"].get("release") for one in held(tmp_path / "out").values()}
        assert releases == {"c0-0": "v2", "c0-1": "v2" if name.endswith("collection.json") else None}


async def test_a_collection_that_came_broken_is_read_again(tmp_path):
    """A collection that could not be used isn't taken for unchanged, though its version is that of before."""
    documents = tree(1, 2)
    server = Server(documents)
    server.versions = "etag"
    text = json.dumps(documents["c0/collection.json"])
    headers = {"ETag": f'"{sha256(text.encode()).hexdigest()[:16]}"'}
    async with server.serving():
        server.answer = lambda name: (
            web.Response(text=text[:80], headers=headers) if name == "c0/collection.json" else None
        )
        documents["catalog.json"]["links"].append(link("item", "./c0/c0-0/c0-0.json"))
        what = synced(server, tmp_path / "out")
        assert (await sync(server, what)).manifest.verdict == "truncated"
        server.answer = lambda _: None
        result = await sync(server, what)
        assert (result.manifest.verdict, result.manifest.items) == ("complete", 2)
        await sync(server, what)
        assert not server.sent


async def test_verify_reads_all(tmp_path):
    """A change that the server hides behind the same version is found by `--verify`, and by nothing else."""
    documents = tree(1, 2)
    async with in_step(documents, tmp_path / "out", "modified") as (server, what):
        documents["c0/c0-0/c0-0.json"]["properties"]["cloud"] = 3
        assert (await sync(server, what)).manifest.counts.changed == 0
        result = await sync(server, what.model_copy(update={"verify": True}))
        assert (result.manifest.counts.changed, len(server.sent)) == (1, 4)
        assert (await sync(server, what)).manifest.counts.changed == 0
        assert not server.sent


async def test_a_lost_memory_is_a_reason_to_read(tmp_path):
    """Where it isn't known any more which versions the documents had, all are read, and nothing is lost or doubled."""
    documents = tree(2, 2)
    async with in_step(documents, tmp_path / "out") as (server, what):
        for path in (tmp_path / "out/.sync/memories").rglob("documents.arrow"):
            path.unlink()
        unlink(documents, "c0", "c0-1")
        result = await sync(server, what)
        assert len(server.sent) == 3 + 3
        assert (result.manifest.items, result.manifest.counts.gone) == (3, 1)
        await sync(server, what)
        assert not server.sent


async def test_a_lost_text_of_a_collection_is_read(tmp_path):
    """A collection that is as it was, and whose kept text is lost, is read."""
    async with in_step(tree(2, 2), tmp_path / "out") as (server, what):
        for path in (tmp_path / "out/.sync/memories").rglob("structure-texts.arrow"):
            path.write_bytes(b"ARROW1")
        result = await sync(server, what)
        assert set(server.sent) == {"catalog.json", "c0/collection.json", "c1/collection.json"}
        assert (result.manifest.verdict, result.manifest.items) == ("complete", 4)
