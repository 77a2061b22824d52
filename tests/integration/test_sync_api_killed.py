"""Syncs of an API that are killed while items are read: what a kill costs, by the requests that the server has had."""

from __future__ import annotations

from typing import Any

import pytest
from synced_api import COLLECTION, Truth, served

from stac_ingest.sync import run as steps
from stac_ingest.sync.api.task_size import items_of_a_task
from stac_ingest.sync.run import run_sync
from stac_ingest.sync.settings import SyncSettings
from synced_generations import FORM, read

pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")

MONTHS, EACH, LIMIT = 12, 50, 10
TASK = 50 // LIMIT + 2
"""Pages of a task, which is a second wider at both ends than the items that it is for."""
OPENS = 2
HOUR = 3_600_000_000


class KillError(Exception):
    """Stands for a kill."""


def asked(server: Any) -> int:
    """Count what was asked for since this was called the last time."""
    count = len(server.received)
    server.reset()
    return count


def killed(monkeypatch: pytest.MonkeyPatch, settings: SyncSettings, tasks: int) -> None:
    """Run a sync that is killed when so many tasks are done and all of the next one was read, and nothing noted."""
    done = []
    read_task = steps.run_read_task

    async def reading(settings: SyncSettings, work: Any, *given: Any) -> Any:
        came = await read_task(settings, work, *given)
        done.append(given[0].number)
        if len(done) > tasks:
            work.outcome(given[0].number).unlink()
            raise KillError
        return came

    with monkeypatch.context() as patch:
        patch.setattr(steps, "run_read_task", reading)
        with pytest.raises(KillError):
            run_sync(settings)


def check(settings: SyncSettings, truth: Truth) -> None:
    """Assert that the output holds all items, each once."""
    assert read(settings.output) == {name: FORM(one) for name, one in truth.items.items()}


@pytest.mark.parametrize("tasks", [1, 5, 9])
def test_a_kill_of_the_first_run_costs_one_task(tmp_path, monkeypatch, tasks):
    """A run that is killed asks again for the task that it was at, and for nothing else."""
    truth = Truth.of_months(MONTHS, EACH)
    with served(truth) as server:
        source = {"mode": "api", "source": server.url, "collection_id": COLLECTION, "limit": LIMIT, "concurrency": 1}
        run_sync(SyncSettings(source=source, output=tmp_path / "whole"))
        whole = asked(server)
        assert whole >= MONTHS * EACH // LIMIT
        settings = SyncSettings(source=source, output=tmp_path / "out")
        killed(monkeypatch, settings, tasks)
        result = run_sync(settings)
        assert asked(server) <= whole + TASK + OPENS
        assert result.manifest.verdict == "complete"
        check(settings, truth)


@pytest.mark.slow
@pytest.mark.parametrize("tasks", [0, 2, 3])
def test_a_kill_of_a_later_run_costs_one_task(tmp_path, monkeypatch, tasks):
    """The same while items are read that were updated: they come in tasks as well."""
    truth = Truth.of_months(MONTHS, EACH)
    with served(truth) as server:
        source = {"mode": "api", "source": server.url, "collection_id": COLLECTION, "limit": LIMIT, "concurrency": 1}
        both = [SyncSettings(source=source, output=tmp_path / name) for name in ("whole", "out")]
        for one in both:
            run_sync(one)
        truth.now = steps.read_manifest(both[0].output).server_date + HOUR
        for number, name in enumerate(list(truth.items)[::3]):
            truth.put(name, truth.items[name]["properties"]["datetime"], cloud=number)
        truth.put("new", "2019-06-30T23:59:59.9Z")
        server.serve(truth.store())
        asked(server)
        run_sync(both[0])
        whole = asked(server)
        killed(monkeypatch, both[1], tasks)
        result = run_sync(both[1])
        assert asked(server) <= whole + TASK + OPENS
        counts = result.manifest.counts
        assert (counts.changed, counts.added, counts.gone) == (MONTHS * EACH // 3, 1, 0)
        assert result.manifest.verdict == "complete"
        for one in both:
            check(one, truth)


@pytest.mark.parametrize("habit", ["ignore-filters=datetime", "no-counts"])
def test_a_server_that_does_not_heed_time_is_asked_once(tmp_path, habit):
    """Where nothing says that the server heeds a time beside `updated`, what was updated is read in one task."""
    truth = Truth.of_months(2, EACH)
    with served(truth, habit) as server:
        source = {"mode": "api", "source": server.url, "collection_id": COLLECTION, "limit": 5}
        settings = SyncSettings(source=source, output=tmp_path / "out")
        run_sync(settings)
        truth.now = steps.read_manifest(settings.output).server_date + HOUR
        for name, item in list(truth.items.items()):
            truth.put(name, item["properties"]["datetime"], cloud=1)
        server.serve(truth.store())
        asked(server)
        result = run_sync(settings)
        assert result.manifest.counts.changed == 2 * EACH
        # Its pages, and those of the ids; where a part of it were asked for several times, it would be more.
        assert asked(server) <= 2 * 2 * EACH // 5 + 20
        check(settings, truth)


@pytest.mark.parametrize(
    ("total", "limit", "expected"),
    [(0, 250, 1250), (9_000, 250, 1250), (300_000, 250, 15_000), (5_000_000, 250, 50_000)],
)
def test_tasks_are_a_small_part_and_some_pages(total, limit, expected):
    """A task reads a twentieth of all, at least five pages, and at most what the settings say."""
    assert items_of_a_task(total, limit, 50_000) == expected
