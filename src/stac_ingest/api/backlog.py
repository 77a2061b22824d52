"""Pages on their way from the server to whoever takes their items."""

from __future__ import annotations

import asyncio


class Backlog:
    """Counts what was handed over and what was taken, so that a source can wait for the rest."""

    def __init__(self, wanted: int | None) -> None:
        """Take the number of items that are wanted; None is all of them."""
        self._wanted = wanted
        self._handed_items = 0
        self._handed = 0
        self._taken = 0
        self._changed = asyncio.Event()

    def hand(self, items: int) -> None:
        """Note that a page, or the news that there is none, is on its way with so many items."""
        self._handed += 1
        self._handed_items += items

    def take(self) -> None:
        """Note that one was taken."""
        self._taken += 1
        self._changed.set()

    async def until_hungry(self) -> None:
        """Once as many items are on their way as are wanted, wait for whether they do."""
        if self._wanted is not None and self._handed_items >= self._wanted:
            await self.until_empty()

    async def until_empty(self) -> None:
        """Wait until all was taken."""
        while self._taken < self._handed:
            self._changed.clear()
            await self._changed.wait()
