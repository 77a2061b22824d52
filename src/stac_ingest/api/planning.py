"""What to read of an API, and in which parts: one cursor, numbered pages at once, or chunks of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from stac_ingest.api.chunks import Chunk, Plan, Verdict
from stac_ingest.api.intervals import DAY, Interval
from stac_ingest.api.links import Request, next_request
from stac_ingest.api.numbered import Numbering, recognise
from stac_ingest.api.order import marks
from stac_ingest.api.pages import Counts, Page, page_counts
from stac_ingest.api.stealing import Walker, Walkers
from stac_ingest.errors import LinkRefused

if TYPE_CHECKING:
    from stac_ingest.api.cursor import Cursor
    from stac_ingest.api.search import Opened
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary

_PLANNED = 20
"""Workers that chunks are planned for where their number is found while running. If there are more, they steal."""
_GUESSED_SPAN = 10 * 365 * DAY
"""Where a collection has no start in time, cutting starts with this much of it."""


@dataclass(slots=True)
class Series:
    """Numbered pages, which are listed as they are asked for: how many there are is only what the server says."""

    ended: bool = False
    """Whether a page came that is behind the last one."""


@dataclass(slots=True, eq=False)
class Walk:
    """A cursor to follow from its first request."""

    request: Request
    first: tuple[Request, Page] | None = None
    """The first page, where it has been fetched already."""
    alone: bool = True
    """Whether it is all there is to read: then its failure is the run's."""
    onward: bool = True
    """Whether `next` is followed; numbered pages are units of their own, so only the last one looks further."""
    series: Series | None = None
    """Which it is a page of."""

    def look(self, page: Page) -> None:
        """Notice the end of the series."""
        if self.series is not None and page.empty and not _goes_on(page):
            self.series.ended = True


Unit = Walk | Chunk


@dataclass(frozen=True, slots=True)
class Asked:
    """The part of the settings that says which items: as sent, as an interval, and how many a page."""

    datetime: str | None
    interval: Interval
    page: int


