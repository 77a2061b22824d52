"""When the next request may start: the run's own budget, the server's pauses, and the rate learned from its refusals.

A server that throttles has, more or less, a token bucket: so many requests at once, then so many a second. Each first
refusal after a pause shows it empty, so what went through between two of them is what flowed in: its rate. From then
on the pacer keeps a bucket of its own with that rate, spends at once what gathers during a pause, and meets few
further refusals. Without it, all waiting requests would fall upon the server at the end of every pause. A refusal that
comes alone, long before one was due, is doubted: servers also refuse by lot, or when they are short of something.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

_RAMP = 2.0
"""Growth of the pace per second at first, and where a refusal came early; each refusal that says little of the
server's rate takes the root of it."""
_DRIFT = 1.01
"""Growth per second once it is: a server may come to allow more."""
_EARLY = 0.5
"""Share of the usual rate below which a refusal came early."""
_ENOUGH = 20
"""Requests let through between two refusals that make their rate a sharp figure."""
_SHORTEST = 0.05
_WINDOW = 1.0
"""Seconds; a shorter window says more about a burst than about a rate."""


class Start(NamedTuple):
    """When a request started, and in which cycle: the time between two refusals that showed an empty bucket."""

    at: float
    cycle: int
    number: int
    """Starts of the cycle before it."""


class _Lesson(NamedTuple):
    """What a refusal says of the server's rate, if it came from an empty bucket."""

    rate: float
    growth: float
    start: Start


class Pacer:
    """Decides about start times only; sleeping is for the caller. Times are seconds of one monotonic clock."""

    def __init__(self, per_second: float | None = None) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._earliest = float("-inf")
        self.paused_until = float("-inf")
        self._cycle = 0
        self._starts: deque[float] = deque(maxlen=2048)
        self._count = 0
        self._emptied_at = 0.0
        self._burst = 1.0
        self._growth = _RAMP
        self._bucket: _Bucket | None = None
        self._doubted: _Lesson | None = None
        self._before: deque[tuple[int, float]] = deque(maxlen=_ENOUGH)
        """Requests let through, and seconds, between earlier refusals."""

    def wait(self, now: float) -> float:
        """Seconds until a request may start; 0 or less is now."""
        ready = self._bucket.ready(now) if self._bucket else now
        return max(self.paused_until, self._earliest, ready) - now

    def start(self, now: float) -> Start:
        """Note that a request starts."""
        self._earliest = now + self._gap
        if self._bucket:
            self._bucket.take(now)
        self._starts.append(now)
        self._count += 1
        return Start(now, self._cycle, self._count - 1)

    def pause(self, now: float, seconds: float) -> None:
        """Let no request start for a time. A longer pause under way stays."""
        self.paused_until = max(self.paused_until, now + seconds)

    def refused(self, start: Start, now: float, seconds: float) -> None:
        """Learn from a 429 that answered the request of `start`, and pause."""
        self.pause(now, seconds)
        if start.cycle != self._cycle:
            self._confirm(start)
            return
        count = start.number
        forgotten = self._count - len(self._starts)
        let_through = list(self._starts)[: max(0, count - forgotten)]
        self._doubted = None
        if self._bucket is None:
            span = start.at - let_through[0] if let_through else 0.0
            self._burst = float(count)
            # What went through so far, as if the pause belonged to it: a low first guess, which the ramp corrects.
            rate = max(1, count) / max(span + seconds, _SHORTEST)
        else:
            strict = self._rate(let_through, count, start.at)
            growth = _DRIFT if count >= _ENOUGH else max(_DRIFT, math.sqrt(self._growth))
            self._doubted = _Lesson(strict, growth, start)
            rate = max(strict, self._usual(count, start.at))
            self._growth = _RAMP if strict < _EARLY * rate else growth
            self._before.append((count, start.at - self._emptied_at))
        self._learn(rate, start)
        self._emptied_at = start.at
        self._cycle += 1
        self._count = 0
        self._starts.clear()

    def _confirm(self, start: Start) -> None:
        """Take a lesson as it is once another request of its time was refused too: the bucket was empty indeed."""
        lesson = self._doubted
        if lesson is not None and start.cycle == lesson.start.cycle:
            self._doubted, self._growth = None, lesson.growth
            self._learn(lesson.rate, lesson.start)

    def _learn(self, rate: float, start: Start) -> None:
        self._bucket = _Bucket(rate, max(1.0, self._burst), start.at, self._growth)

    def _usual(self, count: int, until: float) -> float:
        """Find the rate over so many refusals that it doesn't hang on the last few requests."""
        seconds = until - self._emptied_at
        for earlier, took in reversed(self._before):
            if count >= _ENOUGH:
                break
            count, seconds = count + earlier, seconds + took
        return count / max(seconds, _SHORTEST)

    def _rate(self, let_through: list[float], count: int, until: float) -> float:
        """Find the highest rate that is certain: a bucket lets at most its burst and rate x time through."""
        certain = max(1, count) / max(until - self._emptied_at, _SHORTEST)
        for i, at in enumerate(let_through):
            if until - at < _WINDOW:
                break
            certain = max(certain, (len(let_through) - i - self._burst) / (until - at))
        return certain


class _Bucket:
    """Tokens that come in at a rate, up to a most; empty at first."""

    def __init__(self, rate: float, most: float, now: float, growth: float) -> None:
        self.rate = rate
        self._most = most
        self._tokens = 0.0
        self._at = now
        self._growth = growth

    def ready(self, now: float) -> float:
        missing = 1.0 - self._level(now)
        # Rounding may leave a hair missing at the very time that was computed.
        return now if missing <= 1e-9 else now + missing / self.rate  # noqa: PLR2004 - the hair

    def take(self, now: float) -> None:
        level = self._level(now)
        if level < 2.0:  # noqa: PLR2004 - the pace binds, so it is what is being tried
            self.rate *= self._growth ** (now - self._at)
        self._tokens = level - 1.0
        self._at = now

    def _level(self, now: float) -> float:
        return min(self._most, self._tokens + (now - self._at) * self.rate)
