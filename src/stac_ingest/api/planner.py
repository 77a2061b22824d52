"""What to read of an API, and in which parts: one cursor, numbered pages at once, or chunks of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from stac_ingest.api.intervals import Interval, expected_span
from stac_ingest.api.links import next_request
from stac_ingest.api.page_numbers import PageNumbering
from stac_ingest.api.pages import Page, page_counts
from stac_ingest.api.search_forms import UNAUTHORIZED
from stac_ingest.api.time_chunks.controller import TimeChunks
from stac_ingest.api.time_chunks.splitting import Chunk, Plan
from stac_ingest.api.time_chunks.work_stealing import WorkStealingPool
from stac_ingest.errors import BudgetExhausted, DataProcessingError, LinkRefused, ResponseError, RetryAfterTooLong
from stac_ingest.http.request import Request
from stac_ingest.http.retries import FORBIDDEN

if TYPE_CHECKING:
    from stac_ingest.api.cursor import Cursor
    from stac_ingest.api.search import ApiInfo
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary

_MAX_PLANNED = 40
"""Workers that chunks are planned for where their number adapts while running; further ones steal work."""


@dataclass(slots=True)
class Series:
    """Numbered pages, listed as workers ask for them: how many there are is only what the server says."""

    ended: bool = False
    """Whether a page came that is behind the last one."""


@dataclass(slots=True, eq=False)
class CursorUnit:
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
    part: int = 0
    """The number of its part of the search: 0 for the whole."""
    counted: bool = False
    """Whether its count is one of those that together are the whole's."""

    @property
    def is_numbered(self) -> bool:
        """Whether it is a page that has its place by its number, and so by the size of all of them."""
        return self.series is not None or not self.onward

    def observe(self, page: Page) -> None:
        """Take note of a page that ends the series."""
        if self.series is not None and page.empty and not page.has_next:
            self.series.ended = True


Unit = CursorUnit | Chunk


@dataclass(frozen=True, slots=True)
class RequestedItems:
    """The part of the settings that says which items: `datetime` as sent and as an interval, and items a page."""

    datetime: str | None
    interval: Interval
    page: int


class Planner:
    """Decides what a run reads: one cursor, numbered pages, or chunks of time."""

    def __init__(
        self,
        config: IngestConfig,
        requested: RequestedItems,
        api: ApiInfo,
        summary: IngestSummary,
        cursor: Callable[[Request], Cursor],
        *,
        workers: int,
    ) -> None:
        """Plan for so many workers; where their number adapts while running, further ones steal work."""
        self._config = config
        self._workers = workers
        self._requested = requested
        self._api = api
        self._summary = summary
        self._cursor = cursor

    def part_units(self) -> list[Unit]:
        """List a cursor for each of the searches that are made; none where it is one, which can be cut."""
        if len(self._api.parts) == 1:
            return []
        requests = [one.request(self._requested.datetime, self._requested.page) for one in self._api.parts]
        return [
            CursorUnit(request, alone=False, part=number, counted=True) for number, request in enumerate(requests, 1)
        ]

    async def cursor_units(self) -> Iterable[Unit]:
        """List one cursor; or, where the first page shows that pages are numbered, a unit for each page.

        Raises:
            DataProcessingError: the first page can't be had.

        """
        request = self.whole_request()
        if self._config.workers == 1:
            return [CursorUnit(request)]
        answered, page = await self._cursor(request).fetch(request)
        counts = page_counts(page)
        self._summary.matched = counts.matched
        whole = CursorUnit(request, (answered, page))
        try:
            following = next_request(page.links, answered)
        except LinkRefused:
            return [whole]  # its reader delivers this page, and then says what is wrong with its link
        if following is None:
            return [whole]
        numbering = PageNumbering.detect(answered, following, counts.returned) if counts.returned else None
        if numbering is None or counts.matched is None or counts.returned is None:
            why = "pages are chained by one cursor" if numbering is None else "the server does not count its items"
            self._summary.note(f"{why}, so one is read after another; worker_strategy 'time_chunks' may do better")
            return [whole]
        further = -(-self._wanted(counts.matched) // counts.returned) - 1
        if further <= 0:
            return [whole]
        first = CursorUnit(request, (answered, page), alone=False, onward=False)
        return chain([first], _numbered(numbering, following, further))

    async def chunks(self, now: float) -> TimeChunks | None:
        """Plan chunks of time; None when the server's counts don't allow it. `now` is Unix time in seconds.

        Raises:
            DataProcessingError: not even one item can be had.

        """
        total = self._api.matched
        if total is None:
            probe = self._api.parts[0].request(self._requested.datetime, 1)
            total = page_counts((await self._cursor(probe).fetch(probe))[1]).matched
        if total is None:
            self._summary.note("the server gives no numberMatched to plan chunks of time with; one cursor instead")
            return None
        self._summary.matched = total
        page, workers = self._requested.page, self._workers
        if self._config.concurrency == "auto":
            workers = min(workers, _MAX_PLANNED)
        known = expected_span(self._api.extent, self._requested.interval, int(now * 1e6))
        wanted = self._wanted(total)
        plan = Plan(self._requested.interval, known, total=wanted, page=page, workers=workers)
        pool = WorkStealingPool(known, page=page, max_splits=4 * workers + -(-total // page), repeats=plan.repeats)
        return TimeChunks(plan, pool, self._summary, wanted)

    def whole_request(self) -> Request:
        """Build the request for the first page of everything that was requested."""
        return self._api.parts[0].request(self._requested.datetime, self._requested.page)

    def chunk_request(self, chunk: Chunk) -> Request:
        """Build the request for the first page of a chunk."""
        whole = chunk.interval == self._requested.interval
        return self._api.parts[0].request(
            self._requested.datetime if whole else str(chunk.interval), self._requested.page
        )

    def _wanted(self, total: int) -> int:
        return min(total, self._config.max_items or total)


def _numbered(numbering: PageNumbering, following: Request, count: int) -> Iterator[CursorUnit]:
    series = Series()
    for index in range(count):
        if series.ended:
            return
        last = index == count - 1
        yield CursorUnit(numbering.request(following, index), alone=False, onward=last, series=series)


def ends_everything(unit: Unit, error: DataProcessingError) -> bool:
    """Tell whether an error in one unit ends the run, since nothing more is to be had of the server or the search."""
    if isinstance(error, BudgetExhausted | RetryAfterTooLong):
        return True
    if isinstance(error, ResponseError) and error.status in (UNAUTHORIZED, FORBIDDEN):
        return True
    return isinstance(unit, CursorUnit) and unit.alone
