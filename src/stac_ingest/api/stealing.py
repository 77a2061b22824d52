"""Work stealing among chunks of time: a worker without work takes over the far end of what another has before it.

How many items lie where is only known as they come, so chunks that were cut evenly end at different times. Where pages
come in the order of time, a walk can be shortened while it goes on: it stops at the page that reaches the part that
another has taken. That order is only seen, never promised; so a walk that stopped early keeps its next request, and
goes on after all if the items don't add up in the end.

Work stealing: Blumofe and Leiserson, "Scheduling Multithreaded Computations by Work Stealing", JACM 46(5), 1999.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stac_ingest.api.chunks import Chunk
from stac_ingest.api.intervals import MILLISECOND, Interval, cut_near
from stac_ingest.api.order import Marks, Order, instants_of, marks

if TYPE_CHECKING:
    from stac_ingest.api.links import Request
    from stac_ingest.api.pages import Page

_LEAST = 0.25
"""Pages that must be left to steal: a request is spent on them."""
_ALLOWANCE = 1.4
"""How much further than its last page says a crowd of items is taken to reach."""
CAPPED = 10_000
"""Servers on Elasticsearch count no further by default: this count may stand for any larger one."""


@dataclass(slots=True, eq=False)
class Walker:
    """A chunk that is being walked. Instants and lengths of time are in microseconds."""

    chunk: Chunk
    count: int
    """Items of the chunk, as the server counts them."""
    edge: int | None
    """Where it ends in the order of the pages; it moves nearer with each theft. None is an open end."""
    left: float
    """Items that are expected between `position` and `edge`."""
    position: int = 0
    """The instant of the last item received."""
    pace: float = 0.0
    """Time between two items, seen on the last page."""
    near: int = 0
    """Items received that are nobody else's."""
    thefts: list[Theft] = field(default_factory=list)
    rest: Request | None = None
    """What it would have asked for next when it stopped early."""

    @property
    def adds_up(self) -> bool:
        """Whether all its items came to it or to those who stole from it."""
        return self.near + sum(theft.count or 0 for theft in self.thefts) >= self.count


@dataclass(slots=True, eq=False)
class Theft:
    """The far end of a walk, in other hands."""

    victim: Walker
    expected: float
    count: int | None = None
    """Items in it, once the server has said so."""


