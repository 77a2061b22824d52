"""Runs a sync up to what is to be done, and does that to arrays instead of tables."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import orjson

from stac_ingest.sync.detectors import detector_of
from stac_ingest.sync.detectors.base import Last, Settling
from stac_ingest.sync.entries import HELD, by_key
from stac_ingest.sync.merge_input import Drop
from stac_ingest.sync.resolve import resolve
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.sorted_entries import save
from stac_ingest.sync.tasks import report_of, run_read_task
from stac_ingest.sync.work import Work


class Bench:
    """An output of arrays.

    Attributes:
        partitions: the entries of each.
        texts: of the items that are held, by key.
        plan: of the last run.
        reports: of its tasks.
        counts: of it.

    """

    def __init__(self, source: Path, output: Path, **more):
        self.settings = SyncSettings(source={"mode": "file", "source": str(source)}, output=output, **more)
        self.partitions: dict[int, np.ndarray] = {}
        self.texts: dict[tuple[int, int], dict] = {}
        self.last = Last()

    def run(self):
        """Sync once."""
        return asyncio.run(self._run())

    @property
    def ids(self):
        """The ids that are held, sorted."""
        return sorted(item["id"] for item in self.texts.values())

    def texts_of(self, item_id):
        """Return the item of an id that is held."""
        (found,) = (one for one in self.texts.values() if one["id"] == item_id)
        return found

    @property
    def files_read(self):
        """How many files the last run has read."""
        return sum(task.what["stop"] - task.what["start"] for task in self.plan.tasks)

    async def _run(self):
        work = Work(self.settings, self.last.generation + 1)
        work.begin()
        detector = detector_of(self.settings)
        self.plan = await detector.plan(self.last, work.memories, lambda *_: None)
        held = []
        for number, entries in self.partitions.items():
            held.append(work.folder / f"{number}.held.npy")
            save(held[-1], entries)
        for task in self.plan.tasks:
            await run_read_task(self.settings, work, task, held, lambda *_: None)
        self.reports = [report_of(work, task.number) for task in self.plan.tasks]
        resolved = resolve(self.settings, work, self.plan.tasks, self.reports, held)
        self.counts = resolved.counts
        for number in resolved.partitions:
            self._merge(work, number, np.load(work.adds(number)), np.load(work.drops(number)))
        if isinstance(detector, Settling):
            unread = {task.number for task in self.plan.tasks if self.reports[task.number].problems}
            unsure = {number for report in self.reports for number in report.spared}
            for _ in range(2):
                detector.settle(self.plan, work.memories, unread, unsure, work.copies)
        self.last = LastRun(
            self.partitions,
            generation=self.plan.generation,
            remembered=self.plan.remembered,
            remembered_folder=work.memories,
        )
        return self

    def _merge(self, work, number, adds, drops):
        before = self.partitions.get(number, np.zeros(0, HELD)).copy()
        stays = np.ones(len(before), bool)
        for row, what, origin in drops:
            if what == Drop.ELSEWHERE:
                before["origin"][row] = origin
            elif what in (Drop.KEPT, Drop.MARKED):
                before["is_gone"][row] = True
            else:
                stays[row] = False
                if what == Drop.REMOVED:
                    del self.texts[key_of_entry(before[row])]
        added = np.zeros(len(adds), HELD)
        for name in set(HELD.names) & set(adds.dtype.names):
            added[name] = adds[name]
        self.partitions[number] = by_key(np.concatenate([before[stays], added]))
        for entry in adds:
            with work.spool(int(entry["task"])).open("rb") as stream:
                stream.seek(int(entry["offset"]))
                self.texts[key_of_entry(entry)] = orjson.loads(stream.read(int(entry["length"])))


class LastRun(Last):
    """What a run on the bench left."""

    def __init__(self, partitions, **more):
        super().__init__(**more)
        object.__setattr__(self, "partitions", partitions)

    def held(self):
        """Yield what is held."""
        yield from self.partitions.items()


def key_of_entry(entry):
    """Return the key of an entry."""
    return int(entry["high"]), int(entry["low"])
