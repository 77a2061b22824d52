"""Cutting a search into chunks of time that are read independently.

A chunk is planned by being read. Its first page says how much it holds, and its cursor is followed; an idle worker
takes over a part of what remains, see `api.stealing`. Where that can't be, since the pages are in no order of time,
the page of a chunk that holds too much is dropped and the chunk split into smaller ones. So planning delays no worker,
and a collection that is even in time needs none.

Neighbours share their edge, since the intervals of a STAC API are closed: an item at an edge comes twice, and an item
with a start and an end comes with every chunk it touches. The reader of the chunks must drop such duplicates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

from stac_ingest.api.intervals import EARLIEST, LATEST, MILLISECOND, Interval, cut_near, format_instant
from stac_ingest.api.time_chunks.page_order import INSTANTS, Lasting
from stac_ingest.core.text import counted

_OVERLAP = 1.3
"""The parts of a whole may hold so many times its items together (edges, long items) before it is cut less finely."""
_AGAIN = 0.3
"""So many of all items may be expected to come again, because they last longer than the parts."""
_FILL = 0.95
"""Aim a bit under whole pages: a chunk of 2.2 pages costs three requests."""
_REACH = 8
"""An open end is explored over so many times what is known next to it."""
_UNEVEN = 1.6
"""A first chunk may hold so many times its share: cutting it costs a page, and ends in more pages that aren't full."""
_FEW_PAGES = 8


class Decision(Enum):
    """What to do with a chunk whose first page was received."""

    READ = auto()
    """Deliver the page and follow its cursor."""
    SPLIT = auto()
    """Drop the page: other chunks cover what it holds."""


@dataclass(slots=True, eq=False)
class ChunkGroup:
    """The chunks that one whole was cut into."""

    whole: Chunk
    total: int
    """Items of the whole, as the server counts them."""
    parts: int = 0
    """How many chunks it was cut into."""
    judged: int = 0
    """How many of them have said what they hold."""
    items_seen: int = 0
    """In these."""
    abandoned: bool = False


@dataclass(slots=True, eq=False)
class Chunk:
    """A part of the search: a closed interval of time, either end of which may be open."""

    interval: Interval
    bound: float
    """The number of items up to which it is read as it is."""
    group: ChunkGroup | None = None
    is_split: bool = False
    """Whether it was split off a chunk that is being read, which has been judged for both."""
    whole: bool = False
    """Whether it is read in one piece, whatever it holds."""

    @property
    def abandoned(self) -> bool:
        """Whether it lies in a whole that is read in one piece after all."""
        group = self.group
        while group is not None:
            if group.abandoned:
                return True
            group = group.whole.group
        return False


class Repeats:
    """How many items may still come again: those that last long come with each part that they touch."""

    def __init__(self, items: float) -> None:
        self._left = items

    def take(self, items: float, most: float = math.inf) -> bool:
        """Allow for so many items to come again; return whether they may."""
        if items > min(self._left, most):
            return False
        self._left -= items
        return True

    def cuts(self, again: float) -> int:
        """Return how many cuts may be made that bring so many items again each."""
        return int(self._left / max(1.0, again))


