"""Lists of ids that are broken off by a kill, and gone on with."""

from __future__ import annotations

import asyncio
import json
import tracemalloc

import numpy as np
import pytest
from api_of_collections import SIZES, serving_collections
from synced_api import COLLECTION, Truth

from ingest_bench.reference.server import ReferenceServer
from ingest_bench.simulator.generated.description import Description
from ingest_bench.simulator.generated.store import GeneratedStore
from ingest_bench.simulator.in_process import serving
from ingest_bench.simulator.options import GENERATED
from stac_ingest.core.atomic import write_text
from stac_ingest.core.key_hash import key_hash
from stac_ingest.errors import DataProcessingError
from stac_ingest.sync import row_sorter
from stac_ingest.sync import spool as spooling
from stac_ingest.sync.partitions import Partitions
from stac_ingest.sync.plan import SyncPlan, Task
from stac_ingest.sync.readers import reader_of
from stac_ingest.sync.run import SyncRun
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.spool import TaskSpool
from stac_ingest.sync.work import Work

PAGE = 7
TASK = Task(number=0, reader="api_ids", what={})


class KillError(Exception):
    """Stands for a kill."""


class Listing:
    """A task that lists ids, which ends after some pages and is begun again."""

    def __init__(self, server, folder):
        self.server = server
        source = {"mode": "api", "source": server.url, "collection_id": COLLECTION, "limit": PAGE, "concurrency": 1}
        self.settings = SyncSettings(source=source, output=folder)
        self.work = Work(self.settings, 1)
        self.work.begin()

    async def read(self, pages=None):
        """Read until so many pages were taken in; return the outcome and how many pages were asked for."""
        self.server.reset()
        left = [pages]

        def progress(*_):
            if left[0] is not None:
                left[0] -= 1
                if left[0] == 0:
                    raise KillError

        with TaskSpool(self.work, 0, Partitions("month"), None, lambda item: item) as spool:
            outcome = await reader_of(TASK, self.settings).read(TASK, spool, progress)
            spool.finish()
        return outcome, self.asked

    @property
    def asked(self):
        """Searches that the server has had since the last reading began."""
        return sum("/search" in one.path for one in self.server.received)

    @property
    def seen(self):
        """The keys that were listed."""
        return sorted((int(one["high"]), int(one["low"])) for one in np.load(self.work.seen(0)))

    @property
    def wanted(self):
        """The ids that aren't held."""
        return sorted(json.loads(line)["id"] for line in self.work.wanted(0).read_bytes().splitlines())


def keys_of(truth):
    """Return the keys of all items."""
    return sorted(key_hash(COLLECTION, name) for name in truth.items)


@pytest.fixture
def listing(tmp_path, monkeypatch):
    """Give what makes a listing whose place is kept after each page, of a server with small pages."""
    monkeypatch.setattr(spooling, "MARK_EVERY", 1)

    def run(scenario, *behaviours):
        async def serve():
            truth = Truth.of_months(5, 14)
            async with serving(truth.store(), [f"clamp-limit={PAGE}", *behaviours]) as server:
                await scenario(truth, server, Listing(server, tmp_path))

        asyncio.run(serve())

    return run


@pytest.mark.parametrize("pages", [2, 5, 9, 10])
def test_what_was_listed_before_a_kill_is_not_asked_for_again(listing, pages):
    """A list that goes on after a kill asks for the last page that it has again, and for none of those before."""

    async def scenario(truth, _, listing):
        _, whole = await listing.read()
        assert listing.seen == keys_of(truth)
        listing.work.begin()
        with pytest.raises(KillError):
            await listing.read(pages)
        outcome, asked = await listing.read()
        assert listing.seen == keys_of(truth)
        assert listing.wanted == sorted(truth.items)
        assert not outcome.problems
        # The page in whose middle the process ended isn't taken in; the one before it is asked for again.
        assert asked == whole - (pages - 2)

    listing(scenario)


def test_a_server_that_is_down_when_a_list_goes_on_costs_nothing(listing):
    """The run says that nothing can be read, and the list still goes on from its place when the server is back."""

    async def scenario(truth, _, listing):
        _, whole = await listing.read()
        listing.work.begin()
        with pytest.raises(KillError):
            await listing.read(9)
        gone = {**listing.settings.source, "source": "http://127.0.0.1:9", "retry_attempts": 1}
        run = SyncRun(listing.settings.model_copy(update={"source": gone}), lambda *_: None)
        with pytest.raises(DataProcessingError):
            await run.read(SyncPlan(generation=1, detector="api", tasks=[TASK]))
        outcome, asked = await listing.read()
        assert not outcome.problems
        assert listing.seen == keys_of(truth)
        assert asked == whole - 7

    listing(scenario)


