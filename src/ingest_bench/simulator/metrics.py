"""Metrics of the server between two resets."""

from __future__ import annotations

import asyncio
import statistics
import time

from ingest_bench.results.models import ServerRecord

TOO_MANY_REQUESTS = 429
_MS = 1000
_P50, _P95 = 49, 94
"""Among the 99 cuts into hundredths."""


class RequestTiming:
    """The times of one request. It belongs to the window that it arrived in, even after that has ended."""

    __slots__ = ("achieved_ms", "arrived", "requested_ms", "status", "window")

    def __init__(self, window: MetricsWindow, arrived: float) -> None:
        self.window = window
        self.arrived = arrived
        self.status = 0
        self.requested_ms: float | None = None
        """Think time as drawn."""
        self.achieved_ms: float | None = None
        """Think time as slept."""


class MetricsWindow:
    """Counts requests, and integrates how many are in flight over time.

    The integral knows nothing of single requests, and the list of response times nothing of the others in flight, so
    that Little's law is a check: it fails when an arrival or a departure went unnoticed.
    """

    def __init__(self, think_ms: float) -> None:
        """Start with no requests; `think_ms` is reported until there is one."""
        self._default_think = think_ms
        self._cpu = time.process_time()
        self._durations: list[float] = []
        self._requested: list[float] = []
        self._achieved: list[float] = []
        self._rate_limited = 0
        self._in_flight = self._peak = self._arrivals = 0
        self._first = self._changed = self._last = 0.0
        self._area = self._area_at_last = 0.0
        self._idle = asyncio.Event()
        self._idle.set()

    def arrive(self) -> RequestTiming:
        """Count a request; return its timing."""
        now = time.perf_counter()
        if self._arrivals == 0:
            self._first = self._last = self._changed = now
        self._move(now, +1)
        self._arrivals += 1
        self._peak = max(self._peak, self._in_flight)
        self._idle.clear()
        return RequestTiming(self, now)

    def depart(self, timing: RequestTiming) -> float:
        """Count a response as sent, or as no longer awaited; return the response time in seconds."""
        self._last = time.perf_counter()
        self._move(self._last, -1)
        self._area_at_last = self._area
        duration = self._last - timing.arrived
        self._durations.append(duration)
        if timing.status == TOO_MANY_REQUESTS:
            self._rate_limited += 1
        if timing.requested_ms is not None and timing.achieved_ms is not None:
            self._requested.append(timing.requested_ms)
            self._achieved.append(timing.achieved_ms)
        if self._in_flight == 0:
            self._idle.set()
        return duration

    async def settle(self, seconds: float) -> None:
        """Wait until no request is in flight, for at most so many seconds."""
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            return

    def record(self) -> ServerRecord:
        """Return the metrics so far."""
        seconds = self._last - self._first
        mean = statistics.fmean(self._durations) if self._durations else 0.0
        in_flight = self._area_at_last / seconds if seconds else 0.0
        expected = self._arrivals / seconds * mean if seconds else 0.0
        cuts = (
            statistics.quantiles(self._durations, n=100, method="inclusive")
            if len(self._durations) > 1
            else [mean] * 99
        )
        return ServerRecord(
            requests=self._arrivals,
            rate_limited=self._rate_limited,
            think_ms_asked=statistics.fmean(self._requested) if self._requested else self._default_think,
            think_ms_achieved=statistics.fmean(self._achieved) if self._achieved else self._default_think,
            response_ms_p50=_MS * cuts[_P50],
            response_ms_p95=_MS * cuts[_P95],
            response_ms_mean=_MS * mean,
            in_flight_mean=in_flight,
            in_flight_peak=self._peak,
            window_s=seconds,
            little_ratio=in_flight / expected if expected else 1.0,
            cpu_s=time.process_time() - self._cpu,
        )

    def _move(self, now: float, step: int) -> None:
        self._area += self._in_flight * (now - self._changed)
        self._changed = now
        self._in_flight += step
