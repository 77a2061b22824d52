"""The gate of one run: every request passes it, so all keep to one limit, one budget, and the pauses of their hosts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from stac_ingest.api.hosts import Hosts
from stac_ingest.api.level import Level
from stac_ingest.api.pacer import Pacer, Start
from stac_ingest.api.slots import Slots
from stac_ingest.api.urls import display
from stac_ingest.errors import BudgetExhausted, PauseTooLong, ResponseError

if TYPE_CHECKING:
    from stac_ingest.api.clock import Clock
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary


class Dispensable(Exception):  # noqa: N818 - not an error: what was asked for comes another way
    """A request that was given up, since the host wants a wait and can be spared it."""


class Gate:
    """Lets requests through one by one: at most so many in flight, at the pacer's times, within the budget."""

    def __init__(self, config: IngestConfig, summary: IngestSummary, clock: Clock) -> None:
        budget = config.budget
        self._clock = clock
        self._summary = summary
        self._most = budget.max_requests
        self._patience = config.retry_seconds
        most = min(config.workers, budget.max_in_flight or config.workers)
        self._level = Level(most) if config.concurrency == "auto" else None
        self._fixed = most
        self._slots = Slots(lambda: self.places)
        self._hosts = Hosts(clock.now)
        self._in_flight = 0
        self._shut: ResponseError | None = None
        self._budget = Pacer(budget.requests_per_second)

    @property
    def places(self) -> int:
        """How many requests may be in flight at the moment."""
        return self._level.limit if self._level else self._fixed

    @property
    def useful_places(self) -> int:
        """How many requests at once are worth having: none more while one would wait for its time."""
        return 0 if self._hosts.waited_for else self.places

    @asynccontextmanager
    async def turn(self, url: str, dispensable: Callable[[], bool] | None = None) -> AsyncIterator[Start]:
        """Wait for the turn to send one request to a URL; it is in flight until the block ends.

        `dispensable` is asked, after a wait for the host, whether to do without it.

        Raises:
            Dispensable: it isn't needed.
            BudgetExhausted: `budget.max_requests` have been sent.
            PauseTooLong: the host asked for a pause that is longer than `retry_seconds`.
            ResponseError: the gate was shut; the error that it was shut with.

        """
        async with self._slots:
            waits = self._hosts.waited_for
            host = self._hosts.of(url)
            async with host.door:  # one waits for the time, the others for the door: first come, first served
                self._check_open()
                while (seconds := self._wait(host.pacer)) > 0:
                    self._check_pause(host.pacer, url)
                    await self._clock.sleep(seconds)
                    self._check_open()
                if waits and dispensable is not None and dispensable():
                    raise Dispensable
                now = self._clock.now()
                self._budget.start(now)
                start = host.pacer.start(now)
                self._summary.requests += 1
            self._in_flight += 1
            if self._level:
                self._level.started(start.at, self._clock.worked(), self._in_flight)
            self._summary.in_flight_peak = max(self._summary.in_flight_peak, self._in_flight)
            try:
                yield start
            finally:
                self._in_flight -= 1

    def refused(self, url: str, start: Start, seconds: float) -> None:
        """Learn from a 429 to the request of `start`, and pause its host, for every run of this process."""
        self._hosts.of(url).pacer.refused(start, self._clock.now(), seconds)

    def pause(self, url: str, seconds: float) -> None:
        """Let no request to the host of a URL start for a time."""
        self._hosts.of(url).pacer.pause(self._clock.now(), seconds)

    def answered(self, start: Start, *, well: bool) -> None:
        """Learn from how the request of `start` ended."""
        if self._level is None:
            return
        now = self._clock.now()
        if well:
            self._level.answered(now, self._clock.worked())
        else:
            self._level.failed(now, start.at)

    def describe(self) -> str | None:
        """Say which number of requests at once was found best; None where it was given."""
        if self._level is None:
            return None
        return f"concurrency auto: {self._level.limit} requests at once at the end, {self._level.highest} at most"

    def shut(self, error: ResponseError) -> None:
        """Let no further request through, since the host wants none: each ends in `error`."""
        self._shut = self._shut or error

    def _check_open(self) -> None:
        if self._shut is not None:
            raise self._shut
        if self._most is not None and self._summary.requests >= self._most:
            raise BudgetExhausted(f"the budget of {self._most} requests is spent (budget.max_requests)")

    def _wait(self, pacer: Pacer) -> float:
        now = self._clock.now()
        return max(self._budget.wait(now), pacer.wait(now))

    def _check_pause(self, pacer: Pacer, url: str) -> None:
        left = pacer.paused_until - self._clock.now()
        if left > self._patience:
            shown = display(url)
            message = f"{shown}: the host asks for a pause of {left:.0f} s, and retry_seconds is {self._patience:g}"
            raise PauseTooLong(message, url=shown, status=429)