def test_a_list_without_a_kill_has_one_page_for_each_page_of_items(listing):
    """A list asks for its pages, and for nothing else but the sizes of pages that the server has not."""

    async def scenario(truth, _, listing):
        outcome, asked = await listing.read()
        assert asked == -(-len(truth.items) // PAGE)
        assert outcome.requests["ids"] == asked + 2  # the landing page and the collection
        assert not outcome.problems

    listing(scenario)


@pytest.mark.parametrize("what", ["before", "behind", "both"])
def test_a_list_that_has_changed_since_is_begun_anew_or_not_believed(listing, what):
    """Whatever came or went after a kill, each item that is there is listed, or the list is a problem."""

    async def scenario(truth, server, listing):
        with pytest.raises(KillError):
            await listing.read(5)
        there = set(truth.items)
        if what != "behind":
            del truth.items["m04-003"]  # the server has its newest items first
        if what != "before":
            del truth.items["m00-003"]
        truth.put("new", "2019-05-20T00:00:00Z" if what != "behind" else "2019-01-20T00:00:00Z")
        server.serve(truth.store())
        outcome, _ = await listing.read()
        stay = {key_hash(COLLECTION, name) for name in there & set(truth.items)}
        assert outcome.problems or stay <= set(listing.seen)

    listing(scenario)


def test_a_server_that_does_not_count_is_listed_anew(listing):
    """Where nothing tells whether the list has changed, it isn't gone on with."""

    async def scenario(truth, _, listing):
        with pytest.raises(KillError):
            await listing.read(5)
        outcome, asked = await listing.read()
        assert listing.seen == keys_of(truth)
        assert asked >= -(-len(truth.items) // PAGE)
        assert outcome.unverified

    listing(scenario, "no-counts")


@pytest.mark.parametrize("damage", ["listed", "wanted", "mark"])
def test_a_place_that_is_damaged_is_no_place(listing, damage):
    """Where what was kept of a list is shorter than its mark says, or isn't one, the list begins anew."""

    async def scenario(truth, _, listing):
        with pytest.raises(KillError):
            await listing.read(5)
        path = getattr(listing.work, damage)(0)
        path.write_bytes(path.read_bytes()[:-30])
        await listing.read()
        assert listing.seen == keys_of(truth)
        assert listing.wanted == sorted(truth.items)

    listing(scenario)


class OneByOne:
    """A task that lists the ids of collections that are asked for one at a time, in nine pages."""

    def __init__(self, api, folder):
        self.api = api
        source = {"mode": "api", "source": api.url, "limit": 5, "concurrency": 1}
        self.settings = SyncSettings(source=source, output=folder)
        self.work = Work(self.settings, 1)
        self.work.begin()

    async def read(self, pages=None):
        """Read until so many pages were taken in; return the outcome and how many searches there were."""
        self.api.asked.clear()
        taken = 0

        def progress(*_):
            nonlocal taken
            taken += 1
            if taken == pages:
                raise KillError

        with TaskSpool(self.work, 0, Partitions("month"), None, lambda item: item) as spool:
            outcome = await reader_of(TASK, self.settings).read(TASK, spool, progress)
            spool.finish()
        return outcome, len(self.api.asked)

    @property
    def seen(self):
        """The keys that were listed."""
        return [(int(one["high"]), int(one["low"])) for one in np.load(self.work.seen(0))]


def keys_of_collections():
    """Return the keys of what the collections hold."""
    return sorted(key_hash(name, f"i{number:02}") for name, size in SIZES.items() for number in range(size))


@pytest.mark.parametrize("pages", range(1, 10))
async def test_collections_that_are_listed_one_by_one(tmp_path, monkeypatch, pages):
    """After a kill the list goes on in the collection that it was at, and asks for none of the pages before."""
    monkeypatch.setattr(spooling, "MARK_EVERY", 1)
    async with serving_collections("refuse-none", "refuse-several") as api:
        listing = OneByOne(api, tmp_path)
        outcome, whole = await listing.read()
        assert listing.seen == keys_of_collections()
        assert not outcome.problems
        listing.work.begin()
        with pytest.raises(KillError):
            await listing.read(pages)
        outcome, asked = await listing.read()
        assert listing.seen == keys_of_collections()
        assert not outcome.problems
        assert asked == whole - max(0, pages - 2)


async def test_a_collection_more_after_a_kill(tmp_path, monkeypatch):
    """A list of other collections than before the kill begins anew."""
    monkeypatch.setattr(spooling, "MARK_EVERY", 1)
    async with serving_collections("refuse-none", "refuse-several") as api:
        listing = OneByOne(api, tmp_path)
        with pytest.raises(KillError):
            await listing.read(6)
        monkeypatch.setitem(SIZES, "d", 3)
        outcome, _ = await listing.read()
        assert listing.seen == keys_of_collections()
        assert not outcome.problems
        assert any("listed anew" in note for note in outcome.notes)


def test_memory_of_a_list_does_not_grow_with_it(tmp_path, monkeypatch):
    """A list of ten times the ids, in pages of the same size, has as much in memory, and still knows how many came."""
    monkeypatch.setattr(row_sorter, "RUN", 500)
    monkeypatch.setattr(spooling, "_TOGETHER", 500)
    peaks = []
    for items in (4000, 4000, 40_000):  # the first one is for what is imported
        folder = tmp_path / f"{len(peaks)}"
        folder.mkdir()
        write_text(folder / GENERATED, Description(items=items, epochs=0).model_dump_json())
        with ReferenceServer(folder, port=0, largest_page=500) as server:
            source = {"mode": "api", "source": server.url, "collection_id": GeneratedStore.collection_id, "limit": 100}
            settings = SyncSettings(source=source, output=folder / "out")
            work = Work(settings, 1)
            work.begin()
            with TaskSpool(work, 0, Partitions("month"), None, lambda item: item) as spool:
                tracemalloc.start()
                outcome = asyncio.run(reader_of(TASK, settings).read(TASK, spool, lambda *_: None))
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
                assert (spool.ids, outcome.problems) == (items, [])
    assert peaks[2] < 1.25 * peaks[1], peaks
