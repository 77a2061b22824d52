"""A list of work that reading can add to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Agenda(Generic[T]):
    """Hands out units until none is left and none under way could add one."""

    def __init__(self, units: Iterable[T]) -> None:
        self._waiting = deque(units)
        self._under_way = 0
        self._changed = asyncio.Event()

    def add(self, units: Sequence[T]) -> None:
        """Put more work in front: what a unit under way was cut into is the largest there is."""
        self._waiting.extendleft(reversed(units))
        self._changed.set()

    def done(self) -> None:
        """Say that a unit handed out has been dealt with."""
        self._under_way -= 1
        self._changed.set()

    async def units(self) -> AsyncIterator[T]:
        """Yield the units as they are asked for."""
        while self._waiting or self._under_way:
            if self._waiting:
                self._under_way += 1
                yield self._waiting.popleft()
            else:
                self._changed.clear()
                await self._changed.wait()
