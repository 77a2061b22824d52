"""Static catalogs that are kept in step with: what a sync asks for, what it reads, and what it says of that."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import time
from email.utils import formatdate, parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from catalog_bed import Documents, Server, catalog, item, link, tree, write
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.errors import DataProcessingError
from stac_ingest.sources.catalog import web as web_reader
from stac_ingest.sync import run as steps
from stac_ingest.sync.detectors import catalog as detector
from stac_ingest.sync.run import SyncResult, run_sync
from stac_ingest.sync.settings import SyncSettings
from stores_server import served_as_s3
from synced_generations import FORM
from synced_generations import read as held

VERSIONS = ["etag", "weak", "modified"]
COLLECTIONS, ITEMS = 3, 4
STRUCTURE = 1 + COLLECTIONS
ALL = STRUCTURE + COLLECTIONS * ITEMS


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """Don't wait for the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


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
    server = Server(documents)
    server.versions = versions
    async with server.serving():
        what = synced(server, tmp_path / "out")
        await sync(server, what)
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
    server = Server(documents)
    async with server.serving():
        what = synced(server, tmp_path / "out")
        await sync(server, what)
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
    server = Server(documents)
    server.versions = "modified"
    async with server.serving():
        what = synced(server, tmp_path / "out")
        await sync(server, what)
        documents["c0/c0-0/c0-0.json"]["properties"]["cloud"] = 3
        assert (await sync(server, what)).manifest.counts.changed == 0
        result = await sync(server, what.model_copy(update={"verify": True}))
        assert (result.manifest.counts.changed, len(server.sent)) == (1, 4)
        assert (await sync(server, what)).manifest.counts.changed == 0
        assert not server.sent


@pytest.mark.parametrize("broken", ["c1/collection.json", "c1/c1-0/c1-0.json"], ids=["child", "item"])
async def test_what_cannot_be_read_is_not_gone(tmp_path, broken):
    """Nothing is gone because a document can't be had; the run is truncated, and the next one looks again."""
    documents = tree(COLLECTIONS, ITEMS)
    server = Server(documents)
    server.versions = "etag"
    async with server.serving():
        what = synced(server, tmp_path / "out")
        await sync(server, what)
        kept = documents.pop(broken)
        result = await sync(server, what)
        assert (result.manifest.verdict, result.manifest.items) == ("truncated", COLLECTIONS * ITEMS)
        assert result.manifest.counts.gone == 0
        documents[broken] = kept
        if broken == "c1/collection.json":
            unlink(documents, "c1", "c1-2")
        result = await sync(server, what)
        assert result.manifest.verdict == "complete"
        assert held(tmp_path / "out").keys() == truth(documents)
        await sync(server, what)
        assert not server.sent


async def test_a_root_that_cannot_be_read_changes_nothing(tmp_path):
    """A server that is down is an error, and the output stays as it is."""
    documents = tree(1, 2)
    server = Server(documents)
    server.versions = "etag"
    async with server.serving():
        what = synced(server, tmp_path / "out")
        await sync(server, what)
        kept = documents.pop("catalog.json")
        with pytest.raises(DataProcessingError, match="404"):
            await sync(server, what)
        documents["catalog.json"] = kept
        assert (await sync(server, what)).manifest.items == 2
        assert not server.sent


async def test_a_catalog_that_lost_all_links_is_taken_for_a_fault(tmp_path):
    """A catalog that leads to nothing any more doesn't empty the output unless that is allowed."""
    documents = tree(1, 2)
    server = Server(documents)
    async with server.serving():
        what = synced(server, tmp_path / "out")
        await sync(server, what)
        documents["catalog.json"]["links"] = []
        with pytest.raises(DataProcessingError, match="--allow-empty"):
            await sync(server, what)
        result = await sync(server, what.model_copy(update={"allow_empty": True}))
        assert (result.manifest.items, result.manifest.counts.gone) == (0, 2)
        documents["catalog.json"]["links"] = [link("child", "./c0/collection.json")]
        assert (await sync(server, what)).manifest.counts.added == 2