class Planner:
    """Lists the units of one run, and adds to them what is learned while they are read."""

    def __init__(
        self,
        config: IngestConfig,
        asked: Asked,
        api: Opened,
        summary: IngestSummary,
        cursor: Callable[[Request], Cursor],
    ) -> None:
        self._config = config
        self._asked = asked
        self._api = api
        self._summary = summary
        self._cursor = cursor
        self._plan: Plan | None = None
        self._walkers: Walkers | None = None

    async def walks(self) -> Iterable[Unit]:
        """List one cursor; or, where the first page shows that pages are numbered, a unit for each page.

        Raises:
            DataProcessingError: the first page can't be had.

        """
        request = self._api.search.request(self._asked.datetime, self._asked.page)
        if self._config.workers == 1:
            return [Walk(request)]
        answered, page = await self._cursor(request).fetch(request)
        counts = page_counts(page)
        self._summary.matched = counts.matched
        whole = Walk(request, (answered, page))
        try:
            following = next_request(page.links, answered)
        except LinkRefused:
            return [whole]  # whoever walks it delivers this page, and then says what is wrong with its link
        if following is None:
            return [whole]
        numbering = recognise(answered, following, counts.returned) if counts.returned else None
        if numbering is None or counts.matched is None or counts.returned is None:
            why = "the pages hang on one cursor" if numbering is None else "the server does not count its items"
            self._summary.note(f"{why}, so one is read after another; worker_strategy 'time_chunks' may do better")
            return [whole]
        more = -(-self.wanted(counts.matched) // counts.returned) - 1
        if more <= 0:
            return [whole]
        first = Walk(request, (answered, page), alone=False, onward=False)
        return chain([first], _numbered(numbering, following, more))

    async def chunks(self, now: float) -> list[Unit] | None:
        """Plan chunks of time; None when the server's counts don't allow it. `now` is Unix time in seconds.

        Raises:
            DataProcessingError: not even one item can be had.

        """
        total = self._api.matched
        if total is None:
            probe = self._api.search.request(self._asked.datetime, 1)
            total = page_counts((await self._cursor(probe).fetch(probe))[1]).matched
        if total is None:
            self._summary.note("the server gives no numberMatched to plan chunks of time with; one cursor instead")
            return None
        self._summary.matched = total
        page, known, workers = self._asked.page, self._expected(now), self._config.workers
        if self._config.concurrency == "auto":
            workers = min(workers, _PLANNED)
        self._plan = Plan(self._asked.interval, known, total=self.wanted(total), page=page, workers=workers)
        self._walkers = Walkers(known, page=page, thefts=4 * workers + -(-total // page))
        return list(self._plan.first)

    def chunk_request(self, chunk: Chunk) -> Request:
        """Build the request for the first page of a chunk."""
        whole = chunk.interval == self._asked.interval
        return self._api.search.request(self._asked.datetime if whole else str(chunk.interval), self._asked.page)

    def judge(self, chunk: Chunk, page: Page, counts: Counts) -> tuple[Verdict, list[Chunk]]:
        """Decide by its first page whether a chunk is walked, or which others are to be read instead."""
        plan, walkers, count = self._plan, self._walkers, counts.matched
        if plan is None or walkers is None:
            return Verdict.WALK, []
        if count is None and chunk.family is not None and _goes_on(page):
            verdict, parts = Verdict.DROP, plan.give_up("the server does not count every search")
        elif count is None or count <= chunk.bound:
            verdict, parts = plan.judge(chunk, count or counts.returned or 0)
        else:
            shared = walkers.readable(page, count, counts.returned or 0)
            verdict, parts = plan.judge(chunk, count, shared=shared, tie=_tie(page))
        for note in plan.notes:
            self._summary.note(note)
        return verdict, parts

    def walker(self, chunk: Chunk, page: Page, counts: Counts) -> Walker | None:
        """Begin to walk a chunk, in a way that others can take a part of; None where they can't."""
        if self._walkers is None:
            return None
        return self._walkers.start(chunk, counts.matched, page, counts.returned or 0)

    def advance(self, walker: Walker, page: Page, following: Request) -> bool:
        """Take note of a page of a chunk; say whether the walk is to stop before `following`."""
        items = page_counts(page).returned or 0
        return self._walkers is not None and self._walkers.advance(walker, page, items, following)

    def end(self, walker: Walker) -> None:
        """Forget a walk that has ended or failed."""
        if self._walkers is not None:
            self._walkers.end(walker)

    def steal(self, idle: int) -> Chunk | None:
        """Find work for one of so many idle workers in what others have before them."""
        return None if self._walkers is None else self._walkers.steal(idle)

    @property
    def stopped_early(self) -> bool:
        """Whether any walk ended where another had taken over."""
        return self._walkers is not None and self._walkers.stopped_early

    def rest(self, came: int) -> list[Walk]:
        """List what is to be read after all, when `came` items have come, since walks that stopped don't add up."""
        if self._walkers is None or self._summary.matched is None:
            return []
        requests = self._walkers.rest(short=came < self.wanted(self._summary.matched))
        if requests:
            self._summary.note("pages came in another order of time than they seemed to; what was left out was read")
        return [Walk(request, alone=False) for request in requests]

    def wanted(self, total: int) -> int:
        """Say how many of so many items are asked for."""
        return min(total, self._config.max_items or total)

    def _expected(self, now: float) -> tuple[int, int]:
        """Where in time the items are expected: the collection's extent within the interval asked for."""
        extent, asked = self._api.extent, self._asked.interval
        end = min((e for e in (extent.end, asked.end) if e is not None), default=int(now * 1e6))
        start = max((s for s in (extent.start, asked.start) if s is not None), default=end - _GUESSED_SPAN)
        return (start, end) if start < end else (end, start)


def _numbered(numbering: Numbering, following: Request, count: int) -> Iterator[Walk]:
    series = Series()
    for index in range(count):
        if series.ended:
            return
        last = index == count - 1
        yield Walk(numbering.request(following, index), alone=False, onward=last, series=series)


def _goes_on(page: Page) -> bool:
    return any(isinstance(link, dict) and link.get("rel") == "next" for link in page.links)


def _tie(page: Page) -> int | None:
    """Give the instant that all items of a page seem to share."""
    seen = marks(page, 0)
    return seen.first if seen is not None and seen.first == seen.middle == seen.last else None
