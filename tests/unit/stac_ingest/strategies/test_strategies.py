"""How units are driven: what comes out, how many are under way, and what is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.model import Batch, Payload
from stac_ingest.strategies import load_strategy

CONCURRENT = ["semaphore", "queue"]


class Counted:
    """A source of numbered batches that counts what is under way and what was read."""

    def __init__(self, batches_per_unit: list[int], fails: int | None = None) -> None:
        self.plan = batches_per_unit
        self.fails = fails
        self.under_way = 0
        self.peak = 0
        self.handed_over = 0
        self.listed = 0

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def decode(self, batch: Batch, reject: object) -> Iterator[dict[str, object]]:
        yield from ()

    async def units(self) -> AsyncIterator[int]:
        for unit in range(len(self.plan)):
            self.listed += 1
            yield unit

    async def read(self, unit: int) -> AsyncIterator[Batch]:
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        try:
            for number in range(self.plan[unit]):
                await asyncio.sleep(0)
                if unit == self.fails:
                    raise LookupError(unit)
                self.handed_over += 1
                yield [Payload(b"", f"{unit}.{number}")]
        finally:
            self.under_way -= 1


async def drained(source: Counted, strategy: str, concurrency: int) -> list[str]:
    return [batch[0].origin async for batch in load_strategy(strategy)(source, concurrency)]


def others() -> set[asyncio.Task[object]]:
    return asyncio.all_tasks() - {asyncio.current_task()}


@given(
    plan=st.lists(st.integers(0, 4), max_size=30),
    strategy=st.sampled_from(["sequential", *CONCURRENT]),
    concurrency=st.integers(1, 12),
)
def test_every_batch_comes_once(plan: list[int], strategy: str, concurrency: int) -> None:
    """Whatever the units, every batch arrives exactly once, and no more units than allowed are under way."""
    source = Counted(plan)
    got = asyncio.run(drained(source, strategy, concurrency))
    assert sorted(got) == sorted(f"{unit}.{number}" for unit, batches in enumerate(plan) for number in range(batches))
    assert source.peak <= (1 if strategy == "sequential" else concurrency)
    assert source.under_way == 0


@pytest.mark.parametrize("strategy", CONCURRENT)
async def test_the_level_is_reached(strategy: str) -> None:
    """With enough work, exactly `concurrency` units are under way at the peak."""
    source = Counted([3] * 40)
    await drained(source, strategy, 7)
    assert source.peak == 7


@pytest.mark.parametrize("strategy", ["sequential", *CONCURRENT])
async def test_a_slow_consumer_stops_the_reading(strategy: str) -> None:
    """While the consumer holds one batch, at most `concurrency` wait and as many are being handed over."""
    source = Counted([5] * 200)
    concurrency = 1 if strategy == "sequential" else 4
    taken = 0
    async with aclosing(load_strategy(strategy)(source, concurrency)) as batches:
        async for _ in batches:
            taken += 1
            for _ in range(50):
                await asyncio.sleep(0)
            assert source.handed_over - taken <= 2 * concurrency
            assert source.listed <= taken + 3 * concurrency + 1
            if taken == 60:
                break


@pytest.mark.parametrize("strategy", ["sequential", *CONCURRENT])
async def test_leaving_early_leaves_nothing_running(strategy: str) -> None:
    """Closing a half-consumed iterator ends every unit and every task before it returns."""
    source = Counted([5] * 100)
    batches = load_strategy(strategy)(source, 5)
    await anext(batches)
    await batches.aclose()
    assert source.under_way == 0
    assert others() == set()


@pytest.mark.parametrize("strategy", ["sequential", *CONCURRENT])
async def test_an_error_reaches_the_consumer(strategy: str) -> None:
    """A unit's error is raised where the batches are consumed, as itself, and nothing stays behind."""
    source = Counted([3] * 50, fails=20)
    with pytest.raises(LookupError):
        await drained(source, strategy, 5)
    assert source.under_way == 0
    assert others() == set()


@pytest.mark.parametrize("strategy", ["sequential", *CONCURRENT])
async def test_closing_waits_for_slow_ends(strategy: str) -> None:
    """A unit whose own end takes many turns of the loop has come to it when the iterator is closed."""

    class Slow(Counted):
        async def read(self, unit: int) -> AsyncIterator[Batch]:
            self.under_way += 1
            try:
                while True:
                    yield [Payload(b"", str(unit))]
            finally:
                for _ in range(50):
                    await asyncio.sleep(0)
                self.under_way -= 1

    source = Slow([1] * 20)
    batches = load_strategy(strategy)(source, 3)
    await anext(batches)
    for _ in range(20):
        await asyncio.sleep(0)
    await batches.aclose()
    assert source.under_way == 0
    assert others() == set()


@pytest.mark.parametrize("strategy", CONCURRENT)
async def test_a_unit_that_fails_while_it_is_ended_holds_nothing_up(strategy: str) -> None:
    """When a unit's own end goes wrong and batches wait that nobody takes, closing still comes to its end."""

    class Stubborn(Counted):
        async def read(self, unit: int) -> AsyncIterator[Batch]:
            try:
                async for batch in super().read(unit):
                    yield batch
            finally:
                raise LookupError(unit)

    batches = load_strategy(strategy)(Stubborn([50] * 20), 3)
    await anext(batches)
    for _ in range(100):
        await asyncio.sleep(0)
    closing = asyncio.create_task(batches.aclose())
    done, _ = await asyncio.wait([closing], timeout=5)
    assert done == {closing}
    assert others() == set()


@pytest.mark.parametrize("strategy", CONCURRENT)
async def test_units_may_follow_from_what_was_read(strategy: str) -> None:
    """Units that a source adds while others are read are driven too."""

    class Growing(Counted):
        def __init__(self) -> None:
            super().__init__([1] * 7)
            self.found = asyncio.Queue[int | None]()
            self.found.put_nowait(0)

        async def units(self) -> AsyncIterator[int]:
            while (unit := await self.found.get()) is not None:
                yield unit

        async def read(self, unit: int) -> AsyncIterator[Batch]:
            async for batch in super().read(unit):
                yield batch
            for child in (2 * unit + 1, 2 * unit + 2):
                if child < 7:
                    self.found.put_nowait(child)
            if unit == 6:
                self.found.put_nowait(None)

    assert sorted(await drained(Growing(), strategy, 3)) == [f"{unit}.0" for unit in range(7)]


@pytest.mark.parametrize("strategy", CONCURRENT)
async def test_a_failing_unit_does_not_cancel_the_consumer(strategy: str) -> None:
    """While the consumer is busy elsewhere, a unit's failure doesn't interrupt what it awaits."""
    source = Counted([3] * 10, fails=1)

    async def busy() -> None:
        async for _ in load_strategy(strategy)(source, 2):
            await asyncio.sleep(0.01)

    with pytest.raises(LookupError):
        await busy()
    await asyncio.sleep(0)


@pytest.mark.parametrize("strategy", CONCURRENT)
async def test_cancelling_the_consumer_ends_the_units(strategy: str) -> None:
    """When the consuming task is cancelled, its units end with it."""
    source = Counted([1000] * 10)
    task = asyncio.create_task(drained(source, strategy, 3))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.under_way == 0
    assert others() == set()
