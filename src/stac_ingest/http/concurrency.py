"""How many concurrent requests serve a server best, found while asking.

What the first responses take says where to begin: while one of them is under way this process can deal with so many
others, and asking for more at once keeps it no busier. From there the limit doubles while that pays: while responses
take hardly longer than the fastest one (else they wait for each other, and more of them would wait longer), the doubled
limit brought clearly more, and this process has time to spare. Where responses take much longer, the limit that their
times point at is tried soon after. Of two limits the better one is kept, the lower one where they are about as good;
and now and then a slightly higher or lower one is tried. A refusal or a failed request halves the limit; it is never
counted as a response, however fast it came.

A window begins once the whole limit is in use, and looks at requests that started within it alone. While the limit is
searched for, it is only as many responses as the limit allows, since a short run must not spend itself on the search;
later it is twice as many.
"""

from __future__ import annotations

import math
from typing import NamedTuple

INITIAL = 20
"""Concurrent requests to begin with at most: a run of 100 pages has no time for more than a doubling or two."""
_LEAST_INITIAL = 2
MIN_DOUBLING_GAIN = 1.4
"""Doubling is worth it where responses come this much faster: halfway between no gain and a full one, since a window is
short and its rate uncertain."""
STEP = 1.25
MIN_STEP_GAIN = 1.05
STEADY_WINDOWS = 8
"""Windows between two trials of another limit, and after a refusal before there is one."""
RESPONSES_PER_REQUEST = 2
_MIN_RESPONSES = 8
"""Of a window: the mean of fewer response times says little."""
MAX_CPU_SHARE = 1 / MIN_DOUBLING_GAIN
"""Share of the time in which this process computes, from which on it can't take responses so much faster."""
_FREE = 0.7
"""Least response time over the mean, from which on responses don't wait for each other; their times vary anyway."""
_QUEUED = 0.6
"""The same, up to which so many wait that a lower limit is worth a try."""


class ThroughputWindow(NamedTuple):
    """What was measured over one window of responses."""

    limit: int
    response_seconds: float
    """The mean."""
    cpu_seconds: float
    """CPU time of this process for each."""

    @property
    def per_second(self) -> float:
        """Responses, while the whole limit is in use (Little's law): also of a window that began with nothing."""
        return self.limit / self.response_seconds

    @property
    def cpu_share(self) -> float:
        """Share of the time that this process computes in, while the whole limit is in use."""
        return self.per_second * self.cpu_seconds


