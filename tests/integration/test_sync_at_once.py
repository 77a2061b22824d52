"""Tasks of a sync that are read at once."""

from __future__ import annotations

import asyncio

import pytest
from synced_api import COLLECTION, Truth, quiet

from ingest_bench.simulator.in_process import serving
from stac_ingest.errors import DataProcessingError
from stac_ingest.sync import at_once
from stac_ingest.sync.at_once import read_all, shares
from stac_ingest.sync.plan import Task
from stac_ingest.sync.run import SyncRun
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.tasks import report_of

MONTHS, EACH = 12, 20


def settings_of(folder, url="http://127.0.0.1:9", **source):
    """Make settings that read some forty items in a task."""
    source = {"mode": "api", "source": url, "collection_id": COLLECTION, "limit": 5, **source}
    return SyncSettings(source=source, output=folder, task_items=40)


def tasks_of(count, reader="api_items"):
    """Make tasks."""
    return [Task(number=number, reader=reader, what={}) for number in range(count)]


@pytest.mark.parametrize("concurrency", [1, 2, 3, 8])
def test_requests_in_flight_are_those_of_the_settings(tmp_path, monkeypatch, concurrency):
    """However many tasks are read at once, no more requests are under way, and none more are sent than one by one."""

    async def read(folder, most):
        monkeypatch.setattr(at_once, "MOST", most)
        async with serving(Truth.of_months(MONTHS, EACH).store(), latency_s=0.003) as server:
            run = SyncRun(settings_of(folder, server.url, concurrency=concurrency), quiet)
            plan = await run.plan()
            server.reset()
            found = await run.read(plan.plan)
            assert sum(report.items for report in found.reports) >= MONTHS * EACH
            assert [report.problems for report in found.reports] == [[]] * len(plan.plan.tasks)
            assert found.reports == [report_of(run.work, task.number) for task in plan.plan.tasks]
            return len(plan.plan.tasks), server.in_flight_peak, len(server.received)

    one_by_one = asyncio.run(read(tmp_path / "one", 1))
    together = asyncio.run(read(tmp_path / "some", 4))
    assert together[0] == one_by_one[0] >= 4
    assert together[1] <= concurrency
    assert together[2] <= one_by_one[2] + one_by_one[2] // 10


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"concurrency": 1}, [None]),
        ({"concurrency": 3}, [1, 1, 1]),
        ({"concurrency": 10}, [3, 3, 2, 2]),
        ({"concurrency": 10, "budget": {"max_in_flight": 2, "requests_per_second": 4.0}}, [1, 1]),
        ({"concurrency": "auto", "budget": {"max_in_flight": 5}}, [2, 1, 1, 1]),
    ],
    ids=["one", "three", "ten", "budget", "auto"],
)
def test_each_task_has_its_share(tmp_path, source, expected):
    """The requests and the rate of all tasks together are those of the settings."""
    each = shares(settings_of(tmp_path, **source), tasks_of(9))
    assert [one.config.budget.max_in_flight for one in each] == expected
    rates = [one.config.budget.requests_per_second for one in each]
    assert sum(filter(None, rates)) == source.get("budget", {}).get("requests_per_second", 0)
    if expected != [None] and source["concurrency"] != "auto":
        assert [one.config.concurrency for one in each] == expected


def test_files_are_read_one_task_at_a_time(tmp_path):
    """A task of files takes all workers by itself."""
    settings = SyncSettings(source={"mode": "file", "source": "items", "concurrency": 8}, output=tmp_path)
    assert shares(settings, tasks_of(9, "files")) == [settings]


def test_each_task_is_read_once(tmp_path):
    """No task is left out, no more are open than the bound says, and the progress is of all together."""
    open_now, most, done = 0, 0, []

    async def read(_, task, progress):
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        progress("reading", task.number)
        await asyncio.sleep(0.001 * (9 - task.number))
        open_now -= 1
        done.append(task.number)

    told = []
    asyncio.run(read_all(settings_of(tmp_path, concurrency=6), tasks_of(9), read, lambda _, count: told.append(count)))
    assert sorted(done) == list(range(9))
    assert most == 4
    assert told[-1] == sum(range(9))


def test_an_error_ends_the_others(tmp_path):
    """Where a task can't be read, its error is told, and nothing of the others goes on."""
    open_now = set()

    async def read(_, task, progress):
        if task.number == 2:
            raise DataProcessingError("gone")
        open_now.add(task.number)
        try:
            await asyncio.sleep(60)
        finally:
            open_now.discard(task.number)

    with pytest.raises(DataProcessingError, match="gone"):
        asyncio.run(read_all(settings_of(tmp_path, concurrency=6), tasks_of(9), read, quiet))
    assert not open_now