class Plan:
    """Decides how a search of `total` items is cut for so many workers, and learns from the counts that come in.

    `known` is where the items are expected; nothing is lost when it is wrong. `search` is the interval requested by the
    user, which the chunks cover whole. All counts are of items, `page` is the items of a full page.
    """

    def __init__(self, search: Interval, known: tuple[int, int], *, total: int, page: int, workers: int) -> None:
        self._page = page
        self._workers = workers
        pages = max(1, math.ceil(total / page))
        self._share = pages / workers
        # Cuts are paid for with dropped pages. Past this, the rest is read as it is.
        self.cuts_left = 4 * workers + pages
        self._known = known
        self.repeats = Repeats(_AGAIN * total)
        self.notes: list[str] = []
        whole = Chunk(search, math.inf)
        self._root = ChunkGroup(whole, total)
        self.first = self._first(pages, total)

    def _first(self, pages: int, total: int) -> list[Chunk]:
        pieces = min(max(self._workers, 4), math.ceil(pages / _FILL)) if pages > 1 else 1
        intervals = _between(self._root.whole.interval, _edges(*self._known, pieces)[1:-1])
        if len(intervals) == 1:
            return [self._root.whole]
        share = math.ceil(total / pieces / self._page)
        bound = self._page * max(share + 1, _UNEVEN * share)
        self._root.parts = len(intervals)
        return [Chunk(interval, bound, self._root) for interval in intervals]

    def judge(
        self, chunk: Chunk, count: int, *, shared: bool = False, tie: int | None = None, lasts: Lasting = INSTANTS
    ) -> tuple[Decision, list[Chunk]]:
        """Decide about a chunk that holds `count` items; return also the chunks to read in its stead, if any.

        `shared` says that others can take a part of it while it is read, and `tie` is the instant, in microseconds,
        that all items of its first page have in common; `lasts` says how long these last.
        """
        if chunk.abandoned:
            return Decision.SPLIT, []
        group = chunk.group
        if group is None or chunk.is_split or chunk.whole:
            return Decision.READ, []
        group.items_seen += count
        group.judged += 1
        if group is self._root and group.judged == 1 and lasts.duration:
            again = self._reaching_over(group, lasts)
            if not self.repeats.take(again * (group.parts - 1)):
                return Decision.SPLIT, self._coarser(group, again)
        if group.items_seen > _OVERLAP * group.total + 2 * self._page:
            # Each part holds its share, and the items that reach into it.
            return Decision.SPLIT, self._coarser(group, group.items_seen / group.judged - group.total / group.parts)
        parts = self._cut(chunk, count, tie, lasts) if count > chunk.bound and not shared else []
        return (Decision.SPLIT, parts) if parts else (Decision.READ, [])

    def give_up(self, reason: str) -> list[Chunk]:
        """Read the whole search in one piece after all; the chunks given out so far are void. Returns what to read."""
        if self._root.abandoned:
            return []
        self.notes.append(f"{reason}; one cursor instead of chunks of time")
        return self._abandon(self._root)

    def _coarser(self, group: ChunkGroup, again: float) -> list[Chunk]:
        """Cut a whole less finely, or not at all, since so many items come again with each cut."""
        pieces = 1 + self.repeats.cuts(again)
        intervals = _between(group.whole.interval, self._edges_within(group.whole.interval, pieces)[1:-1])
        group.abandoned = True
        why = f"the server ignores `datetime`, or items of {group.whole.interval} last long"
        how = f"{len(intervals)} parts read them" if len(intervals) > 1 else "one cursor reads them"
        self.notes.append(f"{why}: each cut would bring about {again:.0f} of {group.total} again; {how}")
        return [Chunk(interval, math.inf, group.whole.group, whole=True) for interval in intervals]

    def _reaching_over(self, group: ChunkGroup, lasts: Lasting) -> float:
        """Estimate how many items of a whole reach over each cut in it, if it is even in time."""
        low, high = self._known
        return group.total * lasts.duration / (lasts.duration + max(1, high - low))

    def _abandon(self, group: ChunkGroup) -> list[Chunk]:
        group.abandoned = True
        return [Chunk(group.whole.interval, math.inf, group.whole.group, whole=True)]

    def _cut(self, chunk: Chunk, count: int, tie: int | None, lasts: Lasting) -> list[Chunk]:
        start, end = chunk.interval
        if start is not None and end is not None and end - start <= 2 * MILLISECOND:
            self.notes.append(
                f"{counted(count, 'item')} share the instant {format_instant(start)}; one cursor reads them"
            )
            return []
        aim = self._pages_each(count) * self._page
        pieces = min(max(2, math.ceil(count / (aim * _FILL))), max(8, self._workers))
        again = min(count, max(lasts.reach, self._reaching_over(self._root, lasts) * count / self._root.total))
        pieces = min(pieces, 1 + self.repeats.cuts(again)) if again else pieces
        if pieces == 1:
            return []
        around = None if tie is None else [tie - MILLISECOND, tie + MILLISECOND]
        intervals = _between(chunk.interval, around or self._edges_within(chunk.interval, pieces))
        if len(intervals) == 1:
            return []
        if len(intervals) > self.cuts_left:
            self.notes.append("items lie too unevenly in time to cut on; the heavy chunks left are read as they are")
            return []
        self.cuts_left -= len(intervals)
        self.repeats.take(again * (len(intervals) - 1))
        group = ChunkGroup(chunk, count, parts=len(intervals))
        return [Chunk(interval, 2.0 * aim, group) for interval in intervals]

    def _pages_each(self, count: int) -> float:
        """Give the number of pages that the parts of a heavy chunk should have.

        Where most of all items crowd, the other workers are soon done, and one part a worker is best. A chunk that is
        somewhat heavier than others is best cut small, for the first idle workers. Each part ends in a page that isn't
        full, so parts grow with the root of a worker's share, and are bounded the same way.
        """
        root = math.sqrt(self._share)
        for_all = 1.1 * count / self._page / self._workers
        return max(1.0, root, min(for_all, max(_FEW_PAGES, 1.5 * root)))

    def _edges_within(self, interval: Interval, pieces: int) -> list[int]:
        """Choose cuts within an interval; beyond an open end, over a reach that grows with each cut."""
        start, end = interval
        low, high = self._known
        if start is None and end is not None:
            start = low if end > low else max(EARLIEST, end - _REACH * (high - end))
        elif end is None and start is not None:
            end = high if start < high else min(LATEST, start + _REACH * (start - low))
        elif start is None or end is None:
            start, end = low, high
        return _edges(start, end, pieces)


def _edges(start: int, end: int, pieces: int) -> list[int]:
    """Cut an interval into even pieces: its ends, and between them the cuts."""
    if end <= start:
        return [start]
    inner = {cut_near(start + (end - start) * i // pieces, (end - start) // pieces) for i in range(1, pieces)}
    return [start, *sorted(e for e in inner if start < e < end), end]


def _between(interval: Interval, edges: list[int]) -> list[Interval]:
    """Cover an interval with closed intervals that meet at the edges within it; its own ends stay as they are."""
    start, end = interval
    inner = sorted({e for e in edges if (start is None or e > start) and (end is None or e < end)})
    ends = [start, *inner, end]
    return [Interval(a, b) for a, b in pairwise(ends)]