class Walkers:
    """Those who walk chunks now, and what can be taken from them.

    `known` is where in time items are expected, `page` the items of a full page, `thefts` the most there may be: each
    may cost a request more.
    """

    def __init__(self, known: tuple[int, int], *, page: int, thefts: int) -> None:
        self._known = known
        self._page = page
        self._thefts_left = thefts
        self._walking: list[Walker] = []
        self._stopped: list[Walker] = []
        self._stolen: dict[Chunk, Theft] = {}
        self.order = Order()

    def start(self, chunk: Chunk, count: int | None, page: Page) -> Walker | None:
        """Begin a walk with its first page; None where nothing can be stolen of it."""
        theft = self._stolen.pop(chunk, None)
        if theft is not None and count is not None:
            theft.count = count
            theft.victim.left += theft.expected - count
        if count is None or chunk.whole or not self.readable(page, count):
            return None
        edge = chunk.interval.end if self.order.sign > 0 else chunk.interval.start
        walker = Walker(chunk, count, edge, left=count)
        self._walking.append(walker)
        return walker

    def readable(self, page: Page, count: int) -> bool:
        """Say whether what lies behind a page can be found from its instants."""
        seen = marks(page)
        if seen is None or count == CAPPED:
            return False
        self.order.look(page, seen)
        return self.order.known

    def advance(self, walker: Walker, page: Page, items: int, following: Request) -> bool:
        """Take note of a page; say whether the walk is to stop before `following`."""
        if walker.chunk.abandoned:
            return True
        seen = marks(page)
        if seen is None:
            walker.left = 0.0  # nothing is known of what lies behind
            return False
        self.order.look(page, seen)
        walker.position = seen.last
        walker.pace = abs(seen.last - seen.middle) / max(1.0, items / 2)
        walker.left = max(0.0, walker.left - items)
        if not self._reaches(walker, seen):
            walker.near += items
            return False
        walker.near += self._before_edge(walker, page)
        walker.rest = following
        self._stopped.append(walker)
        return True

    def end(self, walker: Walker) -> None:
        """Forget a walk that has ended or failed."""
        self._walking.remove(walker)

    def steal(self, idle: int) -> Chunk | None:
        """Take over a part of a walk for one of so many idle workers; None where nothing is worth it."""
        if not self._thefts_left or not self.order.known:
            return None
        spare = {walker: self._spare(walker) for walker in self._walking}
        total = sum(spare.values())
        for victim in sorted(spare, key=spare.__getitem__, reverse=True):
            if spare[victim] < _LEAST * self._page:
                return None
            helpers = max(1, round(idle * spare[victim] / total))
            taken = min(spare[victim], max(victim.left / (helpers + 1), self._page))
            cut = self._cut(victim, 1 - taken / victim.left)
            if cut is not None:
                return self._take(victim, cut, taken)
        return None

    def give_back(self, chunk: Chunk) -> bool:
        """Let the other worker keep what was taken of its walk, unless its way is past that; say whether it does."""
        theft = self._stolen.get(chunk)
        if theft is None or theft is not theft.victim.thefts[-1]:
            return False
        victim = theft.victim
        if victim not in self._walking or victim.rest is not None:
            return False
        del self._stolen[chunk]
        victim.thefts.pop()
        victim.edge = chunk.interval.end if self.order.sign > 0 else chunk.interval.start
        victim.left += theft.expected
        return True

    def rest(self, *, short: bool) -> list[Request]:
        """List where to go on, once all walks have ended, with those that stopped early and don't add up.

        `short` says that fewer items came in all than the server counts; then nobody's sum is trusted.
        """
        stopped, self._stopped = self._stopped, []
        return [walker.rest for walker in stopped if walker.rest is not None and (short or not walker.adds_up)]

    @property
    def stopped_early(self) -> bool:
        """Whether any walk did."""
        return bool(self._stopped)

    def _spare(self, walker: Walker) -> float:
        """Count what is left behind the page that is being fetched."""
        return max(0.0, walker.left - self._page) if walker.near else 0.0

    def _reaches(self, walker: Walker, seen: Marks) -> bool:
        if not walker.thefts or walker.edge is None or not self.order.known:
            return False
        return self.order.ahead(walker.edge, seen.last) >= 0

    def _before_edge(self, walker: Walker, page: Page) -> int:
        edge = walker.edge
        return sum(i is not None and edge is not None and self.order.ahead(i, edge) > 0 for i in instants_of(page))

    def _cut(self, victim: Walker, kept: float) -> int | None:
        """Choose the instant where the thief's part begins, so that about this share of the items is kept."""
        span = self.order.ahead(victim.position, self._far(victim))
        if span < 2 * MILLISECOND:
            return None
        crowd = int(victim.pace * victim.left * _ALLOWANCE)
        if crowd < span // 2:
            span = crowd
        away = max(2 * MILLISECOND, int(span * kept))
        cut = cut_near(victim.position + self.order.sign * away, span)
        beyond = victim.edge is not None and self.order.ahead(cut, victim.edge) <= 0
        return None if beyond or self.order.ahead(victim.position, cut) <= 0 else cut

    def _far(self, victim: Walker) -> int:
        """Where the items of a walk are expected to end; beyond the known range, as far again as that is long."""
        if victim.edge is not None:
            return victim.edge
        low, high = self._known
        end = high if self.order.sign > 0 else low
        return end if self.order.ahead(victim.position, end) > 0 else victim.position + self.order.sign * (high - low)

    def _take(self, victim: Walker, cut: int, taken: float) -> Chunk:
        ends = (cut, victim.edge) if self.order.sign > 0 else (victim.edge, cut)
        chunk = Chunk(Interval(*ends), float("inf"), victim.chunk.family, stolen=True)
        theft = Theft(victim, taken)
        self._stolen[chunk] = theft
        victim.thefts.append(theft)
        victim.edge = cut
        victim.left -= taken
        self._thefts_left -= 1
        return chunk
