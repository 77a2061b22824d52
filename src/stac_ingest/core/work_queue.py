"""A queue of work that reading can add to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class WorkQueue(Generic[T]):
    """Hands out units until none remains and none under way could add one. The units are listed as they are taken.

    When none remains while fewer than `capacity()` are under way, `find` is called with the number of idle workers and
    may return one more.
    """

    def __init__(
        self,
        units: Iterable[T],
        *,
        capacity: Callable[[], int] = lambda: 0,
        find: Callable[[int], T | None] | None = None,
    ) -> None:
        self._listed = iter(units)
        self._capacity = capacity
        self._find = find
        self._added: deque[T] = deque()
        self._under_way = 0
        self._changed = asyncio.Event()

    def add(self, units: Sequence[T]) -> None:
        """Put more work in front, because the parts of a unit under way are the largest units there are."""
        self._added.extendleft(reversed(units))
        self._changed.set()

    def notify(self) -> None:
        """Wake the queue up: `find` may find more than before."""
        self._changed.set()

    def done(self) -> None:
        """Note that a unit handed out has been read."""
        self._under_way -= 1
        self._changed.set()

    async def units(self) -> AsyncIterator[T]:
        """Yield the units as workers ask for them."""
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
            unit = next(self._listed, None) or self._extra()
            if unit is None:
                return
            yield unit

    def _extra(self) -> T | None:
        idle = self._capacity() - self._under_way
        # With nothing under way there is nothing to split, and the end must not be put off.
        return self._find(idle) if self._find is not None and self._under_way and idle > 0 else None
