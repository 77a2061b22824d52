from __future__ import annotations

import itertools
from dataclasses import asdict
from types import SimpleNamespace

import pytest

from stac_ingest.checkpoints.manager import CheckpointManager
from stac_ingest.errors import ConfigurationError, DataProcessingError, ItemError
from stac_ingest.pipeline import PipelineResult, run_pipeline


class Collector:
    def __init__(self):
        self.entries = []

    def add(self, item_id, error, step_id="ingest", error_context=None):
        self.entries.append((item_id, step_id, str(error)))


class Items:
    """A fetcher of given items; an exception among them is raised."""

    def __init__(self, items):
        self.items = items
        self.closed = False

    async def fetch(self, context):
        try:
            for item in self.items:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.closed = True


class Memory:
    """A bundler that keeps items, as a third party would write one."""

    def __init__(self, refuse=()):
        self.items, self.refuse, self.final = [], refuse, False

    async def bundle(self, item, context):
        if item["id"] in self.refuse:
            raise self.refuse[item["id"]]
        self.items.append(item)

    async def finalize(self, context):
        self.final = True
        return {"items": len(self.items)}


class Function:
    def __init__(self, function):
        self.function = function

    def modify(self, item, context):
        return self.function(item)


def items(count):
    return [{"id": f"i{number}", "properties": {}} for number in range(count)]


def context(checkpoints=None):
    return SimpleNamespace(failure_collector=Collector(), checkpoints=checkpoints)


async def test_items_flow_through_all_stages():
    """Every item passes the modifiers in their order and reaches the bundler, and the counts say so."""
    memory = Memory()
    steps = [Function(lambda item: {**item, "n": 1}), Function(lambda item: {**item, "n": item["n"] * 2})]
    result = await run_pipeline(Items(items(5)), steps, memory, context())
    assert [item["n"] for item in memory.items] == [2] * 5
    assert (result.fetched, result.written, result.failed, result.dropped, result.skipped) == (5, 5, 0, 0, 0)
    assert result.manifest == {"items": 5}
    assert memory.final


async def test_a_modifier_can_drop_items():
    """None from a modifier takes the item out, and later modifiers don't see it."""
    memory, seen = Memory(), []
    steps = [Function(lambda item: None if item["id"] == "i1" else item), Function(lambda i: seen.append(i["id"]) or i)]
    result = await run_pipeline(Items(items(3)), steps, memory, context())
    assert seen == ["i0", "i2"]
    assert result.dropped == 1
    assert result.written == 2


async def test_failures_of_single_items_are_collected_and_the_run_goes_on(tmp_path):
    """A fault in a modifier, an item without id and one that can't be written are recorded under their stage."""

    def modify(item):
        if item["id"] == "i1":
            raise ValueError("bad")
        return item

    with CheckpointManager("w", "c", tmp_path) as checkpoints:
        ctx = context(checkpoints)
        memory = Memory(refuse={"i2": ItemError("too odd")})
        result = await run_pipeline(Items([*items(4), {"id": 7}, {}]), [Function(modify)], memory, ctx)
    assert [item["id"] for item in memory.items] == ["i0", "i3"]
    assert (result.written, result.failed) == (2, 4)
    assert [(name, stage) for name, stage, _ in ctx.failure_collector.entries] == [
        ("i1", "transform"),
        ("i2", "output"),
        ("item 5", "transform"),
        ("item 6", "transform"),
    ]
    again = CheckpointManager("w", "c", tmp_path)
    assert [again.is_completed(f"i{number}") for number in range(4)] == [True, False, False, True]


async def test_completed_items_are_left_out_and_failed_ones_are_tried_again(tmp_path):
    """On resume, only what is not written yet reaches the bundler."""
    for refuse in ({"i1": ItemError("no")}, {}):
        with CheckpointManager("w", "c", tmp_path) as checkpoints:
            memory = Memory(refuse)
            result = await run_pipeline(Items(items(3)), [], memory, context(checkpoints))
    assert [item["id"] for item in memory.items] == ["i1"]
    assert result.skipped == 2