async def test_a_copy_in_another_document_is_no_loss(tmp_path):
    """An item of two documents stays while one of them has it, though the other one's version is that of before."""
    documents = tree(2, 1)
    documents["c1/c1-0/c1-0.json"] = copy.deepcopy(documents["c0/c0-0/c0-0.json"])
    server = Server(documents)
    server.versions = "etag"
    async with server.serving():
        what = synced(server, tmp_path / "out")
        assert (await sync(server, what)).manifest.items == 1
        await sync(server, what)
        documents["c0/c0-0/c0-0.json"] = item("other", "c0")
        await sync(server, what)
        assert held(tmp_path / "out").keys() == {"c0-0", "other"}
        documents["c1/c1-0/c1-0.json"] = item("third", "c1")
        await sync(server, what)
        assert held(tmp_path / "out").keys() == {"other", "third"}


async def test_a_link_that_moves_is_no_loss(tmp_path):
    """An item that another collection links to now stays, and isn't read again."""
    documents = tree(2, 2)
    server = Server(documents)
    server.versions = "etag"
    async with server.serving():
        what = synced(server, tmp_path / "out")
        await sync(server, what)
        unlink(documents, "c0", "c0-1")
        documents["c1/collection.json"]["links"].append(link("item", "../c0/c0-1/c0-1.json"))
        result = await sync(server, what)
        assert set(server.sent) == {"c0/collection.json", "c1/collection.json"}
        assert (result.manifest.items, result.manifest.counts.gone) == (4, 0)


async def test_the_order_of_links_loses_nothing(tmp_path):
    """A link to an item that leads to a collection is a failure, and what the collection has stays all the same."""
    documents = tree(2, 2)
    documents["catalog.json"]["links"].append(link("item", "./c1/collection.json"))
    server = Server(documents)
    server.versions = "etag"
    async with server.serving():
        what = synced(server, tmp_path / "out")
        await sync(server, what)
        documents["catalog.json"]["links"].reverse()
        result = await sync(server, what)
        assert (result.manifest.items, result.manifest.counts.gone) == (4, 0)
        unlink(documents, "c1", "c1-0")
        result = await sync(server, what)
        assert (result.manifest.items, result.manifest.counts.gone) == (3, 1)


async def test_documents_of_several_items(tmp_path):
    """Of a document of several items, those that it has no more are gone; a child that is an item is one."""
    several = {"type": "FeatureCollection", "features": [item("a"), item("b")]}
    documents = {
        "catalog.json": catalog("root", link("items", "./all.json"), link("child", "./child.json")),
        "all.json": several,
        "child.json": item("c"),
    }
    server = Server(documents)
    server.versions = "etag"
    async with server.serving():
        what = synced(server, tmp_path / "out")
        assert (await sync(server, what)).manifest.items == 3
        several["features"] = [item("a", properties={"datetime": "2020-01-01T00:00:00Z", "n": 1})]
        result = await sync(server, what)
        counts = result.manifest.counts
        assert (counts.changed, counts.gone, counts.added) == (1, 1, 0)
        assert held(tmp_path / "out").keys() == {"a", "c"}


async def test_a_lost_memory_is_a_reason_to_read(tmp_path):
    """Where it isn't known any more which versions the documents had, all are read, and nothing is lost or doubled."""
    documents = tree(2, 2)
    server = Server(documents)
    server.versions = "etag"
    async with server.serving():
        what = synced(server, tmp_path / "out")
        await sync(server, what)
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
    server = Server(tree(2, 2))
    server.versions = "etag"
    async with server.serving():
        what = synced(server, tmp_path / "out")
        await sync(server, what)
        for path in (tmp_path / "out/.sync/memories").rglob("structure-texts.arrow"):
            path.write_bytes(b"ARROW1")
        result = await sync(server, what)
        assert set(server.sent) == {"catalog.json", "c0/collection.json", "c1/collection.json"}
        assert (result.manifest.verdict, result.manifest.items) == ("complete", 4)


async def test_a_spent_budget_loses_nothing(tmp_path):
    """Where the requests are spent amid the documents, the run says so, and what wasn't asked for stays."""
    documents = tree(2, 4)
    server = Server(documents)
    server.versions = "etag"
    async with server.serving():
        what = synced(server, tmp_path / "out", source={"concurrency": 1})
        await sync(server, what)
        for name, document in documents.items():
            if document["type"] == "Feature":
                document["properties"]["cloud"] = len(name)
        less = synced(server, tmp_path / "out", source={"concurrency": 1, "budget": {"max_requests": 5}})
        result = await sync(server, less)
        assert (result.manifest.verdict, result.manifest.items) == ("truncated", 8)
        assert result.manifest.counts.gone == 0
        result = await sync(server, what)
        assert result.manifest.verdict == "complete"
        assert all("cloud" in one["properties"] for one in held(tmp_path / "out").values())


