"""Time and chance in one place, so that a test can replace both and wait for nothing."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the waiting code reads the time, and takes a random share of a delay."""

    now: Callable[[], float] = time.monotonic
    """Seconds on a clock that never goes back."""
    wall: Callable[[], float] = time.time
    """Unix time, seconds; only to read HTTP dates."""
    cpu_time: Callable[[], float] = time.process_time
    """CPU time of this process, seconds."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random  # noqa: S311 - it spreads retries over time
    """Uniform in [0, 1)."""
