"""Finding loops by their items: where a server names its pages anew each time, no link shows that they repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stac_ingest.core.text import counted
from stac_ingest.errors import PaginationLoop
from stac_ingest.http.urls import display

if TYPE_CHECKING:
    from stac_ingest.summary import IngestSummary

GRACE = 20
"""Pages in a row that may bring nothing new, whatever the counts say: real servers show a page twice now and then."""


class LoopDetector:
    """Counts the duplicates in a row that one cursor delivered, with no new item between them.

    A sound cursor brings each item once, so it can't repeat more of them than the run has delivered; nor, where the
    server counts its search, more than twice as many as it is said to hold.
    """

    def __init__(self, summary: IngestSummary) -> None:
        self._summary = summary
        self._pages = self._items = 0
        self.matched: int | None = None
        """Items of the cursor's search, as the server counts them."""

    def record(self, new: int, duplicate: int) -> None:
        """Count the items of a decoded page: those that are new, and those that had come before."""
        if new:
            self._pages = self._items = 0
        elif duplicate:
            self._pages += 1
            self._items += duplicate

    def check(self, url: str) -> None:
        """Check before another page is requested; `url` is that of the last one.

        Raises:
            PaginationLoop: the cursor loops.

        """
        delivered, matched = self._summary.items, self.matched
        limit = delivered if matched is None else min(delivered, 2 * matched)
        if self._pages > GRACE and self._items > limit:
            raise PaginationLoop(
                f"the next links of {display(url)} form a loop: its last {self._pages} pages brought "
                f"{counted(self._items, 'item')}, all of which had come before"
            )
