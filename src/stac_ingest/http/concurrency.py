"""How many concurrent requests serve a server best, found while asking.

The limit doubles while that pays: while the responses of a window came clearly faster than those of the window before,
and this process has time to spare. Where doubling no longer pays, the lower of the two is kept, and now and then a
slightly higher or lower one is tried. A refusal or a failed request halves the limit; it is never counted as a
response, however fast it came. A window begins once the whole limit is in use, and is twice as many responses as there
are requests in flight, so that each window sees its own limit alone; while the limit doubles, half of that has to do,
since a short run must not spend itself on the search.
"""

from __future__ import annotations

from typing import NamedTuple

INITIAL = 20
"""Concurrent requests to begin with: a run of 100 pages has no time for more than a doubling or two."""
MIN_DOUBLING_GAIN = 1.4
"""Doubling is worth it where responses come this much faster: halfway between no gain and a full one, since a window is
short and its rate uncertain."""
STEP = 1.25
MIN_STEP_GAIN = 1.05
STEADY_WINDOWS = 8
"""Windows between two trials of another limit, and after a refusal before there is one."""
RESPONSES_PER_REQUEST = 2
MAX_CPU_SHARE = 0.9
"""Share of the time in which this process computes, from which on more responses at once would only wait for it."""


class ThroughputWindow(NamedTuple):
    """What was measured over one window of responses."""

    limit: int
    per_second: float
    """Responses."""
    cpu_share: float
    """Share of the time that this process has computed in."""


class ConcurrencyLimit:
    """The number of concurrent requests. Decides only; times are seconds of one monotonic clock.

    A variant of additive increase and multiplicative decrease (AIMD; D.-M. Chiu and R. Jain, Computer Networks and ISDN
    Systems 17, 1989): the decrease is that of AIMD, and the increase doubles first, then takes steps of a quarter, each
    kept only where throughput gains. So it searches for the knee of a closed system (N. Gunther, Guerrilla Capacity
    Planning, 2007, chapter 4) instead of the server's breaking point.
    """

    def __init__(self, maximum: int) -> None:
        """Begin low; never allow more than `maximum` at once."""
        self.limit = min(INITIAL, maximum)
        self.highest = self.limit
        self._maximum = maximum
        self._best: ThroughputWindow | None = None
        self._doubling = True
        self._windows_left = STEADY_WINDOWS
        self._upwards = False
        self._refused_at = float("-inf")
        self._began: float | None = None
        self._cpu_seconds = 0.0
        self._responses = 0

    def started(self, now: float, cpu_seconds: float, in_flight: int) -> None:
        """Note that a request starts, with which so many are in flight; `cpu_seconds` is the process's CPU time."""
        if self._began is None and in_flight >= self.limit:
            # Earlier responses, received while fewer were in flight than allowed, say little of this limit.
            self._began, self._cpu_seconds = now, cpu_seconds

    def succeeded(self, now: float, cpu_seconds: float) -> None:
        """Note that a request was answered as wanted; `cpu_seconds` is the process's CPU time."""
        if self._began is None:
            return
        self._responses += 1
        needed = self.limit if self._doubling else RESPONSES_PER_REQUEST * self.limit
        seconds = now - self._began
        if self._responses >= needed and seconds > 0:
            share = (cpu_seconds - self._cpu_seconds) / seconds
            self._move(ThroughputWindow(self.limit, self._responses / seconds, share))
            self._end_window()

    def failed(self, now: float, started_at: float) -> None:
        """Note that a request was refused, or failed. Those that were in flight with it are one event."""
        if started_at < self._refused_at:
            return
        self._refused_at = now
        self.limit = max(1, self.limit // 2)
        self._best, self._doubling, self._windows_left = None, False, STEADY_WINDOWS
        self._end_window()

    def _end_window(self) -> None:
        self._began = None
        self._responses = 0

    def _move(self, window: ThroughputWindow) -> None:
        if self._best is None or window.limit == self._best.limit or self._pays(window, self._best):
            self._best = window
            self._next(busy=window.cpu_share >= MAX_CPU_SHARE)
        else:
            self._return_to(self._best)

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

    def _next(self, *, busy: bool) -> None:
        if self._doubling:
            self._doubling = self.limit < self._maximum and not busy
            if self._doubling:
                self._set(2 * self.limit)
            return
        self._windows_left -= 1
        if self._windows_left <= 0:
            self._windows_left = STEADY_WINDOWS
            # By turns, because a server may come to bear more as well as less.
            self._upwards = not self._upwards
            self._set(max(self.limit + 1, int(self.limit * STEP)) if self._upwards else int(self.limit / STEP))

    def _set(self, limit: int) -> None:
        self.limit = max(1, min(limit, self._maximum))
        self.highest = max(self.highest, self.limit)
