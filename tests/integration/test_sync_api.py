"""Syncs with an API that changes: what is found of new, changed and gone items, and what that costs."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from synced_api import Mirror, Truth

from ingest_bench.simulator.in_process import serving

MONTHS, EACH = 24, 20


@asynccontextmanager
async def synced(truth, folder, *behaviours, **settings):
    """Serve items, and read them for the first time."""
    async with serving(truth.store(), behaviours) as server:
        mirror = Mirror(server.url, folder, **settings)
        run = await mirror.sync(truth.now)
        assert run.added == {*truth.items}
        truth.now += 30 * 86_400_000_000
        yield server, mirror


def test_nothing_changed_costs_counts_alone(tmp_path):
    """A sync of an API without changes reads nothing, and plans with at most two requests a month of data."""

    async def run():
        truth = Truth.of_months(MONTHS, EACH)
        async with synced(truth, tmp_path) as (_, mirror):
            return await mirror.sync(truth.now)

    again = asyncio.run(run())
    assert again.plan.tasks == []
    assert again.is_sure
    assert again.plan.requests <= 2 * MONTHS


def test_new_changed_and_gone(tmp_path):
    """New, changed and gone items are found, each at its promised cost."""

    async def run():
        truth = Truth.of_months(MONTHS, EACH)
        async with synced(truth, tmp_path, source={"limit": 10}) as (server, mirror):
            for number in range(25):
                truth.put(f"new-{number:02}", f"2020-05-{number + 1:02}T00:00:00Z")
            for number in range(15):
                truth.put(f"m03-{number:03}", "2019-04-02T00:00:00Z", cloud=number)
            del truth.items["m07-003"]
            server.serve(truth.store())
            again = await mirror.sync(truth.now)
            assert mirror.held == truth.items
            return again

    again = asyncio.run(run())
    assert (len(again.added), len(again.changed), again.gone) == (25, 15, {"m07-003"})
    assert again.is_sure
    kinds = [task.reader for task in again.plan.tasks]
    assert kinds == ["api_items", "api_ids"]
    assert again.requests["items"] <= 3 * 4
