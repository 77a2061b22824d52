"""A list of work that reading can add to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Agenda(Generic[T]):
    """Hands out units until none is left and none under way could add one. The units are listed as they are taken."""

    def __init__(self, units: Iterable[T]) -> None:
        self._listed = iter(units)
        self._added: deque[T] = deque()
        self._under_way = 0
        self._changed = asyncio.Event()

    def add(self, units: Sequence[T]) -> None:
        """Put more work in front: what a unit under way was cut into is the largest there is."""
        self._added.extendleft(reversed(units))
        self._changed.set()

    def done(self) -> None:
        """Say that a unit handed out has been dealt with."""
        self._under_way -= 1
        self._changed.set()

    async def units(self) -> AsyncIterator[T]:
        """Yield the units as they are asked for."""
        while True:
            for unit in self._waiting():
                self._under_way += 1
                yield unit
            if not self._under_way:
                return
            self._changed.clear()
            await self._changed.wait()

    def _waiting(self) -> Iterator[T]:
        while True:
            if self._added:
                yield self._added.popleft()
                continue
            try:
                yield next(self._listed)
            except StopIteration:
                return
