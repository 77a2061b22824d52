"""Whether a cursor still brings news. Where a server names its pages anew each time, no link gives a loop away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stac_ingest.api.urls import display
from stac_ingest.errors import PaginationLoop

if TYPE_CHECKING:
    from stac_ingest.summary import IngestSummary

GRACE = 20
"""Pages in a row that may bring nothing new, whatever the counts say: real servers show a page twice now and then."""


class Freshness:
    """Counts the items in a row that one cursor brought and that had all come before.

    A sound cursor brings each item once, so it can't repeat more of them than the run has delivered; nor, where the
    server counts its search, more than twice as many as it is said to hold.
    """

    def __init__(self, summary: IngestSummary) -> None:
        self._summary = summary
        self._pages = self._items = 0
        self.matched: int | None = None
        """Items of the cursor's search, as the server counts them."""

    def note(self, fresh: int, repeated: int) -> None:
        """Count a page that was decoded: its items that are new, and those that aren't."""
        if fresh:
            self._pages = self._items = 0
        elif repeated:
            self._pages += 1
            self._items += repeated

    def check(self, url: str) -> None:
        """Look before another page is asked for; `url` is that of the last one.

        Raises:
            PaginationLoop: the cursor goes round in circles.

        """
        delivered, matched = self._summary.items, self.matched
        most = delivered if matched is None else min(delivered, 2 * matched)
        if self._pages > GRACE and self._items > most:
            raise PaginationLoop(
                f"the next links of {display(url)} lead round in circles: its last {self._pages} pages brought "
                f"{self._items} items, and all of them had come before"
            )