async def test_a_budget_that_is_spent_on_what_is_unchanged(tmp_path):
    """A run that could look at some documents isn't one that could read nothing: it is published, and truncated."""
    documents = tree(1, 4)
    server = Server(documents)
    server.versions = "etag"
    async with server.serving():
        what = synced(server, tmp_path / "out")
        await sync(server, what)
        unlink(documents, "c0", "c0-3")
        less = synced(server, tmp_path / "out", source={"concurrency": 1, "budget": {"max_requests": 2}})
        result = await sync(server, less)
        assert (result.manifest.verdict, result.manifest.items, result.manifest.counts.gone) == ("truncated", 3, 1)
        assert (await sync(server, what)).manifest.verdict == "complete"


class KillError(Exception):
    """Stands for a kill."""


async def test_a_kill_costs_one_task(tmp_path, monkeypatch):
    """After a kill the run goes on, and documents of tasks that were done aren't asked for again."""
    monkeypatch.setattr(detector, "OF_SERVERS", 3)
    documents = tree(1, 9)
    server = Server(documents)
    server.versions = "etag"
    read = steps.run_read_task

    async def killed(*given: Any) -> Any:
        report = await read(*given)
        if given[2].number == 1:
            raise KillError
        return report

    async with server.serving():
        what = synced(server, tmp_path / "out")
        with monkeypatch.context() as patch:
            patch.setattr(steps, "run_read_task", killed)
            with pytest.raises(KillError):
                await sync(server, what)
        assert server.asked.total() == 2 + 6
        result = await sync(server, what)
        assert server.asked.total() == 3
        assert result.manifest.verdict == "complete"
        assert held(tmp_path / "out").keys() == truth(documents)
        await sync(server, what)
        assert not server.sent


class Changing:
    """A catalog that changes, a part of which can be away."""

    def __init__(self) -> None:
        self.documents = tree(2, 3)
        self._away: Documents = {}

    @property
    def is_whole(self) -> bool:
        """Whether nothing is away."""
        return not self._away

    @property
    def whole(self) -> Documents:
        """All documents, with what is away."""
        return self.documents | self._away

    def change(self, what: str, place: int, number: int) -> None:
        """Change something, if it is there."""
        collection, item_id = f"c{place % 2}", f"c{place % 2}-{place % 3}"
        path, twin = f"{collection}/{item_id}/{item_id}.json", f"c{place % 2}/c{place % 2}-0/c{place % 2}-0.json"
        match what:
            case "break":
                self._away |= {name: self.documents.pop(name) for name in ("c0/collection.json",) if self.is_whole}
            case "mend":
                self.documents |= self._away
                self._away = {}
            case "add" if self.is_whole:
                add(self.documents, collection, f"n{number}-{place}")
            case "unlink" if self.is_whole:
                unlink(self.documents, collection, item_id)
            case "change":
                self.documents[path]["properties"]["n"] = number
            case "twin" if self.is_whole:
                self.documents[path] = copy.deepcopy(self.documents[twin])


CHANGES = st.sampled_from(["add", "change", "unlink", "break", "mend", "twin"])
ROUNDS = st.lists(st.lists(st.tuples(CHANGES, st.integers(0, 5)), max_size=5), min_size=1, max_size=4)


@settings(max_examples=20, deadline=None)
@given(rounds=ROUNDS, versions=st.sampled_from(["etag", "weak", ""]))
def test_whatever_happens(tmp_path_factory, rounds, versions):
    """After any changes, what is called complete is the truth, and no item is lost that may still be there."""

    async def scenario() -> None:
        catalog = Changing()
        server = Server(catalog.documents)
        server.versions = versions
        out = tmp_path_factory.mktemp("any") / "out"
        async with server.serving():
            what = synced(server, out)
            await sync(server, what)
            for number, changes in enumerate(rounds):
                before = held(out).keys()
                for change, place in changes:
                    catalog.change(change, place, number)
                result = await sync(server, what)
                now, there = held(out), truth(catalog.documents)
                assert (result.manifest.verdict == "complete") == catalog.is_whole
                if catalog.is_whole:
                    assert now.keys() == there
                    assert all(one in map(FORM, catalog.documents.values()) for one in now.values())
                else:
                    assert now.keys() >= there | (before & truth(catalog.whole))

    asyncio.run(scenario())


