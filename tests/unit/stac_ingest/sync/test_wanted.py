"""Ids that tasks name as wanted: which of them are read, by which tasks, and in how much memory."""

from __future__ import annotations

import tracemalloc

import orjson
import pytest

from stac_ingest.core.key_hash import key_hash
from stac_ingest.sync import row_sorter, sorted_entries
from stac_ingest.sync.entries import FOUND
from stac_ingest.sync.plan import Task
from stac_ingest.sync.readers.api import ApiItemsReader
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.sorted_entries import EntriesWriter
from stac_ingest.sync.wanted import wanted_tasks
from stac_ingest.sync.work import Work

pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")


@pytest.fixture
def made(tmp_path):
    """Give the settings of a sync, and the work of its run."""
    source = {"mode": "api", "source": "http://127.0.0.1:9", "limit": 10}
    settings = SyncSettings(source=source, output=tmp_path / "out", task_items=60)
    work = Work(settings, 3)
    work.begin()
    return settings, work


def task(work, number, wanted, found=()):
    """Make a task that has named ids as wanted, and read items."""
    with work.wanted(number).open("wb") as stream:
        stream.writelines(orjson.dumps({"collection": one, "id": name}) + b"\n" for one, name in wanted)
    writer = EntriesWriter(work.found(number), FOUND)
    for key in found:
        writer.add(*key_hash(*key), *[0] * (len(FOUND.names) - 2))
    writer.finish()
    return Task(number=number, reader="api_ids", what={})


def test_each_id_that_no_task_has_read_is_read_once(made):
    """Ids that came twice are read once, those whose items came aren't, and one task has few collections."""
    settings, work = made
    names = [(f"c{number % 2}", f"i{number}é\n") for number in range(150)]
    tasks = [task(work, 0, names[:100], found=names[120:130]), task(work, 1, names[50:])]
    wanted = wanted_tasks(settings, work, tasks)
    assert [one.number for one in wanted] == [2, 3, 4]
    assert [one.expected for one in wanted] == [50, 50, 40]
    keys = [list(ApiItemsReader(settings)._keys(one)) for one in wanted]
    assert sorted(key for some in keys for key in some) == sorted({*names} - {*names[120:130]})
    assert [len({collection for collection, _ in some}) for some in keys] == [1, 2, 1]
    assert wanted_tasks(settings, work, tasks) == wanted


def test_nothing_wanted_is_no_task(made):
    """Where tasks have named nothing, or all of it was read, nothing more is to be read."""
    settings, work = made
    empty = Task(number=0, reader="api_ids", what={})
    assert wanted_tasks(settings, work, [empty]) == []
    assert wanted_tasks(settings, work, [task(work, 0, [("c", "a")], found=[("c", "a")])]) == []


def test_memory_does_not_grow_with_the_ids(made, monkeypatch):
    """Four times as many ids take hardly more memory."""
    settings, work = made
    settings = settings.model_copy(update={"task_items": 50_000})
    monkeypatch.setattr(row_sorter, "RUN", 1000)
    monkeypatch.setattr(sorted_entries, "RANGE", 1000)
    peaks = []
    for count in (4_000, 16_000):
        tasks = [task(work, 0, (("c", f"an-id-of-the-usual-length-{number}") for number in range(count)))]
        tracemalloc.start()
        wanted_tasks(settings, work, tasks)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.25 * peaks[0]
