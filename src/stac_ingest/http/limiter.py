"""The request limiter of one run: all requests keep to one limit, one budget, and the pauses of their hosts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from stac_ingest.core.text import counted
from stac_ingest.errors import BudgetExhausted, ResponseError, RetryAfterTooLong
from stac_ingest.http.concurrency import ConcurrencyLimit
from stac_ingest.http.hosts import Hosts
from stac_ingest.http.rate import AdaptiveTokenBucket, Start
from stac_ingest.http.resizable_semaphore import ResizableSemaphore
from stac_ingest.http.urls import display

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.http.clock import Clock
    from stac_ingest.summary import IngestSummary


class RequestNotNeeded(Exception):  # noqa: N818 - not an error: the items come with another request
    """A request that was given up, since the host wants a wait and the response isn't needed any more."""


class RequestLimiter:
    """Lets requests start one by one: at most so many in flight, at the times of their host's bucket, in the budget."""

    def __init__(self, config: IngestConfig, summary: IngestSummary, clock: Clock) -> None:
        budget = config.budget
        self._clock = clock
        self._summary = summary
        self._max_requests = budget.max_requests
        self._patience = config.retry_seconds
        maximum = min(config.workers, budget.max_in_flight or config.workers)
        self._adaptive = ConcurrencyLimit(maximum) if config.concurrency == "auto" else None
        self._fixed = maximum
        self._semaphore = ResizableSemaphore(lambda: self.capacity)
        self._hosts = Hosts(clock.now)
        self._in_flight = 0
        self._closed_by: ResponseError | None = None
        self._budget = AdaptiveTokenBucket(budget.requests_per_second)

    @property
    def capacity(self) -> int:
        """How many requests may be in flight at the moment."""
        return self._adaptive.limit if self._adaptive else self._fixed

    @property
    def useful_capacity(self) -> int:
        """How many requests at once are worth having; 0 while one would wait for its time."""
        return 0 if self._hosts.is_throttled else self.capacity

    def begin(self, own_seconds: float) -> None:
        """Choose the limit to begin with, now that a few responses came.

        Args:
            own_seconds: CPU time that this process takes for a response that is wanted, about.

        """
        if self._adaptive:
            self._adaptive.begin(own_seconds)

    @asynccontextmanager
    async def acquire(self, url: str, not_needed: Callable[[], bool] | None = None) -> AsyncIterator[Start]:
        """Wait until one request to a URL may start; it is in flight until the block ends.

        `not_needed` is asked after a wait for the host: True gives the request up.

        Raises:
            RequestNotNeeded: `not_needed` said so.
            BudgetExhausted: `budget.max_requests` have been sent.
            RetryAfterTooLong: the host asked for a pause that is longer than `retry_seconds`.
            ResponseError: `close` was called; the error that it was called with.

        """
        async with self._semaphore:
            was_throttled = self._hosts.is_throttled
            host = self._hosts.get(url)
            async with host.queue_lock:  # so that waiting is first come, first served
                self._check_open()
                while (seconds := self._wait(host.bucket)) > 0:
                    self._check_pause(host.bucket, url)
                    await self._clock.sleep(seconds)
                    self._check_open()
                # Asked only after a wait, because others may have done the work meanwhile.
                if was_throttled and not_needed is not None and not_needed():
                    raise RequestNotNeeded
                now = self._clock.now()
                self._budget.start(now)
                start = host.bucket.start(now)
                self._summary.requests += 1
            self._in_flight += 1
            if self._adaptive:
                self._adaptive.started(start.at, self._clock.cpu_time(), self._in_flight)
            self._summary.in_flight_peak = max(self._summary.in_flight_peak, self._in_flight)
            try:
                yield start
            finally:
                self._in_flight -= 1

    def refused(self, url: str, start: Start, seconds: float) -> None:
        """Learn from a 429 to the request of `start`, and pause its host, for every run of this process."""
        self._hosts.get(url).bucket.refused(start, self._clock.now(), seconds)

    def pause(self, url: str, seconds: float) -> None:
        """Let no request to the host of a URL start for a time."""
        self._hosts.get(url).bucket.pause(self._clock.now(), seconds)

    def record_outcome(self, start: Start, *, succeeded: bool) -> None:
        """Learn from how the request of `start` ended."""
        if self._adaptive is None:
            return
        now = self._clock.now()
        if succeeded:
            self._adaptive.succeeded(now, self._clock.cpu_time(), start.at)
        else:
            self._adaptive.failed(now, start.at)

    def describe(self) -> str | None:
        """Describe the number of concurrent requests that was found best; None where it was given."""
        if self._adaptive is None:
            return None
        return (
            f"concurrency auto: {counted(self._adaptive.limit, 'request')} at once at the end, "
            f"{self._adaptive.highest:,} at most"
        )

    def close(self, error: ResponseError) -> None:
        """Let no further request through, since the host wants none: each ends in `error`."""
        self._closed_by = self._closed_by or error

    def _check_open(self) -> None:
        if self._closed_by is not None:
            raise self._closed_by
        if self._max_requests is not None and self._summary.requests >= self._max_requests:
            raise BudgetExhausted(
                f"the budget of {counted(self._max_requests, 'request')} is spent (budget.max_requests)"
            )

    def _wait(self, bucket: AdaptiveTokenBucket) -> float:
        now = self._clock.now()
        return max(self._budget.wait(now), bucket.wait(now))

    def _check_pause(self, bucket: AdaptiveTokenBucket, url: str) -> None:
        remaining = bucket.paused_until - self._clock.now()
        if remaining > self._patience:
            shown = display(url)
            message = (
                f"{shown}: the host asks for a pause of {remaining:.0f} s, and retry_seconds is {self._patience:g}"
            )
            raise RetryAfterTooLong(message, url=shown, status=429)
