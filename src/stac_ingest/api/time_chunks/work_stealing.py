"""Work stealing among chunks of time: an idle worker takes over the unread end of another worker's chunk.

How many items lie where is only known as they come, so chunks that were cut evenly end at different times. Where pages
come in the order of time, a chunk can be shortened while it is read: its reader stops at the page that reaches the part
that was split off. That order is only seen, never promised; so a reader that stopped early keeps its next request, and
resumes after all if the items don't add up in the end.

Work stealing: Blumofe and Leiserson, "Scheduling Multithreaded Computations by Work Stealing", JACM 46(5), 1999.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stac_ingest.api.intervals import MILLISECOND, Interval, cut_near
from stac_ingest.api.time_chunks.page_order import Marks, Order, instants_of, lasting, marks
from stac_ingest.api.time_chunks.splitting import Chunk, Repeats

if TYPE_CHECKING:
    from stac_ingest.api.pages import Page
    from stac_ingest.http.request import Request

_MIN_PAGES = 0.25
"""Pages that must remain for a split: a request is spent on them."""
_ALLOWANCE = 1.4
"""How much further than its last page says a crowd of items is taken to reach."""
CAPPED = 10_000
"""Servers on Elasticsearch count no further by default: this count may stand for any larger one."""


@dataclass(slots=True, eq=False)
class ActiveChunk:
    """A chunk that is being read. Instants and lengths of time are in microseconds."""

    chunk: Chunk
    count: int
    """Items of the chunk, as the server counts them."""
    edge: int | None
    """Where it ends in the order of the pages; it moves nearer with each split. None is an open end."""
    remaining: float
    """Items that are expected between `position` and `edge`."""
    position: int = 0
    """The instant of the last item received."""
    pace: float = 0.0
    """Time between two items, seen on the last page."""
    lasts: float = 0.0
    """How long an item of its first page lasts, on average."""
    own_items: int = 0
    """Items received before `edge`."""
    splits: list[Split] = field(default_factory=list)
    rest: Request | None = None
    """The next request, where its reader stopped early."""

    @property
    def adds_up(self) -> bool:
        """Whether all its items were received, by its reader or by those of its splits."""
        return self.own_items + sum(split.count or 0 for split in self.splits) >= self.count


@dataclass(slots=True, eq=False)
class Split:
    """The far end of a chunk that is being read, as another worker reads it."""

    donor: ActiveChunk
    expected: float
    """Items that were expected in it when it was split off."""
    count: int | None = None
    """Items in it, once the server has said so."""


class WorkStealingPool:
    """The chunks that are being read, and the parts that can be split off them.

    `known` is where in time items are expected, `page` the items of a full page, `max_splits` bounds the splits, since
    each may cost a request more, and `repeats` the items that they may bring again.
    """

    def __init__(self, known: tuple[int, int], *, page: int, max_splits: int, repeats: Repeats) -> None:
        self._known = known
        self._page = page
        self._splits_left = max_splits
        self._repeats = repeats
        self._active: list[ActiveChunk] = []
        self._stopped: list[ActiveChunk] = []
        self._splits: dict[Chunk, Split] = {}
        self.order = Order()

    def start(self, chunk: Chunk, count: int | None, page: Page) -> ActiveChunk | None:
        """Register a chunk with its first page; None where nothing can be split off it."""
        split = self._splits.pop(chunk, None)
        if split is not None and count is not None:
            split.count = count
            split.donor.remaining += split.expected - count
        if count is None or chunk.whole or not self.readable(page, count):
            return None
        edge = chunk.interval.end if self.order.sign > 0 else chunk.interval.start
        active = ActiveChunk(chunk, count, edge, remaining=count, lasts=lasting(page).duration)
        self._active.append(active)
        return active

    def readable(self, page: Page, count: int) -> bool:
        """Whether the instants of a page tell where the items behind it lie."""
        seen = marks(page)
        if seen is None or count == CAPPED:
            return False
        self.order.observe(page, seen)
        return self.order.known

    def advance(self, active: ActiveChunk, page: Page, items: int, following: Request) -> bool:
        """Take note of a page; return whether the reader is to stop before `following`."""
        if active.chunk.abandoned:
            return True
        seen = marks(page)
        if seen is None:
            active.remaining = 0.0  # nothing is known of what lies behind
            return False
        self.order.observe(page, seen)
        active.position = seen.last
        active.pace = abs(seen.last - seen.median) / max(1.0, items / 2)
        active.remaining = max(0.0, active.remaining - items)
        if not self._reaches(active, seen):
            active.own_items += items
            return False
        active.own_items += self._before_edge(active, page)
        # Kept, because the order may prove wrong: then reading resumes here.
        active.rest = following
        self._stopped.append(active)
        return True

    def end(self, active: ActiveChunk) -> None:
        """Remove a chunk whose reader has ended or failed."""
        self._active.remove(active)

    def steal(self, idle: int) -> Chunk | None:
        """Split off a part of a chunk for one of so many idle workers; None where no split is worth its request."""
        if not self._splits_left or not self.order.known:
            return None
        spare = {active: self._spare(active) for active in self._active}
        total = sum(spare.values())
        for donor in sorted(spare, key=spare.__getitem__, reverse=True):
            if spare[donor] < _MIN_PAGES * self._page:
                return None
            # All idle workers will split in turn, so each leaves to the others their shares.
            helpers = max(1, round(idle * spare[donor] / total))
            taken = min(spare[donor], max(donor.remaining / (helpers + 1), self._page))
            cut = self._cut(donor, 1 - taken / donor.remaining)
            if cut is not None and self._repeats.take(donor.lasts / max(1.0, donor.pace), most=taken / 2):
                return self._split(donor, cut, taken)
        return None

    def cancel_split(self, chunk: Chunk) -> bool:
        """Undo a split whose chunk was not received yet; return whether its donor reads that part after all.

        Args:
            chunk: what `steal` returned.

        Returns:
            False where the donor has ended or stopped at the split, or was split again since; then the chunk is to be
            read.

        """
        split = self._splits.get(chunk)
        # Only the latest, because an earlier one lies behind it and wouldn't join the donor's part.
        if split is None or split is not split.donor.splits[-1]:
            return False
        donor = split.donor
        if donor not in self._active or donor.rest is not None:
            return False
        del self._splits[chunk]
        donor.splits.pop()
        donor.edge = chunk.interval.end if self.order.sign > 0 else chunk.interval.start
        donor.remaining += split.expected
        return True

    def rest(self, *, short: bool) -> list[Request]:
        """List the requests to resume with, once all readers have ended: of chunks that stopped early and don't add up.

        `short` says that fewer items were received in all than the server counts; then no chunk's sum is trusted.
        """
        stopped, self._stopped = self._stopped, []
        return [active.rest for active in stopped if active.rest is not None and (short or not active.adds_up)]

    @property
    def stopped_early(self) -> bool:
        """Whether any reader stopped early."""
        return bool(self._stopped)

    def _spare(self, active: ActiveChunk) -> float:
        """Count the items expected behind the page that is being fetched."""
        return max(0.0, active.remaining - self._page) if active.own_items else 0.0

    def _reaches(self, active: ActiveChunk, seen: Marks) -> bool:
        if not active.splits or active.edge is None or not self.order.known:
            return False
        return self.order.ahead(active.edge, seen.last) >= 0

    def _before_edge(self, active: ActiveChunk, page: Page) -> int:
        edge = active.edge
        return sum(i is not None and edge is not None and self.order.ahead(i, edge) > 0 for i in instants_of(page))

    def _cut(self, donor: ActiveChunk, kept: float) -> int | None:
        """Choose the instant where the split begins, so that about this share of the items is kept."""
        span = self.order.ahead(donor.position, self._far(donor))
        if span < 2 * MILLISECOND:
            return None
        # Items that lie as densely as on the last page end long before the edge, so a cut halfway would take none.
        crowd = int(donor.pace * donor.remaining * _ALLOWANCE)
        if crowd < span // 2:
            span = crowd
        away = max(2 * MILLISECOND, int(span * kept))
        cut = cut_near(donor.position + self.order.sign * away, span)
        beyond = donor.edge is not None and self.order.ahead(cut, donor.edge) <= 0
        return None if beyond or self.order.ahead(donor.position, cut) <= 0 else cut

    def _far(self, donor: ActiveChunk) -> int:
        """Where the items of a chunk are expected to end; beyond the known range, as far again as that is long."""
        if donor.edge is not None:
            return donor.edge
        low, high = self._known
        end = high if self.order.sign > 0 else low
        return end if self.order.ahead(donor.position, end) > 0 else donor.position + self.order.sign * (high - low)

    def _split(self, donor: ActiveChunk, cut: int, taken: float) -> Chunk:
        ends = (cut, donor.edge) if self.order.sign > 0 else (donor.edge, cut)
        chunk = Chunk(Interval(*ends), float("inf"), donor.chunk.group, is_split=True)
        split = Split(donor, taken)
        self._splits[chunk] = split
        donor.splits.append(split)
        donor.edge = cut
        donor.remaining -= taken
        self._splits_left -= 1
        return chunk
