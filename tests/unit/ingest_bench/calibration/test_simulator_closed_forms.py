"""The simulator's behaviours in virtual time, against closed forms worked out here by hand."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

import pytest
from aiohttp import web

from ingest_bench.calibration.closed_forms import Station
from ingest_bench.calibration.event_simulation import run_seconds
from ingest_bench.simulator.metrics import MetricsWindow
from ingest_bench.simulator.middleware import RateLimit, Slots, ThinkTime, compose


class _NoWaiting(selectors.SelectSelector):
    """Moves the clock on instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += timeout or 0.0
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose seconds take no time."""

    def __init__(self) -> None:
        self.selector = _NoWaiting()
        super().__init__(self.selector)

    def time(self) -> float:
        """Return virtual seconds."""
        return self.selector.now


async def _answer(_request: Any, _visit: Any) -> web.Response:
    return web.Response()


async def workers_take(chain: list[Any], workers: int, requests: int) -> tuple[float, int]:
    """Return how long so many workers take for all requests, and how many times they are refused."""
    ask, left, refused = compose(chain, _answer), iter(range(requests)), 0
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def work() -> None:
        nonlocal refused
        for _ in left:
            while (response := await ask(None, MetricsWindow(0).arrive())).status == 429:  # type: ignore[arg-type]
                refused += 1
                await asyncio.sleep(int(response.headers["Retry-After"]))

    await asyncio.gather(*(work() for _ in range(workers)))
    return loop.time() - began, refused


def virtual(chain: list[Any], workers: int, requests: int) -> tuple[float, int]:
    """Run the workers in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(workers_take(chain, workers, requests))


@pytest.mark.parametrize(
    ("workers", "seconds"),
    [
        (1, 60 * 0.080),  # one after another
        (2, 30 * 0.080),  # a slot each
        (4, 15 * 0.080 + 0.020),  # two pairs take turns, after a wait of 20 ms at the start
        (8, 0.060 + 60 / 2 * 0.020),  # the knee, n* = 2 (1 + 60 / 20): the slots never rest
        (30, 0.060 + 60 / 2 * 0.020),  # and more workers don't help
    ],
)
def test_delay_and_slots_take_what_the_closed_form_says(workers: int, seconds: float) -> None:
    """Sixty requests at a delay of 60 ms and 2 slots of 20 ms, at, below and above the knee."""
    chain = [ThinkTime(60, 0, 0), Slots(2, 20)]
    assert virtual(chain, workers, 60)[0] == pytest.approx(seconds)
    stations = [Station("delay", 0.060), Station("slots", 0.020, 2)]
    assert run_seconds(stations, workers, 60) == pytest.approx(seconds)


def test_a_reset_frees_the_slots() -> None:
    """A sample doesn't wait for requests that an earlier one left behind."""
    slots = Slots(1, 1000)

    async def left_behind() -> float:
        task = asyncio.create_task(slots(None, None, _answer))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        slots.reset()
        seconds = (await workers_take([slots], 1, 1))[0]
        await task
        return seconds

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(left_behind()) == pytest.approx(1)


@pytest.mark.parametrize(("requests", "pauses"), [(10, 0), (11, 1), (15, 1), (16, 2), (50, 8)])
def test_a_token_bucket_costs_a_pause_for_each_refill(requests: int, pauses: int) -> None:
    """With 10 tokens at first and 5 a second, who waits a second at each refusal needs ceil((n - 10) / 5) of them."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        bucket = RateLimit(5, 10, clock=runner.get_loop().time)
        seconds, refused = runner.run(workers_take([bucket], 1, requests))
    assert refused == pauses
    assert seconds == pytest.approx(pauses)
