"""An API whose items change, and a stand-in for the output that is kept in step with it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ingest_bench.simulator.in_process import RunningServer, serving
from ingest_bench.simulator.item_store import Store
from stac_ingest.api.intervals import format_instant, parse_instant
from stac_ingest.core.id_set import key_of
from stac_ingest.core.key_hash import key_hash
from stac_ingest.sharding.splitters.stac_api import own_instant
from stac_ingest.sync.api.ids_task import task_of_ids
from stac_ingest.sync.detectors.api import ApiDetector
from stac_ingest.sync.detectors.base import Last
from stac_ingest.sync.entries import HELD, about, by_key
from stac_ingest.sync.partitions import Partitions
from stac_ingest.sync.plan import Covered, SyncPlan
from stac_ingest.sync.readers import reader_of
from stac_ingest.sync.readers.base import Outcome
from stac_ingest.sync.settings import SyncSettings

COLLECTION = "scenes"
BEGIN = parse_instant("2021-01-01T00:00:00Z")


def quiet(*_: object) -> None:
    """Say nothing."""


def scene(
    name: str, instant: str | None, updated: str | None = "2020-01-01T00:00:00Z", **properties: Any
) -> dict[str, Any]:
    """Make an item."""
    times = {"datetime": instant} | ({} if updated is None else {"updated": updated})
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "collection": COLLECTION,
        "geometry": {"type": "Point", "coordinates": [1, 2]},
        "bbox": [1, 2, 1, 2],
        "properties": times | properties,
        "links": [],
        "assets": {},
    }


@dataclass
class Truth:
    """What the server has. Its clock is that of the test."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    now: int = BEGIN

    @classmethod
    def of_months(cls, months: int, each: int) -> Truth:
        """Make so many months with so many items each, from January 2019 on."""
        made = cls()
        for month in range(months):
            for number in range(each):
                day = 1 + number % 28
                instant = f"{2019 + month // 12}-{month % 12 + 1:02}-{day:02}T{number % 24:02}:00:00Z"
                name = f"m{month:02}-{number:03}"
                made.items[name] = scene(name, instant)
        return made

    def put(self, name: str, instant: str | None, **more: Any) -> None:
        """Add an item, or replace it."""
        self.items[name] = scene(name, instant, **({"updated": format_instant(self.now)} | more))

    def store(self) -> Store:
        """Return what the simulator serves."""
        data = b"\n".join(json.dumps(item).encode() for item in self.items.values())
        extent = {
            "spatial": {"bbox": [[-180, -90, 180, 90]]},
            "temporal": {"interval": [["2019-01-01T00:00:00Z", None]]},
        }
        collection = {"type": "Collection", "id": COLLECTION, "stac_version": "1.1.0", "description": "x"}
        return Store(Path(), data, {**collection, "license": "other", "extent": extent, "links": []})


@contextmanager
def served(truth: Truth, *behaviours: str) -> Iterator[RunningServer]:
    """Serve items from a thread of its own."""
    loop = asyncio.new_event_loop()
    ready, ended = threading.Event(), asyncio.Event()
    found: list[RunningServer] = []

    async def run() -> None:
        async with serving(truth.store(), behaviours) as server:
            found.append(server)
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    try:
        assert ready.wait(30)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


@dataclass
class Run:
    """What came of one sync."""

    plan: SyncPlan
    outcomes: list[Outcome]
    added: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    items: int = 0
    """That are held after it."""

    @property
    def is_settled(self) -> bool:
        """Whether all that was planned was read."""
        return all(one.is_whole for one in self.outcomes)

    @property
    def is_sure(self) -> bool:
        """Whether the run may say that all is held."""
        counted = self.plan.matched is None or self.items >= self.plan.matched
        known = not self.plan.unverified and not any(one.unverified for one in self.outcomes)
        return self.is_settled and counted and known

    @property
    def requests(self) -> Counter[str]:
        """Requests by their kind."""
        return sum((Counter(one.requests) for one in self.outcomes), Counter())