class ConcurrencyLimit:
    """The number of concurrent requests. Decides only; times are seconds of one monotonic clock.

    A variant of additive increase and multiplicative decrease (AIMD; D.-M. Chiu and R. Jain, Computer Networks and ISDN
    Systems 17, 1989): the decrease is that of AIMD, and the increase doubles first, then takes steps of a quarter, each
    kept only where throughput gains. So it searches for the knee of a closed system (N. Gunther, Guerrilla Capacity
    Planning, 2007, chapter 4) instead of the server's breaking point. Where the knee must be is read off the least
    response time, as TCP Vegas does (L. Brakmo and L. Peterson, IEEE JSAC 13(8), 1995): throughput times that.
    """

    def __init__(self, maximum: int) -> None:
        """Begin low; never allow more than `maximum` at once."""
        self.limit = min(INITIAL, maximum)
        self.highest = self.limit
        self._maximum = maximum
        self._own_seconds = 0.0
        self._slowest = 0.0
        self._least = math.inf
        self._first_awaited = False
        self._best: ThroughputWindow | None = None
        self._doubling = True
        self._knee_untried = True
        self._windows_left = STEADY_WINDOWS
        self._upwards = False
        self._refused_at = -math.inf
        self._began: float | None = None
        self._cpu_seconds = 0.0
        self._responses = 0
        self._seconds = 0.0

    def begin(self, own_seconds: float) -> None:
        """Set the limit by what was received so far, before what is wanted is requested.

        Args:
            own_seconds: CPU time that this process takes for a response that is wanted, about.

        """
        self._own_seconds = own_seconds
        self._least, self._first_awaited = math.inf, True
        if self._slowest:
            first = self._initial(self._slowest)
            self.limit = self.highest = first if self._refused_at == -math.inf else min(first, self.limit)
        self._end_window()

    def started(self, now: float, cpu_seconds: float, in_flight: int) -> None:
        """Note that a request starts, with which so many are in flight; `cpu_seconds` is the process's CPU time."""
        if self._began is None and in_flight >= self.limit:
            # Earlier responses, received while fewer were in flight than allowed, say little of this limit.
            self._began, self._cpu_seconds = now, cpu_seconds

    def succeeded(self, now: float, cpu_seconds: float, started_at: float) -> None:
        """Note that a request was answered as wanted; `cpu_seconds` is the process's CPU time."""
        taken = now - started_at
        self._slowest = max(self._slowest, taken)
        self._least = min(self._least, taken)
        if self._first_awaited:
            self._first_awaited = False
            self._raise_to(min(INITIAL, self._initial(taken)))
        if self._began is None or started_at < self._began:
            return
        self._responses += 1
        self._seconds += taken
        needed = self.limit if self._doubling else RESPONSES_PER_REQUEST * self.limit
        if self._responses >= max(needed, _MIN_RESPONSES) and self._seconds > 0:
            own = (cpu_seconds - self._cpu_seconds) / self._responses
            self._move(ThroughputWindow(self.limit, self._seconds / self._responses, own))
            self._end_window()

    def failed(self, now: float, started_at: float) -> None:
        """Note that a request was refused, or failed. Those that were in flight with it are one event."""
        self._first_awaited = False
        if started_at < self._refused_at:
            return
        self._refused_at = now
        self.limit = max(1, self.limit // 2)
        self._best, self._doubling, self._windows_left = None, False, STEADY_WINDOWS
        self._end_window()

    def _initial(self, response_seconds: float) -> int:
        """Give the number of requests that keep this process busy, where one of them takes so long (Little's law)."""
        if response_seconds >= 2 * self._maximum * self._own_seconds:
            return self._maximum
        busy = 1 + int(response_seconds / self._own_seconds)
        # Beyond the usual only half of it, since a server that is slow may be so because it is asked much.
        return min(self._maximum, max(_LEAST_INITIAL, min(busy, INITIAL), busy // 2))

    def _raise_to(self, limit: int) -> None:
        if limit > self.limit:
            self._set(limit)
            self._end_window()

    def _end_window(self) -> None:
        self._began = None
        self._responses = 0
        self._seconds = 0.0

    def _move(self, window: ThroughputWindow) -> None:
        best = self._best
        if best is not None and window.limit != best.limit and not self._pays(window, best):
            self._return_to(best)
            return
        self._best = window
        if self._doubling:
            self._search(window)
        elif best is not None and window.limit > best.limit:
            self._step(upwards=True)  # where one step paid, another may
        else:
            self._wait_or_try(window)

    def _pays(self, window: ThroughputWindow, best: ThroughputWindow) -> bool:
        """Whether a limit that was tried is to be kept; a lower one is where it gives nearly as much."""
        gain = window.per_second / best.per_second
        if window.limit < best.limit:
            return gain * MIN_STEP_GAIN >= 1
        return gain >= (MIN_DOUBLING_GAIN if self._doubling else MIN_STEP_GAIN)

    def _return_to(self, best: ThroughputWindow) -> None:
        self._doubling = False
        self._set(best.limit)
        self._windows_left = STEADY_WINDOWS

    def _search(self, window: ThroughputWindow) -> None:
        free = self._least >= _FREE * window.response_seconds
        self._doubling = free and self.limit < self._maximum and window.cpu_share < MAX_CPU_SHARE
        if self._doubling:
            self._set(2 * self.limit)

    def _wait_or_try(self, window: ThroughputWindow) -> None:
        knee = self.limit * self._least / window.response_seconds
        if self._knee_untried and knee <= _QUEUED * self.limit:
            # A queue of the root of it keeps the server busy though times vary (square-root staffing).
            self._knee_untried = False
            self._set(min(self.limit, math.ceil(knee + math.sqrt(knee))))
            return
        self._windows_left -= 1
        if self._windows_left <= 0:
            self._windows_left = STEADY_WINDOWS
            # By turns, because a server may come to bear more as well as less.
            self._upwards = not self._upwards
            self._step(upwards=self._upwards)

    def _step(self, *, upwards: bool) -> None:
        self._set(max(self.limit + 1, int(self.limit * STEP)) if upwards else int(self.limit / STEP))

    def _set(self, limit: int) -> None:
        self.limit = max(1, min(limit, self._maximum))
        self.highest = max(self.highest, self.limit)
