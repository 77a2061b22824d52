"""When the next request may start: the run's own budget, the server's pauses, and the rate learned from its refusals.

A server that throttles has, more or less, a token bucket: so many requests at once, then so many a second. Each first
refusal after a pause shows it empty, so what went through between two of them is what flowed in: its rate. From then
on the client keeps a bucket of its own with that rate, spends at once what gathers during a pause, and meets few
further refusals. Without it, all waiting requests would be sent together at the end of every pause. A refusal that
comes alone, long before one was due, is not believed at first: servers also refuse at random, or when they are short
of something.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

_PROBE_GROWTH = 2.0
"""Growth of the rate per second at first, and where a refusal came early; each refusal that says little of the
server's rate takes the root of it."""
_STEADY_GROWTH = 1.01
"""Growth per second once the rate is known: a server may come to allow more."""
_EARLY = 0.5
"""Share of the long-run rate below which a refusal came early."""
_MIN_REQUESTS = 20
"""Requests let through between two refusals that make their rate a sharp figure."""
_MIN_SECONDS = 0.05
_WINDOW = 1.0
"""Seconds; a shorter window says more about a burst than about a rate."""


class Start(NamedTuple):
    """When a request started, and in which cycle: the time between two refusals that showed an empty bucket."""

    at: float
    cycle: int
    number: int
    """Starts of the cycle before it."""


class _Estimate(NamedTuple):
    """What a refusal says of the server's rate, if it came from an empty bucket."""

    rate: float
    growth: float
    start: Start


class AdaptiveTokenBucket:
    """Decides when requests to one host may start; sleeping is for the caller. Times are seconds of a monotonic clock.

    The idea is that of the "adaptive" retry mode of botocore (AWS SDK for Python), a client-side token bucket whose
    rate follows the server's throttling responses. There the rate is cut by 30% at a refusal and grows back on a cubic
    curve; here it is measured between refusals, since servers that count tokens make it a sharp figure.
    """

    def __init__(self, per_second: float | None = None) -> None:
        """Begin without a learned rate; `per_second` is a fixed limit of starts per second, None for no limit."""
        self._gap = 1 / per_second if per_second else 0.0
        self._earliest = float("-inf")
        self.paused_until = float("-inf")
        self._cycle = 0
        self._starts: deque[float] = deque(maxlen=2048)
        self._count = 0
        self._emptied_at = 0.0
        self._burst = 1.0
        self._growth = _PROBE_GROWTH
        self._bucket: TokenBucket | None = None
        self._unconfirmed: _Estimate | None = None
        self._cycles: deque[tuple[int, float]] = deque(maxlen=_MIN_REQUESTS)
        """Requests let through, and seconds, between earlier refusals."""

    def wait(self, now: float) -> float:
        """Seconds until a request may start; 0 or less is now."""
        ready = self._bucket.ready(now) if self._bucket else now
        return max(self.paused_until, self._earliest, ready) - now

    def start(self, now: float) -> Start:
        """Note that a request starts; return what its end is judged by."""
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
        """Learn from a 429 that answered the request of `start`, and pause for so many seconds."""
        self.pause(now, seconds)
        if start.cycle != self._cycle:
            # It was in flight when the first refusal of its cycle came, so it tells of the same empty bucket.
            self._confirm(start)
            return
        count = start.number
        forgotten = self._count - len(self._starts)
        let_through = list(self._starts)[: max(0, count - forgotten)]
        self._unconfirmed = None
        if self._bucket is None:
            span = start.at - let_through[0] if let_through else 0.0
            self._burst = float(count)
            # All that went through, as if the pause belonged to it: too low a guess, which probing soon corrects,
            # because too high a one would cost further refusals.
            rate = max(1, count) / max(span + seconds, _MIN_SECONDS)
        else:
            strict = self._certain_rate(let_through, count, start.at)
            growth = _STEADY_GROWTH if count >= _MIN_REQUESTS else max(_STEADY_GROWTH, math.sqrt(self._growth))
            self._unconfirmed = _Estimate(strict, growth, start)
            # The higher of the two until another refusal confirms the lower one, because a refusal at random, soon
            # after the last, would make any rate look tiny.
            rate = max(strict, self._long_run_rate(count, start.at))
            self._growth = _PROBE_GROWTH if strict < _EARLY * rate else growth
            self._cycles.append((count, start.at - self._emptied_at))
        self._learn(rate, start)
        self._emptied_at = start.at
        self._cycle += 1
        self._count = 0
        self._starts.clear()

    def _confirm(self, start: Start) -> None:
        """Take an estimate as it is once another request of its time was refused too: the bucket was empty indeed."""
        estimate = self._unconfirmed
        if estimate is not None and start.cycle == estimate.start.cycle:
            self._unconfirmed, self._growth = None, estimate.growth
            self._learn(estimate.rate, estimate.start)

    def _learn(self, rate: float, start: Start) -> None:
        self._bucket = TokenBucket(rate, max(1.0, self._burst), start.at, self._growth)

    def _long_run_rate(self, count: int, until: float) -> float:
        """Find the rate over so many refusals that it doesn't depend on the last few requests."""
        seconds = until - self._emptied_at
        for earlier, took in reversed(self._cycles):
            if count >= _MIN_REQUESTS:
                break
            count, seconds = count + earlier, seconds + took
        return count / max(seconds, _MIN_SECONDS)

    def _certain_rate(self, let_through: list[float], count: int, until: float) -> float:
        """Find the highest rate that is certain: a bucket lets at most its burst and rate x time through."""
        certain = max(1, count) / max(until - self._emptied_at, _MIN_SECONDS)
        for i, at in enumerate(let_through):
            if until - at < _WINDOW:
                break
            certain = max(certain, (len(let_through) - i - self._burst) / (until - at))
        return certain


class TokenBucket:
    """Tokens that come in at a rate, up to a capacity; empty at first. The rate grows while it is what limits."""

    def __init__(self, rate: float, capacity: float, now: float, growth: float) -> None:
        """Begin empty; `rate` is in tokens per second, `growth` its factor per second."""
        self.rate = rate
        self._capacity = capacity
        self._tokens = 0.0
        self._at = now
        self._growth = growth

    def ready(self, now: float) -> float:
        """Give the time at which there is a whole token, `now` or later."""
        missing = 1.0 - self._level(now)
        # Rounding may leave a hair missing at the very time that was computed.
        return now if missing <= 1e-9 else now + missing / self.rate  # noqa: PLR2004 - the hair

    def take(self, now: float) -> None:
        """Take a token."""
        level = self._level(now)
        if level < 2.0:  # noqa: PLR2004 - the rate binds, so it is what is being tried
            self.rate *= self._growth ** (now - self._at)
        self._tokens = level - 1.0
        self._at = now

    def _level(self, now: float) -> float:
        return min(self._capacity, self._tokens + (now - self._at) * self.rate)
