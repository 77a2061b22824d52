"""A page on its way to the consumer: its items as rows, of which no objects are kept, and what these show."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stac_ingest.api.item_splitter import feature_texts
from stac_ingest.api.time_chunks.resume import ChunkProgress, Times, item_times
from stac_ingest.core.rows import Rows, item_rows, line_rows

if TYPE_CHECKING:
    from stac_ingest.api.loop_detection import LoopDetector
    from stac_ingest.api.pages import Page
    from stac_ingest.core.model import Item


class ReceivedPage(NamedTuple):
    """A page on its way to the consumer, and what is to learn of its items once they are decoded."""

    page: Page
    loop_detector: LoopDetector
    """Of its cursor."""
    progress: ChunkProgress | None = None
    """Of its chunk of time, where a later run is to know how far this one came."""
    part: int = 0
    """The number of its part of the search: 0 for the whole."""


class SeenItems:
    """What is kept of the items of a page, each of which is seen once.

    Attributes:
        first: the first of them, as many as are to be kept.
        times: the first and the last instant of each, where these are wanted.

    """

    def __init__(self, keep: int, *, times: bool) -> None:
        self.first: list[Item] = []
        self.times: list[Times] = []
        self._keep = keep
        self._wants_times = times

    @property
    def wants_any(self) -> bool:
        """Whether items are to be shown at all."""
        return self._wants_times or self._keep > 0

    def look(self, item: Item) -> None:
        """Take note of an item."""
        if len(self.first) < self._keep:
            self.first.append(item)
        if self._wants_times:
            self.times.append(item_times(item))


def page_rows(body: bytes, seen: SeenItems, *, as_lines: bool) -> Rows | None:
    """Make rows of a page, where all its members are plainly items.

    Args:
        body: the page as received.
        seen: shown each item; of a page that is no such page, some.
        as_lines: whether lines of JSON are wanted.

    Returns:
        None for any other page; `features` says what is in it.

    """
    texts = feature_texts(body)
    make = line_rows if as_lines else item_rows
    return None if texts is None else make(texts, look=seen.look if seen.wants_any else None)
