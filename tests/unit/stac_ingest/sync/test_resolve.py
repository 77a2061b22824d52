"""What a run comes to, held against a plain model of dictionaries."""

from __future__ import annotations

import tempfile
import tracemalloc
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.sync import sorted_entries
from stac_ingest.sync.entries import FOUND, HELD, NEVER, SEEN, by_key
from stac_ingest.sync.merge_input import Add, Drop
from stac_ingest.sync.plan import Covered, Task
from stac_ingest.sync.resolve import resolve
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.sorted_entries import save
from stac_ingest.sync.tasks import TaskReport
from stac_ingest.sync.work import Work

SPREAD = 0x9E3779B97F4A7C15
"""Spreads small numbers over the 64 bits of a key's hash."""


@dataclass(frozen=True)
class Known:
    """An item, as it is held or as it was found."""

    key: int
    content: int
    instant: int
    updated: int
    origin: int
    is_gone: bool = False
    task: int = 0

    @property
    def partition(self) -> int:
        """Ten instants are a partition."""
        return -7 if self.instant == NEVER else self.instant // 10

    @property
    def about(self):
        """The columns that both kinds of entries share. Keys of an even number share the high half with the next."""
        return (*hashed(self.key), self.content, self.instant, self.updated, self.partition, self.origin)


