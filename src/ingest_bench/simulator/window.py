"""What the server sees between two resets."""

from __future__ import annotations

import asyncio
import statistics
import time

from ingest_bench.results import ServerRecord

TOO_MANY_REQUESTS = 429
_MS = 1000
_P50, _P95 = 49, 94
"""Among the 99 cuts into hundredths."""


class Visit:
    """One request while it is here. It belongs to the window that it arrived in, also when that has ended since."""

    __slots__ = ("achieved_ms", "arrived", "asked_ms", "status", "window")

    def __init__(self, window: Window, arrived: float) -> None:
        self.window = window
        self.arrived = arrived
        self.status = 0
        self.asked_ms: float | None = None
        """Think time as drawn."""
        self.achieved_ms: float | None = None
        """Think time as slept."""


class Window:
    """Counts requests, and integrates how many are in flight over time.

    The integral knows nothing of single requests, and the list of response times nothing of the others in flight, so
    that Little's law is a check: it fails when an arrival or a departure went unnoticed.
    """

    def __init__(self, think_ms: float) -> None:
        """Begin; `think_ms` is reported as asked until a request has been."""
        self._default_think = think_ms
        self._cpu = time.process_time()
        self._durations: list[float] = []
        self._asked: list[float] = []
        self._achieved: list[float] = []
        self._rate_limited = 0
        self._in_flight = self._peak = self._arrivals = 0
        self._first = self._changed = self._last = 0.0
        self._area = self._area_at_last = 0.0
        self._idle = asyncio.Event()
        self._idle.set()

    def arrive(self) -> Visit:
        """Note a request."""
        now = time.perf_counter()
        if self._arrivals == 0:
            self._first = self._last = self._changed = now
        self._move(now, +1)
        self._arrivals += 1
        self._peak = max(self._peak, self._in_flight)
        self._idle.clear()
        return Visit(self, now)

    def depart(self, visit: Visit) -> float:
        """Note that an answer is out, or that nobody waits for it any more; give the response time in seconds."""
        self._last = time.perf_counter()
        self._move(self._last, -1)
        self._area_at_last = self._area
        duration = self._last - visit.arrived
        self._durations.append(duration)
        if visit.status == TOO_MANY_REQUESTS:
            self._rate_limited += 1
        if visit.asked_ms is not None and visit.achieved_ms is not None:
            self._asked.append(visit.asked_ms)
            self._achieved.append(visit.achieved_ms)
        if self._in_flight == 0:
            self._idle.set()
        return duration

    async def settle(self, seconds: float) -> None:
        """Wait until no request is in flight, as long as given."""
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            return

    def record(self) -> ServerRecord:
        """Sum up."""
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
            think_ms_asked=statistics.fmean(self._asked) if self._asked else self._default_think,
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
