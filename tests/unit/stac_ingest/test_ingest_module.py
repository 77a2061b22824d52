"""The module as a whole, with a source made for the test: exact counts, and nothing left behind."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest import DataProcessingError, IngestConfig, IngestModule, IngestSummary, WorkflowContext
from stac_ingest import module as module_under_test
from stac_ingest.core.model import Batch, Item, Payload, Reject
from stac_ingest.core.rows import ItemRows, Rows
from stac_ingest.errors import ItemError

DRIVES = [(1, "semaphore"), (2, "semaphore"), (2, "queue"), (20, "semaphore"), (20, "queue"), (1, "queue")]


class Pages:
    """Yields prepared pages of items, and notes what is under way."""

    def __init__(self, pages: list[list[Item]], breaks: BaseException | None = None) -> None:
        self.pages = pages
        self.breaks = breaks
        self.under_way = 0
        self.started = 0
        self.closed = 0

    async def open(self) -> None: ...

    async def close(self) -> None:
        self.closed += 1

    async def units(self) -> AsyncIterator[int]:
        for unit in range(len(self.pages)):
            yield unit

    async def read(self, unit: int) -> AsyncIterator[Batch]:
        self.under_way += 1
        self.started += 1
        try:
            await asyncio.sleep(0)
            if self.breaks is not None and unit == len(self.pages) - 1:
                raise self.breaks
            yield [Payload(self.pages[unit], str(unit))]
        finally:
            try:
                await asyncio.sleep(0)  # ending takes a turn of the loop, as closing a connection does
            finally:
                self.under_way -= 1

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        for payload in batch:
            for item in payload.data:
                if "id" in item:
                    yield item
                else:
                    reject(payload.origin, ItemError("no id"))


class BatchedPages(Pages):
    """Gives a page as rows where all in it are items."""

    def rows(self, batch: Batch, *, as_lines: bool) -> list[Rows] | None:
        items = [item for payload in batch for item in payload.data]
        return [ItemRows.of(items)] if all("id" in item for item in items) else None


def others() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}


def module(source: Pages, **settings: Any) -> IngestModule:
    """Make an api-mode module that reads from the prepared source."""
    made = IngestModule({"mode": "api", "source": "http://127.0.0.1:9", "collection_id": "c", **settings})
    made.set_logger(logging.getLogger("test_ingest_module"))
    module_under_test.make_source = lambda *_: source
    return made


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    original = module_under_test.make_source
    yield
    module_under_test.make_source = original


ITEMS = st.lists(st.lists(st.fixed_dictionaries({"id": st.sampled_from("abcdef")}), max_size=5), max_size=12)


@given(pages=ITEMS, drive=st.sampled_from(DRIVES), wanted=st.none() | st.integers(1, 8))
async def test_each_item_once_and_no_more_than_asked(
    pages: list[list[Item]], drive: tuple[int, str], wanted: int | None
) -> None:
    """An id comes once however often a server sends it, `max_items` is exact, and nothing runs on afterwards."""
    source = Pages(pages)
    made = module(source, concurrency=drive[0], worker_strategy=drive[1], max_items=wanted)
    ids = [item["id"] async for item in made.fetch(WorkflowContext())]
    known = {item["id"] for page in pages for item in page}
    assert len(ids) == len(set(ids)) == min(len(known), wanted or len(known))
    assert set(ids) <= known
    assert made.summary.items == len(ids)
    if wanted is None:
        assert made.summary.duplicates == sum(map(len, pages)) - len(ids)
    assert (source.under_way, source.closed, others()) == (0, 1, set())


FAULTY = st.lists(st.lists(st.sampled_from([{"id": name} for name in "abcdef"] + [{}]), max_size=5), max_size=12)


@given(pages=FAULTY, wanted=st.none() | st.integers(1, 8), in_batches=st.booleans())
async def test_batches_count_what_single_items_do(
    pages: list[list[Item]], wanted: int | None, in_batches: bool
) -> None:
    """What lies behind the last item that is wanted is neither a failure nor a duplicate, on both ways."""
    singly, together = module(Pages(pages), max_items=wanted), module(Pages(pages), max_items=wanted)
    context, other = WorkflowContext(), WorkflowContext()
    expected = [item["id"] async for item in singly.fetch(context)]
    source = BatchedPages(pages) if in_batches else Pages(pages)
    module_under_test.make_source = lambda *_: source
    batches = [rows async for rows in together.fetch_rows(other, as_lines=False)]
    assert [item["id"] for rows in batches for item in rows.items()] == expected
    for name in ("items", "duplicates", "failures"):
        assert getattr(together.summary, name) == getattr(singly.summary, name)
    assert len(other.failure_collector) == len(context.failure_collector)


async def test_the_same_id_in_two_collections_is_two_items() -> None:
    """Duplicates are told by collection and id; a collection that isn't text is no obstacle."""
    page = [{"id": "a", "collection": "x"}, {"id": "a", "collection": "y"}, {"id": "a", "collection": ["z"]}]
    made = module(Pages([page, page]))
    assert len([item async for item in made.fetch(WorkflowContext())]) == 3
    assert made.summary.duplicates == 3


@pytest.mark.parametrize(("concurrency", "strategy"), DRIVES)
async def test_closing_half_way_ends_everything(concurrency: int, strategy: str) -> None:
    """Closing a half-consumed stream ends every unit, also one that takes time to end, and closes the source."""
    source = Pages([[{"id": f"{unit}.{n}"} for n in range(5)] for unit in range(100)])
    made = module(source, concurrency=concurrency, worker_strategy=strategy)
    async with aclosing(made.fetch(WorkflowContext())) as items:
        for _ in range(7):
            await anext(items)
    assert (source.under_way, source.closed, others()) == (0, 1, set())
    assert source.started <= 7 + 3 * concurrency