def test_a_catalog_in_a_store(tmp_path, monkeypatch):
    """Of a catalog in a store of objects, documents with the ETags of before are not sent again."""
    pytest.importorskip("obstore")
    documents = tree(COLLECTIONS, ITEMS)
    with served_as_s3(monkeypatch) as objects:

        def put() -> None:
            objects.held.update({f"bkt/{name}": json.dumps(one).encode() for name, one in documents.items()})
            objects.forget()

        what = SyncSettings(source={"mode": "file", "source": "s3://bkt/catalog.json"}, output=tmp_path / "out")
        put()
        assert run_sync(what).manifest.verdict == "complete"
        assert objects.sent > 0
        put()
        assert run_sync(what).manifest.verdict == "complete"
        assert (objects.sent, objects.gets.total()) == (0, ALL)
        unlink(documents, "c0", "c0-1")
        documents["c2/c2-3/c2-3.json"]["properties"]["cloud"] = 3
        put()
        counts = run_sync(what).manifest.counts
        assert (counts.changed, counts.gone, counts.unchanged) == (1, 1, 0)
        assert objects.sent == sum(
            len(json.dumps(documents[name])) for name in ("c0/collection.json", "c2/c2-3/c2-3.json")
        )
        assert held(tmp_path / "out").keys() == truth(documents)


class Local:
    """A catalog on disk whose documents were written long ago."""

    def __init__(self, folder: Path) -> None:
        self.documents = tree(COLLECTIONS, ITEMS)
        self.folder = folder
        self._time = 10**18

    def write(self) -> Path:
        """Write what is new or another, and return the first document."""
        for name, document in self.documents.items():
            path, text = self.folder / name, json.dumps(document)
            if not path.exists() or path.read_text() != text:
                write(self.folder, {name: document})
                self._time += 10**9
                os.utime(path, ns=(self._time, self._time))
        return self.folder / "catalog.json"


def test_a_catalog_on_disk(tmp_path):
    """Of a catalog on disk, only documents with another size or time are read, and no others."""
    local = Local(tmp_path / "catalog")
    what = SyncSettings(source={"mode": "file", "source": str(local.write())}, output=tmp_path / "out")
    first = run_sync(what)
    assert (first.manifest.verdict, first.manifest.items, dict(first.requests)) == ("complete", 12, {})
    unlink(local.documents, "c0", "c0-1")
    add(local.documents, "c1", "new")
    local.documents["c2/c2-3/c2-3.json"]["properties"]["cloud"] = 3
    local.write()
    hidden = tmp_path / "catalog/c2/c2-0/c2-0.json"
    status = hidden.stat()
    hidden.write_text(hidden.read_text().replace("2020", "2021"))
    os.utime(hidden, ns=(status.st_mtime_ns, status.st_mtime_ns))
    result = run_sync(what)
    counts = result.manifest.counts
    assert (counts.added, counts.changed, counts.gone, counts.unchanged) == (1, 1, 1, 0)
    assert "10 documents have the versions of the last run" in " ".join(result.notes)
    assert held(tmp_path / "out").keys() == truth(local.documents)
    assert run_sync(what.model_copy(update={"verify": True})).manifest.counts.changed == 1


def test_links_of_strangers_lead_no_further_than_before(tmp_path):
    """A link out of the catalog's folder is refused in each run, also where it leads to what is another's by then."""
    secret = tmp_path / "secret/item.json"
    write(secret.parent, {secret.name: item("secret")})
    local = Local(tmp_path / "deep/down/catalog")
    local.documents["catalog.json"]["links"].append(link("item", "../../../secret/item.json"))
    what = SyncSettings(source={"mode": "file", "source": str(local.write())}, output=tmp_path / "out")
    for _ in range(2):
        result = run_sync(what)
        assert result.manifest.verdict == "truncated"
        assert "secret" not in held(tmp_path / "out")
    safe = tmp_path / "deep/down/catalog/c0/c0-0/c0-0.json"
    safe.unlink()
    safe.symlink_to(secret)
    os.utime(secret, (10**9, 10**9))
    result = run_sync(what)
    assert "secret" not in held(tmp_path / "out")
    assert "outside of" in (tmp_path / "out" / result.manifest.failures).read_text()
