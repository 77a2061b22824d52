"""What a task reads, on its way to disk."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.key_hash import key_hash
from stac_ingest.errors import DataProcessingError
from stac_ingest.sync import row_sorter, tasks
from stac_ingest.sync.entries import HELD, by_key
from stac_ingest.sync.partitions import Partitions
from stac_ingest.sync.plan import Task
from stac_ingest.sync.readers.base import Outcome
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.sorted_entries import save
from stac_ingest.sync.spool import TaskSpool
from stac_ingest.sync.tasks import report_of, run_read_task
from stac_ingest.sync.work import Work
from synced_files import item

TASK = Task(number=3, reader="items", what={})


class Reader:
    """Hands on some items and ids, and may end by an error."""

    def __init__(self, items, ids=(), error=None):
        self._items, self._ids, self._error = items, ids, error
        self.wanted = []

    async def read(self, task, sink, progress):
        """Hand on everything."""
        for number, one in enumerate(self._items):
            sink.item(one, number + 1)
        for one in self._ids:
            sink.seen("c", one)
            if sink.wanted("c", one):
                self.wanted.append(one)
        if self._error is not None:
            raise self._error
        return Outcome()


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Give what reads a task by a reader, and returns the report and the run's files."""

    def run(reader, held=(), **more):
        settings = SyncSettings(source={"mode": "file", "source": "items"}, output=tmp_path / "out", **more)
        work = Work(settings, 1)
        work.folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr(tasks, "reader_of", lambda *_: reader)
        asyncio.run(run_read_task(settings, work, TASK, list(held), lambda *_: None))
        return report_of(work, TASK.number), work

    return run


def held_of(folder, work, **more):
    """Write what is held: what was found, but for some columns."""
    found = np.load(work.found(3))
    held = np.zeros(len(found), HELD)
    for name in set(HELD.names) & set(found.dtype.names):
        held[name] = found[name]
    for name, value in more.items():
        held[name] = value
    save(folder / "held.npy", by_key(held))
    return [folder / "held.npy"]


def test_each_text_is_where_its_entry_says(read):
    """The entries lie sorted, and each leads to the item's own text."""
    items = [item(f"i{number}", number=2**70 if number == 4 else number) for number in range(9)]
    report, work = read(Reader(items))
    assert (report.items, report.ids, report.failures) == (9, 0, [])
    found = np.load(work.found(3))
    assert sorted(found["high"].tolist()) == found["high"].tolist()
    text = work.spool(3).read_bytes()
    for entry in found:
        one = json.loads(text[int(entry["offset"]) : int(entry["offset"]) + int(entry["length"])])
        assert one == items[int(entry["origin"]) - 1]


def test_a_lost_report_is_named(read):
    """Where what came of a task is lost, the error names the file and says what to do."""
    _, work = read(Reader([item("a")]))
    work.outcome(3).write_bytes(work.outcome(3).read_bytes()[:9])
    with pytest.raises(DataProcessingError, match=r"task-3\.json is lost, or can't be read; run the sync again"):
        report_of(work, 3)


def test_a_text_that_is_held_is_not_kept(read, tmp_path):
    """The text of an item that is held as it came isn't written; that of one that is gone by now is."""
    _, first = read(Reader([item("a"), item("b")]))
    held = held_of(tmp_path, first)
    first.outcome(3).unlink()
    _, second = read(Reader([item("a"), item("b", cloud=1)]), held)
    assert [orjson.loads(line)["id"] for line in second.spool(3).read_bytes().splitlines()] == ["b"]
    held = held_of(tmp_path, second, is_gone=True)
    for path in (second.outcome(3), second.known):
        path.unlink()
    _, third = read(Reader([item("a"), item("b", cloud=1)]), held)
    assert len(third.spool(3).read_bytes().splitlines()) == 2


def test_what_is_not_held_is_wanted(read, tmp_path):
    """Of ids alone those are wanted that aren't held, and they are named for the task that reads them."""
    _, first = read(Reader([item("a"), item("b")]))
    held = held_of(tmp_path, first)
    first.outcome(3).unlink()
    reader = Reader([], ["a", "x", "b", "y"])
    report, work = read(reader, held)
    assert (reader.wanted, report.ids) == (["x", "y"], 4)
    named = [orjson.loads(line) for line in work.wanted(3).read_bytes().splitlines()]
    assert named == [{"collection": "c", "id": "x"}, {"collection": "c", "id": "y"}]
    assert len(np.load(work.seen(3))) == 4


def test_what_cannot_be_written_is_a_failure(read):
    """An item that JSON can't hold, or that a transform can't change, costs itself alone, and its file is spared."""
    report, _ = read(Reader([item("a", bad={1, 2}), item("b")]))
    assert ([what for what, _ in report.failures], report.spared, report.items) == (["a"], [1], 1)


def test_what_a_transform_leaves_out(read):
    """An item that a transform leaves out isn't found, and its key is noted."""
    report, work = read(Reader([item("a", cloud=1), item("b", cloud=90)]), transforms={"where": "cloud < 50"})
    assert (report.items, report.dropped) == (1, 1)
    assert len(np.load(work.dropped(3))) == 1


def test_a_killed_task_starts_over(read):
    """A task that ended by an error left no outcome, and the next try has each item once."""
    with pytest.raises(KeyboardInterrupt):
        read(Reader([item("a"), item("b")], ["x"], KeyboardInterrupt()))
    report, work = read(Reader([item("b"), item("c")]))
    assert report.items == 2
    assert len(work.spool(3).read_bytes().splitlines()) == 2
    assert len(np.load(work.found(3))) == 2
    assert not work.wanted(3).exists()


def test_a_task_that_is_done_is_not_read_again(read):
    """The outcome of a task that was read is taken as it is."""
    before, _ = read(Reader([item("a")]))
    assert read(Reader([], error=AssertionError("it is read again")))[0] == before


@given(ids=st.lists(st.integers(0, 30), max_size=120), cut=st.integers(0, 120), since=st.integers(0, 120))
def test_ids_that_come_again_are_counted_on_disk(ids, cut, since):
    """However far apart an id and its repetition are, what came again is counted, of all ids and of the last ones."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_sorter, "RUN", 7)
        patch.setattr(row_sorter, "LEAST", 1)
        work = Work(SyncSettings(source={"mode": "file", "source": "items"}, output=Path(folder)), 1)
        work.begin()
        with TaskSpool(work, 0, Partitions("month"), None, lambda one: one) as spool:
            for some in (ids[:cut], ids[cut:]):
                for number in some:
                    spool.seen("c", f"i{number}")
                for first in (0, min(since, spool.ids)):
                    listed = ids[first : spool.ids]
                    assert spool.repeated(first) == len(listed) - len(set(listed))
            spool.finish()
        assert np.load(work.seen(0)).tolist() == sorted(key_hash("c", f"i{number}") for number in ids)