@pytest.mark.parametrize(("concurrency", "strategy"), DRIVES)
async def test_an_error_in_the_consumer_ends_everything(concurrency: int, strategy: str) -> None:
    """When the consumer's own code fails, its error is what comes out, and nothing runs on."""
    source = Pages([[{"id": str(unit)}] for unit in range(100)])
    made = module(source, concurrency=concurrency, worker_strategy=strategy)

    async def consume() -> None:
        async with aclosing(made.fetch(WorkflowContext())) as items:
            async for item in items:
                int(item["id"]) // 0

    with pytest.raises(ZeroDivisionError):
        await consume()
    assert (source.under_way, source.closed, others()) == (0, 1, set())


@pytest.mark.parametrize(("concurrency", "strategy"), DRIVES)
async def test_a_broken_unit_ends_the_run_with_its_error(concurrency: int, strategy: str) -> None:
    """The error of a unit comes out as it is, after the source is closed."""
    source = Pages([[{"id": str(unit)}] for unit in range(30)], DataProcessingError("the server is gone"))
    made = module(source, concurrency=concurrency, worker_strategy=strategy)
    with pytest.raises(DataProcessingError, match="the server is gone"):
        [item async for item in made.fetch(WorkflowContext())]
    assert (source.under_way, source.closed, others()) == (0, 1, set())


@pytest.mark.parametrize(("concurrency", "strategy"), DRIVES)
async def test_cancelling_ends_everything(concurrency: int, strategy: str) -> None:
    """Cancelling the consuming task, wherever it is, ends all units and closes the source."""
    for steps in range(0, 60, 3):
        source = Pages([[{"id": f"{steps}.{unit}"}] for unit in range(100)])
        made = module(source, concurrency=concurrency, worker_strategy=strategy)

        async def consume(made: IngestModule = made) -> None:
            async with aclosing(made.fetch(WorkflowContext())) as items:
                async for _ in items:
                    await asyncio.sleep(0)

        task = asyncio.create_task(consume())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert source.closed or not source.started
        assert (source.under_way, others()) == (0, set())


async def test_failures_do_not_stop_the_run() -> None:
    """What can't be used is collected and counted, and the rest comes."""
    context = WorkflowContext()
    made = module(Pages([[{"id": "a"}, {}, {"id": "b"}]]))
    assert [item["id"] async for item in made.fetch(context)] == ["a", "b"]
    assert (made.summary.failures, len(context.failure_collector)) == (1, 1)


async def test_a_second_run_counts_afresh() -> None:
    """Each run has its own summary and remembers nothing of the one before."""
    made = module(Pages([[{"id": "a"}]]), concurrency=3)
    first = [item async for item in made.fetch(WorkflowContext())]
    kept = made.summary
    assert [item async for item in made.fetch(WorkflowContext())] == first
    assert made.summary is not kept
    assert made.summary == kept == IngestSummary(strategy="semaphore", concurrency=3, items=1)


def test_settings_may_be_a_config() -> None:
    """The module takes settings as a dict or as a checked IngestConfig."""
    config = IngestConfig(mode="api", source="http://127.0.0.1:9")
    assert IngestModule(config).config is config


async def test_a_folder_leaves_no_descriptor_and_no_thread(tmp_path: Path) -> None:
    """A half-read folder, closed, leaves no file open and none of its threads, at any concurrency."""
    for number in range(500):
        (tmp_path / f"{number:03}.json").write_text(f'{{"type": "Feature", "id": "{number}"}}')
    await asyncio.to_thread(int)  # the loop's own threads may stay
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - only their number
    for settings in ({"read_ahead": True}, {"concurrency": 20}, {"concurrency": 3, "read_ahead": True}, {}):
        made = IngestModule({"mode": "file", "source": str(tmp_path), **settings})
        async with aclosing(made.fetch(WorkflowContext())) as items:
            for _ in range(70):
                await anext(items)
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - only their number
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("stac-ingest")]


def test_the_package_loads_nothing_heavy() -> None:
    """Importing the package and reading JSON files needs no HTTP client, no Arrow and no data frames."""
    code = (
        "import sys, stac_ingest, stac_ingest.sources.directory.source, stac_ingest.sources.json_file;"
        "print([m for m in ('pandas', 'pyarrow', 'numpy', 'aiohttp', 'duckdb', 'matplotlib', 'pystac_client')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("settings", "workers", "strategy"),
    [
        ({"mode": "api", "source": "http://127.0.0.1:9"}, 50, "time_chunks"),
        ({"mode": "api", "source": "http://127.0.0.1:9", "worker_strategy": "queue"}, 50, "queue"),
        ({"mode": "api", "source": "http://127.0.0.1:9", "budget": {"max_in_flight": 3}}, 3, "time_chunks"),
        ({"mode": "api", "source": "http://127.0.0.1:9", "budget": {"max_in_flight": 1}}, 1, "sequential"),
        ({"mode": "file", "source": "items.parquet", "format": "parquet"}, 1, "sequential"),
    ],
)
def test_auto_is_a_bound_and_a_strategy(settings: dict[str, Any], workers: int, strategy: str) -> None:
    """`auto` never exceeds the user's own bound, keeps a strategy that was asked for, and reads files one by one."""
    config = IngestConfig.parse({**settings, "concurrency": "auto"})
    assert (config.workers, config.strategy) == (workers, strategy)