class _Sink:
    """Keeps what a task reads."""

    def __init__(self, held: dict[str, Any]) -> None:
        self._held = held
        self.items: dict[str, dict[str, Any]] = {}
        self.ids: set[str] = set()
        self.missing: list[tuple[str, str]] = []

    def item(self, item: dict[str, Any], origin: int = 0) -> None:
        self.items[item["id"]] = item

    def seen(self, collection: str, item_id: str) -> None:
        assert collection == COLLECTION
        self.ids.add(item_id)

    def wanted(self, collection: str, item_id: str) -> bool:
        if item_id in self._held:
            return False
        self.missing.append((collection, item_id))
        return True


class Mirror:
    """Holds items in memory, and follows a plan as the engine does."""

    def __init__(self, url: str, folder: Path, **settings: Any) -> None:
        source = {"mode": "api", "source": url, "collection_id": COLLECTION, **settings.pop("source", {})}
        self.settings = SyncSettings(source=source, output=folder, **settings)
        self.held: dict[str, dict[str, Any]] = {}
        self.last = Last()
        self._partitions = Partitions("month")

    def moved_to(self, url: str) -> None:
        """Sync with another server from now on."""
        self.settings = self.settings.model_copy(update={"source": {**self.settings.source, "source": url}})

    async def sync(self, now: int) -> Run:
        """Sync once, at a time of the server's clock."""
        plan = await ApiDetector(self.settings).plan(self.last, self.settings.output, quiet)
        sinks, run = [], Run(plan, [])
        for task in plan.tasks:
            sink = _Sink(self.held)
            sinks.append(sink)
            run.outcomes.append(await reader_of(task, self.settings).read(task, sink, quiet))
        found = {name for one in sinks for name in one.items}
        missing = [key for one in sinks for key in one.missing if key[1] not in found]
        if missing:
            sink, task = _Sink(self.held), task_of_ids(len(plan.tasks), dict.fromkeys(missing))
            sinks.append(sink)
            run.outcomes.append(await reader_of(task, self.settings).read(task, sink, quiet))
        self._resolve(run, sinks)
        run.items = len(self.held)
        self.last = _last_of(self.held, self._partitions, run, now)
        return run

    def _resolve(self, run: Run, sinks: list[_Sink]) -> None:
        seen = {name for one in sinks for name in (*one.items, *one.ids)}
        failed = {name for one in run.outcomes for name, _ in one.failures}
        tasks = list(zip(run.plan.tasks, run.outcomes, strict=False))
        for name in [name for name in self.held if name not in seen and name not in failed]:
            instant = own_instant(self.held[name])
            over = [out for task, out in tasks if any(_covers(one, instant) for one in task.covers)]
            if over and all(one.is_whole for one in over):
                run.gone.add(name)
                del self.held[name]
        for one in sinks:
            for name, item in one.items.items():
                before = self.held.get(name)
                if before is None:
                    run.added.add(name)
                elif before != item:
                    run.changed.add(name)
                self.held[name] = item


def _covers(one: Covered, instant: int | None) -> bool:
    if instant is None:
        return one.undated
    return (one.start is None or instant >= one.start) and (one.before is None or instant < one.before)


def _last_of(held: dict[str, Any], partitions: Partitions, run: Run, now: int) -> Last:
    entries: dict[int, list[tuple[Any, ...]]] = {}
    for item in held.values():
        known = about(item, partitions)
        assert (known.high, known.low) == key_hash(*key_of(item))
        entries.setdefault(known.partition, []).append((*known, 0, 0, 0, False))
    arrays = {number: by_key(np.array(rows, dtype=HELD)) for number, rows in entries.items()}

    class _Held(Last):
        def held(self) -> Any:
            return iter(arrays.items())

    return _Held(
        generation=run.plan.generation,
        server_date=now,
        remembered=run.plan.remembered,
        unsettled=not run.is_settled,
    )