def hashed(key: int) -> tuple[int, int]:
    """Give two keys in four the same high half."""
    return (key // 2 * SPREAD) % 2**64, key % 2


pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")

keys = st.integers(0, 11)
instants = st.one_of(st.integers(0, 39), st.just(NEVER))


def items(**more):
    """Draw items whose content tells their instant, as a digest does."""
    drawn = st.builds(Known, key=keys, content=st.integers(1, 3), instant=instants, updated=st.integers(0, 3), **more)
    return drawn.map(lambda item: replace(item, content=hash((item.content, item.instant)) % 2**63))


@st.composite
def covers(draw):
    """Draw what a task covers: a stretch of time, or files."""
    if draw(st.booleans()):
        return Covered(origins=draw(st.lists(st.integers(1, 4), max_size=2)))
    start, before = draw(st.none() | st.integers(0, 39)), draw(st.none() | st.integers(0, 39))
    return Covered(start=start, before=before, undated=draw(st.booleans()))


@st.composite
def tasks(draw):
    """Draw a task: what it found and saw, what it covers, and how it ended."""
    return {
        "found": draw(st.lists(items(origin=st.integers(0, 4)), max_size=8)),
        "seen": draw(st.lists(keys, max_size=4)),
        "dropped": draw(st.lists(keys, max_size=2)),
        "covers": draw(st.lists(covers(), max_size=2)),
        "report": draw(
            st.sampled_from(
                [
                    TaskReport(),
                    TaskReport(),
                    TaskReport(problems=["broken"]),
                    TaskReport(failures=[("one", "broken")]),
                    TaskReport(failures=[("file", "broken")], spared=[2]),
                ]
            )
        ),
    }


held_items = st.lists(
    items(origin=st.integers(0, 4), is_gone=st.booleans()), max_size=12, unique_by=lambda item: item.key
)


@settings(deadline=None)
@given(held=held_items, read=st.lists(tasks(), max_size=4), gone=st.sampled_from(["remove", "keep", "mark"]))
def test_resolved_as_by_a_plain_model(held, read, gone):
    """However items are spread over tasks, what is added, changed, moved, returned and gone is what a model says."""
    of_sync, found = run(held, read, gone)
    assert found == expected(held, read, of_sync.gone)


@pytest.mark.parametrize("count", [0, 1, 999, 5000])
def test_many_ranges_are_as_one(count, monkeypatch):
    """A run whose keys are gone through in many ranges comes to the same as by the model."""
    monkeypatch.setattr(sorted_entries, "RANGE", 1000)
    held = [Known(key=2 * n, content=n + 1, instant=n % 40, updated=0, origin=0) for n in range(count)]
    changed = [replace(item, content=item.content + count * (item.key % 3 == 0)) for item in held if item.key % 5]
    new = [Known(key=2 * n, content=1, instant=n % 40, updated=1, origin=0) for n in range(count, count + count // 9)]
    half = len(changed) // 2
    read = [
        {"found": some, "seen": [], "dropped": [], "covers": [Covered(undated=True)], "report": TaskReport()}
        for some in (changed[half:] + new, changed[:half])
    ]
    _, found = run(held, read, "remove")
    assert found == expected(held, read, "remove")


def test_memory_does_not_grow_with_the_items(tmp_path, monkeypatch):
    """To resolve four times as many items, in four times as many partitions, takes as much memory."""
    monkeypatch.setattr(sorted_entries, "RANGE", 10_000)
    peaks = []
    for count in (40_000, 160_000):
        settings = SyncSettings(source={"mode": "file", "source": "items"}, output=tmp_path / str(count))
        work = Work(settings, 1)
        work.begin()
        found = np.zeros(count, FOUND)
        found["high"] = np.random.default_rng(count).integers(0, 2**64, count, np.uint64)
        found["partition"] = np.arange(count) // 5000
        save(work.found(0), by_key(found))
        for path in (work.seen(0), work.dropped(0)):
            save(path, np.zeros(0, SEEN))
        task = Task(number=0, reader="items", what={})
        tracemalloc.start()
        resolved = resolve(settings, work, [task], [TaskReport()], [])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert resolved.counts.added == count
    assert peaks[1] < 1.15 * peaks[0]


def run(held, read, gone):
    """Write entries as a run does, resolve it, and read what is to be done."""
    with tempfile.TemporaryDirectory() as folder:
        settings = SyncSettings(source={"mode": "file", "source": "items"}, output=Path(folder), gone=gone)
        work = Work(settings, 2)
        work.begin()
        partitions = {}
        for item in held:
            partitions.setdefault(item.partition, []).append(item)
        paths = []
        order = {}
        for number, some in partitions.items():
            entries = by_key(np.array([(*item.about, 0, 0, item.is_gone) for item in some], HELD))
            paths.append(work.folder / f"{number}.held")
            save(paths[-1], entries)
            order[number] = entries
        planned, reports = [], []
        for number, task in enumerate(read):
            found = [(*item.about, number, at, 1) for at, item in enumerate(task["found"])]
            save(work.found(number), by_key(np.array(found, FOUND)))
            save(work.seen(number), by_key(np.array([hashed(key) for key in task["seen"]], SEEN)))
            save(work.dropped(number), by_key(np.array([hashed(key) for key in task["dropped"]], SEEN)))
            planned.append(Task(number=number, reader="items", what={}, covers=task["covers"]))
            reports.append(task["report"])
        resolved = resolve(settings, work, planned, reports, paths)
        assert resolve(settings, work, planned, reports, paths) == resolved
        adds, drops = {}, {}
        for number in resolved.partitions:
            made = np.load(work.adds(number))
            assert (made == by_key(made)).all()
            for entry in made:
                assert entry["partition"] == number
                key = (int(entry["high"]), int(entry["low"]))
                assert key not in adds
                what, before = int(entry["what"]), int(entry["from"])
                adds[key] = (what, number, before, int(entry["content"]), int(entry["task"]))
            made = np.load(work.drops(number))
            assert (np.diff(made["row"]) > 0).all()
            for row, what, origin in made:
                entry = order[number][row]
                key = (int(entry["high"]), int(entry["low"]))
                assert key not in drops
                drops[key] = (int(what), int(origin) if what == Drop.ELSEWHERE else None)
        further = {(int(one["high"]), int(one["low"]), int(one["origin"])) for one in np.load(work.copies)}
        return settings, (adds, drops, resolved.counts.model_dump(), resolved.unread, further)


def expected(held, read, gone):  # noqa: C901 - the rules, one after another
    """Say by dictionaries what a run comes to."""
    before = {hashed(item.key): item for item in held}
    found = {}
    for number, task in enumerate(read):
        for item in task["found"]:
            found.setdefault(hashed(item.key), []).append(replace(item, task=number))
    seen = {hashed(key) for task in read for key in task["seen"]}
    dropped = {hashed(key) for task in read for key in task["dropped"]}
    adds, drops, further = {}, {}, set()
    counts = dict.fromkeys(("added", "changed", "moved", "gone", "returned", "unchanged", "failures"), 0)
    for key, copies in found.items():
        new = max(reversed(copies), key=lambda item: (item.updated, item.task))
        old = before.get(key)
        keeps = (
            old is not None
            and not old.is_gone
            and 0 != old.origin != new.origin != 0
            and not covered(old, read)
            and old.updated >= new.updated
        )
        origin = old.origin if keeps else new.origin
        further |= {(*key, copy.origin) for copy in copies if copy.origin != origin}
        if old is not None and old.origin != origin:
            further.add((*key, old.origin))
        if old is None:
            adds[key] = (Add.ADDED, new.partition, new.partition, new.content, new.task)
            counts["added"] += 1
            continue
        if keeps or (old.content == new.content and not old.is_gone):
            counts["unchanged"] += 1
            if origin != old.origin:
                drops[key] = (Drop.ELSEWHERE, origin)
            continue
        moves = old.partition != new.partition
        what = Add.RETURNED if old.is_gone else Add.MOVED if moves else Add.CHANGED
        counts["changed"] += 1
        counts["moved"] += what is Add.MOVED
        counts["returned"] += what is Add.RETURNED
        adds[key] = (what, new.partition, old.partition, new.content, new.task)
        drops[key] = (Drop.MOVED if moves else Drop.REPLACED, None)
    for key, old in before.items():
        left_out = key in dropped and not old.origin
        if key in found or (key in seen and not left_out):
            continue
        if left_out or covered(old, read) or (old.is_gone and gone == "remove"):
            if old.is_gone and gone != "remove":
                continue
            counts["gone"] += 1
            drops[key] = ({"remove": Drop.REMOVED, "mark": Drop.MARKED, "keep": Drop.KEPT}[gone], None)
    some_origin = any(item.origin for task in read for item in task["found"])
    unread = len(seen - before.keys() - found.keys() - dropped)
    return adds, drops, counts, unread, further if some_origin else set()


def covered(item, read):
    """Say whether a task that ended well covers an item, and none that didn't."""
    sure = unsure = False
    for task in read:
        report = task["report"]
        unsure |= item.origin in report.spared
        for one in task["covers"]:
            if one.origins is not None:
                within = item.origin in one.origins
            elif item.instant == NEVER:
                within = one.undated
            else:
                within = (one.start is None or item.instant >= one.start) and (
                    one.before is None or item.instant < one.before
                )
            tells = not report.problems and (not report.failures or bool(report.spared))
            sure |= within and tells
            unsure |= within and not tells
    return sure and not unsure
