"""Pages on their way from the server to the consumer of their items."""

from __future__ import annotations

import asyncio


class PendingPages:
    """Counts pages that were delivered and consumed, so that a source can wait for those in between."""

    def __init__(self, wanted: int | None) -> None:
        """Expect the number of items that are wanted; None is all of them."""
        self._wanted = wanted
        self._delivered_items = 0
        self._delivered = 0
        self._consumed = 0
        self._changed = asyncio.Event()

    def delivered(self, items: int) -> None:
        """Note that a page, or an error in its place, is on its way with so many items."""
        self._delivered += 1
        self._delivered_items += items

    def consumed(self) -> None:
        """Note that the consumer is done with a page."""
        self._consumed += 1
        self._changed.set()

    async def wait_until_needed(self) -> None:
        """Wait, once enough items are on their way, until it is known whether more are needed."""
        if self._wanted is not None and self._delivered_items >= self._wanted:
            await self.wait_until_consumed()

    async def wait_until_consumed(self) -> None:
        """Wait until every page was consumed."""
        while self._consumed < self._delivered:
            self._changed.clear()
            await self._changed.wait()