class LateMarks(Memory):
    """Marks nothing before the end, like an output whose file is whole only then."""

    marks_completed = True

    async def start(self, context):
        pass

    async def close(self):
        pass

    async def finalize(self, context):
        context.checkpoints.mark_all_completed((item["id"], "x") for item in self.items)
        return {}


async def test_an_id_is_written_once_in_a_run_with_checkpoints(tmp_path):
    """A second item of the same collection and id is counted and left out while the first is not safely written."""
    with CheckpointManager("w", "c", tmp_path) as checkpoints:
        output = LateMarks()
        result = await run_pipeline(Items([*items(3), *items(3)]), [], output, context(checkpoints))
    assert len(output.items) == 3
    assert (result.duplicates, result.skipped) == (3, 0)


@pytest.mark.parametrize("error", [DataProcessingError("disk full"), ConfigurationError("no"), OSError("gone")])
async def test_errors_of_the_output_end_the_run_and_close_the_source(tmp_path, error):
    """An error that concerns more than one item stops at once; what was marked before is on disk."""
    source, memory = Items(items(5)), Memory(refuse={"i2": error})
    with pytest.raises(type(error)):
        await run_pipeline(source, [], memory, context(CheckpointManager("w", "c", tmp_path)))
    assert source.closed
    assert not memory.final
    assert CheckpointManager("w", "c", tmp_path).completed_count == 2


async def test_errors_of_the_source_end_the_run_and_close_the_output(tmp_path):
    """When the source fails, the output lets go, and the result so far can be read."""
    closed = []

    class Closing(LateMarks):
        async def close(self):
            closed.append(True)

    result_so_far = PipelineResult()
    with pytest.raises(DataProcessingError):
        await run_pipeline(
            Items([*items(2), DataProcessingError("half a page")]),
            [],
            Closing(),
            context(CheckpointManager("w", "c", tmp_path)),
            result=result_so_far,
        )
    assert closed == [True]
    assert result_so_far.fetched == 2


async def test_seconds_are_charged_to_the_stage_that_used_them():
    """Each stage is charged what the clock advanced while it had the item."""
    now = itertools.count()
    ticks = {"extra": 0}

    def clock():
        return next(now) + ticks["extra"]

    def spend(seconds):
        ticks["extra"] += seconds

    class Slow(Items):
        async def fetch(self, context):
            for item in self.items:
                spend(1000)
                yield item

    class SlowMemory(Memory):
        async def bundle(self, item, context):
            spend(10)

    def modify(item):
        spend(100)
        return item

    result = await run_pipeline(Slow(items(3)), [Function(modify)], SlowMemory(), context(), clock=clock)
    stages = asdict(result.stages)
    assert stages["ingest"] // 1000 == 3
    assert stages["transform"] // 100 == 3
    assert stages["output"] // 10 == 3
    assert sum(stages.values()) <= result.seconds


async def test_progress_is_reported_now_and_then_and_at_the_end():
    """The callback comes when its time is up, not for every item, and sees the final counts."""
    now = itertools.count(step=0.01)
    seen = []
    await run_pipeline(
        Items(items(100)),
        [],
        Memory(),
        context(),
        clock=lambda: next(now),
        on_progress=lambda r: seen.append(r.fetched),
    )
    assert 5 <= len(seen) <= 25
    assert seen[-1] == 100
    assert seen == sorted(seen)


async def test_a_fetcher_without_aclose_is_accepted():
    """A foreign fetcher may return any asynchronous iterator."""

    class Plain:
        def __init__(self):
            self.rest = iter(items(2))

        def __aiter__(self):
            return self

        async def __anext__(self):
            for item in self.rest:
                return item
            raise StopAsyncIteration

    memory = Memory()
    await run_pipeline(SimpleNamespace(fetch=lambda context: Plain()), [], memory, context())
    assert len(memory.items) == 2
