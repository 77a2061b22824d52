"""Static catalogs that are kept in step with: what a sync asks for, what it reads, and what it says of that."""

from __future__ import annotations

import asyncio
import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from catalog_bed import Documents, Server, catalog, item, link, tree, write
from catalog_syncs import add, in_step, sync, synced, truth, unlink
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.errors import DataProcessingError
from stac_ingest.sync import run as steps
from stac_ingest.sync.detectors import catalog as detector
from stac_ingest.sync.run import run_sync
from stac_ingest.sync.settings import SyncSettings
from stores_server import served_as_s3
from synced_generations import FORM
from synced_generations import read as held

pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")

COLLECTIONS, ITEMS = 3, 4
STRUCTURE = 1 + COLLECTIONS
ALL = STRUCTURE + COLLECTIONS * ITEMS


@pytest.mark.parametrize("broken", ["c1/collection.json", "c1/c1-0/c1-0.json"], ids=["child", "item"])
async def test_what_cannot_be_read_is_not_gone(tmp_path, broken):
    """Nothing is gone because a document can't be had; the run is truncated, and the next one looks again."""
    documents = tree(COLLECTIONS, ITEMS)
    async with in_step(documents, tmp_path / "out") as (server, what):
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
    async with in_step(documents, tmp_path / "out") as (server, what):
        kept = documents.pop("catalog.json")
        with pytest.raises(DataProcessingError, match="404"):
            await sync(server, what)
        documents["catalog.json"] = kept
        assert (await sync(server, what)).manifest.items == 2
        assert not server.sent


async def test_a_catalog_that_lost_all_links_is_taken_for_a_fault(tmp_path):
    """A catalog that leads to nothing any more doesn't empty the output unless that is allowed."""
    documents = tree(1, 2)
    async with in_step(documents, tmp_path / "out", "") as (server, what):
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
    async with in_step(documents, tmp_path / "out") as (server, what):
        unlink(documents, "c0", "c0-1")
        documents["c1/collection.json"]["links"].append(link("item", "../c0/c0-1/c0-1.json"))
        result = await sync(server, what)
        assert set(server.sent) == {"c0/collection.json", "c1/collection.json"}
        assert (result.manifest.items, result.manifest.counts.gone) == (4, 0)


async def test_the_order_of_links_loses_nothing(tmp_path):
    """A link to an item that leads to a collection is a failure, and what the collection has stays all the same."""
    documents = tree(2, 2)
    documents["catalog.json"]["links"].append(link("item", "./c1/collection.json"))
    async with in_step(documents, tmp_path / "out") as (server, what):
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
    async with in_step(documents, tmp_path / "out") as (server, what):
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
        came = await read(*given)
        if given[2].number == 1:
            raise KillError
        return came

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
