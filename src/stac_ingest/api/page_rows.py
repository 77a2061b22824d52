"""A page on its way to the consumer: its items as rows, of which no objects are kept, and what these show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from stac_ingest.api.item_splitter import feature_texts
from stac_ingest.api.time_chunks.resume import ChunkProgress, Times, item_times
from stac_ingest.core.rows import AsLines, Rows, text_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from stac_ingest.api.loop_detection import LoopDetector
    from stac_ingest.api.pages import Page
    from stac_ingest.core.model import Item


Misfit = TypeVar("Misfit")
"""What of an item doesn't fit a search."""


class ReceivedPage(NamedTuple):
    """A page on its way to the consumer, and what is to learn of its items once they are decoded."""

    page: Page
    loop_detector: LoopDetector
    """Of its cursor."""
    progress: ChunkProgress | None = None
    """Of its chunk of time, where a later run is to know how far this one came."""
    part: int = 0
    """The number of its part of the search: 0 for the whole."""


class SeenItems(Generic[Misfit]):
    """What is kept of the items of a page, each of which is seen once, in order.

    Attributes:
        misfits: what doesn't fit the search, by the number of the item.
        times: the first and the last instant of each, where these are wanted.

    """

    def __init__(self, judge: Callable[[Item], Misfit | None], *, times: bool) -> None:
        self.misfits: dict[int, Misfit] = {}
        self.times: list[Times] = []
        self._judge = judge
        self._wants_times = times
        self._count = 0

    def look(self, item: Item) -> None:
        """Take note of an item."""
        misfit = self._judge(item)
        if misfit is not None:
            self.misfits[self._count] = misfit
        if self._wants_times:
            self.times.append(item_times(item))
        self._count += 1


def page_rows(body: bytes, seen: SeenItems[Any], *, as_lines: AsLines) -> Rows | None:
    """Make rows of a page, where all its members are plainly items.

    Args:
        body: the page as received.
        seen: shown each item; of a page that is no such page, some.
        as_lines: whether lines of JSON are wanted.

    Returns:
        None for any other page; `features` says what is in it.

    """
    texts = feature_texts(body)
    return None if texts is None else text_rows(texts, as_lines, look=seen.look)
