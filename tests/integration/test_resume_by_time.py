"""Resuming an API by time, through the module, against a small server."""

from __future__ import annotations

import pytest
from misbehaving_api import DAYS, START, Api, ids_of, make_items

from stac_ingest import CheckpointManager, IngestModule, WorkflowContext

MICROSECONDS = int(START.timestamp() * 1e6)
HALF = MICROSECONDS + DAYS // 2 * 86_400 * 1_000_000


class Notes:
    """Places of an earlier run, and of this one."""

    def __init__(self, known):
        self.known, self.now, self.delivered = known, [], {}
        self.queue = self.now.append


async def resume(api, folder, completed, known, concurrency):
    """Run the module as a second run would: with what the first one wrote and noted."""
    checkpoints = CheckpointManager("w", "c", folder)
    checkpoints.mark_all_completed((one, None) for one in completed)
    context = WorkflowContext(checkpoints=checkpoints, positions=Notes(known))
    settings = {"mode": "api", "collection_id": "c", "limit": 10, "concurrency": concurrency}
    async with api.serving() as url:
        module = IngestModule({"source": url, "worker_strategy": "time_chunks", **settings})
        found = [item["id"] async for item in module.fetch(context)]
    assert context.failure_collector.get_all() == []
    return found, module.summary, context.positions.now


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_only_what_is_left_is_asked_for(tmp_path, concurrency):
    """What was noted is not asked for again, all the rest comes, and both add up to what the server counts."""
    api = Api(make_items(1000))
    first = ids_of(api.items)[:500]
    found, summary, noted = await resume(api, tmp_path, first, [{"time": [None, HALF]}], concurrency)
    assert set(found) | set(first) == set(ids_of(api.items))
    assert len(found) + summary.resumed == 1000
    assert len(set(found) & set(first)) <= 10
    assert summary.notes == []
    assert api.searches <= 50 + 20
    nothing, summary, _ = await resume(api, tmp_path, [*first, *found], [{"time": [None, HALF]}, *noted], concurrency)
    assert len(nothing) + summary.resumed == 1000
    assert len(nothing) <= 10 * concurrency


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_a_note_that_is_wrong_costs_requests_and_no_item(tmp_path, concurrency):
    """Where less came than the server counts, as when items were added to what had been read, all is read again."""
    api = Api(make_items(1000))
    first = ids_of(api.items)[:300]
    found, summary, _ = await resume(api, tmp_path, first, [{"time": [None, HALF]}], concurrency)
    assert sorted(found) == ids_of(api.items)
    assert summary.resumed == 0
    assert any("read everything again" in note for note in summary.notes)
