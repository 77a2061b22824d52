"""A list of work that reading can add to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Agenda(Generic[T]):
    """Hands out units until none is left and none under way could add one. The units are listed as they are taken.

    When none is left while fewer than `places()` are under way, `find` may find one more; it is told how many of the
    places are free.
    """

    def __init__(
        self,
        units: Iterable[T],
        *,
        places: Callable[[], int] = lambda: 0,
        find: Callable[[int], T | None] | None = None,
    ) -> None:
        self._listed = iter(units)
        self._places = places
        self._find = find
        self._added: deque[T] = deque()
        self._under_way = 0
        self._changed = asyncio.Event()

    def add(self, units: Sequence[T]) -> None:
        """Put more work in front: what a unit under way was cut into is the largest there is."""
        self._added.extendleft(reversed(units))
        self._changed.set()

    def look_again(self) -> None:
        """Say that there may be more to find than before."""
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
            unit = next(self._listed, None) or self._found()
            if unit is None:
                return
            yield unit

    def _found(self) -> T | None:
        free = self._places() - self._under_way
        # With nothing under way there is nobody to take from, and the end must not be put off.
        return self._find(free) if self._find is not None and self._under_way and free > 0 else None
