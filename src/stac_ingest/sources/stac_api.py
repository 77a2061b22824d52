"""A STAC API as a source: one cursor, numbered pages at once, or chunks of time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stac_ingest.api.agenda import Agenda
from stac_ingest.api.chunks import Chunk, Hint, Plan, Verdict
from stac_ingest.api.client import Client
from stac_ingest.api.clock import Clock
from stac_ingest.api.cursor import Cursor
from stac_ingest.api.exchange import FORBIDDEN, Exchange
from stac_ingest.api.intervals import DAY, parse_instant
from stac_ingest.api.links import Request, next_request
from stac_ingest.api.numbered import recognise
from stac_ingest.api.pages import Counts, Page, datetimes, page_counts, parse_page
from stac_ingest.api.search import Landing, Opened, search_datetime
from stac_ingest.api.spotcheck import SpotCheck
from stac_ingest.api.urls import display, split_credentials
from stac_ingest.errors import BudgetExhausted, DataProcessingError, ItemError, ResponseError
from stac_ingest.sources.base import Batch, Item, Payload, Reject

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary

UNAUTHORIZED = 401
_GUESSED_SPAN = 10 * 365 * DAY
"""Where a collection has no start in time, cutting starts with this much of it."""


@dataclass(slots=True, eq=False)
class Walk:
    """A cursor to follow from its first request."""

    request: Request
    first: tuple[Request, Page] | None = None
    """The first page, where it has been fetched already."""
    alone: bool = True
    """Whether it is all there is to read: then its failure is the run's."""
    whole: bool = True
    """Whether `next` is followed; numbered pages are units of their own, so only the last one looks further."""


Unit = Walk | Chunk


class StacApiSource:
    """Items of one collection of a STAC API. De-duplicating is the module's business; see `api.chunks`."""

    def __init__(
        self, config: IngestConfig, collection_id: str, summary: IngestSummary, *, clock: Clock | None = None
    ) -> None:
        self._config = config
        self._summary = summary
        self._clock = clock or Clock()
        self._collection_id = collection_id
        self._root, authorization = split_credentials(config.source)
        self._datetime, self._interval = search_datetime(config.datetime)
        self._page = min(config.limit, config.max_items or config.limit)
        self._client = Client(config, summary, self._root, authorization)
        self._exchange = Exchange(config, summary, self._client, self._clock)
        self._check = SpotCheck(collection_id, config.bbox, self._interval, summary)
        self._api: Opened | None = None
        self._agenda: Agenda[Unit] = Agenda([])
        self._plan: Plan | None = None
        self._decoded = 0
        self._whole = False

    async def open(self) -> None:
        """Start the session, read the landing page and the collection.

        Raises:
            DataProcessingError: there is no such API, or no such collection (`Collection '<id>' not found`).

        """
        await self._client.open()
        landing = Landing(self._root, self._collection_id, self._config, self._exchange, self._summary)
        at_once = self._config.concurrency > 1
        self._api = await landing.open(self._datetime, at_once=at_once, early_count=at_once and self._by_time)

    async def close(self) -> None:
        """End the session. When the run came to its end, compare what came with what the server said there is."""
        await self._client.close()
        matched, came = self._summary.matched, self._decoded - self._summary.duplicates
        if self._whole and self._config.max_items is None and matched is not None and matched != came:
            self._summary.note(f"the server counts {matched} items (numberMatched) and {came} came")

    async def units(self) -> AsyncIterator[Unit]:
        """List cursors, numbered pages or chunks of time; heavy chunks add to the list while they are read.

        Raises:
            DataProcessingError: the first page can't be had.

        """
        first = await self._chunks() if self._by_time else None
        self._agenda = Agenda(await self._walks() if first is None else first)
        async for unit in self._agenda.units():
            self._summary.chunks += isinstance(unit, Chunk)
            yield unit
        self._whole = True

    async def read(self, unit: Unit) -> AsyncIterator[Batch]:
        """Read one unit, one page a batch.

        Raises:
            DataProcessingError: nothing more can be read: the only cursor broke, the server forbids access, the budget
                is spent. Any other trouble is a payload with an error, and costs this unit alone.

        """
        pages = self._chunk_pages(unit) if isinstance(unit, Chunk) else self._walk_pages(unit)
        try:
            async for page in pages:
                yield [Payload(page.body, page.url)]
        except DataProcessingError as error:
            if self._is_fatal(unit, error):
                raise
            yield [Payload(None, self._name(unit), error)]
        finally:
            await pages.aclose()
            self._agenda.done()

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Parse pages; what isn't an item with an id is rejected by itself."""
        for payload in batch:
            if payload.error is not None:
                reject(payload.origin, payload.error)
                continue
            try:
                features = parse_page(payload.data, payload.origin)["features"]
            except ResponseError as error:
                reject(payload.origin, error)
                continue
            for index, item in enumerate(features):
                self._decoded += 1
                if isinstance(item, dict) and isinstance(item.get("id"), str) and item["id"]:
                    self._check.look(item)
                    yield item
                else:
                    where = f"{display(payload.origin)}#{index}"
                    reject(where, ItemError(f"{where}: not an item: it has no id that is a text"))

    @property
    def _by_time(self) -> bool:
        return self._config.worker_strategy == "time_chunks"

    @property
    def _opened(self) -> Opened:
        if self._api is None:
            raise RuntimeError("the source is not open")
        return self._api

    def _is_fatal(self, unit: Unit, error: DataProcessingError) -> bool:
        if isinstance(error, BudgetExhausted):
            return True
        if isinstance(error, ResponseError) and error.status in (UNAUTHORIZED, FORBIDDEN):
            return True
        return isinstance(unit, Walk) and unit.alone

    def _name(self, unit: Unit) -> str:
        if isinstance(unit, Chunk):
            return f"{self._collection_id} {unit.interval}"
        return display(unit.request.url)

    def _cursor(self, request: Request, *, enough: int | None = None, fixed_size: bool = False) -> Cursor:
        ahead = self._config.read_ahead is not False
        enough = enough or self._config.max_items
        return Cursor(self._exchange, self._summary, request, read_ahead=ahead, enough=enough, fixed_size=fixed_size)

    async def _walks(self) -> list[Unit]:
        """One cursor; or, where the first page shows that pages are numbered, one unit for each page."""
        request = self._opened.search.request(self._datetime, self._page)
        if self._config.concurrency == 1:
            return [Walk(request)]
        asked, page = await self._cursor(request).fetch(request)
        counts = page_counts(page)
        self._summary.matched = counts.matched
        following = next_request(page.links, asked)
        whole = Walk(request, (asked, page))
        if following is None:
            return [whole]
        numbering = recognise(asked, following, counts.returned or 0) if counts.returned else None
        if numbering is None or counts.matched is None or counts.returned is None:
            why = "the pages hang on one cursor" if numbering is None else "the server does not count its items"
            self._summary.note(
                f"{why}, so they are read one after another; worker_strategy 'time_chunks' may do better"
            )
            return [whole]
        wanted = min(counts.matched, self._config.max_items or counts.matched)
        pages = [Walk(r, alone=False, whole=False) for r in numbering.requests(following, counts.returned, wanted)]
        if not pages:
            return [whole]
        pages[-1].whole = True
        return [Walk(request, (asked, page), alone=False, whole=False), *pages]

    async def _walk_pages(self, walk: Walk) -> AsyncGenerator[Page, None]:
        # The last of the numbered pages looks further, but isn't to hurry when enough pages have been asked for.
        enough = None if walk.alone or self._config.max_items is None else 1
        cursor = self._cursor(walk.request, enough=enough, fixed_size=not walk.alone)
        if not walk.whole:
            _, page = walk.first or await cursor.fetch(walk.request)
            yield page
            return
        first = walk.first or await cursor.fetch(walk.request)
        walk.first = None
        if self._summary.matched is None and walk.alone:
            self._summary.matched = page_counts(first[1]).matched
        async for page in cursor.pages(first):
            yield page

    async def _chunks(self) -> list[Unit] | None:
        """Plan chunks of time; None when the server's counts don't allow it."""
        total = self._opened.matched
        if total is None:
            probe = self._opened.search.request(self._datetime, 1)
            total = page_counts((await self._cursor(probe).fetch(probe))[1]).matched
        if total is None:
            self._summary.note("the server gives no numberMatched to plan chunks of time with; one cursor instead")
            return None
        self._summary.matched = total
        workers = self._config.concurrency
        wanted = min(total, self._config.max_items or total)
        plan = Plan(self._interval, self._known(), total=wanted, page=self._page, workers=workers)
        self._plan = plan
        return list(plan.first)

    def _known(self) -> tuple[int, int]:
        """Where in time the items are expected: the collection's extent within the interval asked for."""
        extent, asked = self._opened.extent, self._interval
        end = min((e for e in (extent.end, asked.end) if e is not None), default=int(self._clock.wall() * 1e6))
        start = max((s for s in (extent.start, asked.start) if s is not None), default=end - _GUESSED_SPAN)
        return (start, end) if start < end else (end, start)

    async def _chunk_pages(self, chunk: Chunk) -> AsyncGenerator[Page, None]:
        plan = self._plan
        if plan is None or chunk.abandoned:
            return
        datetime = self._datetime if chunk.interval == self._interval else str(chunk.interval)
        request = self._opened.search.request(datetime, self._page)
        cursor = self._cursor(request)
        first = await cursor.fetch(request)
        counts = page_counts(first[1])
        if self._judge(plan, chunk, first[1], counts) is Verdict.DROP:
            return
        if counts.matched is not None and counts.returned is not None:
            cursor.expect(request, counts.matched - counts.returned)
        async for page in cursor.pages(first):
            yield page

    def _judge(self, plan: Plan, chunk: Chunk, page: Page, counts: Counts) -> Verdict:
        count = counts.matched
        more = any(isinstance(link, dict) and link.get("rel") == "next" for link in page.links)
        if count is None and more and chunk.family is not None:
            self._agenda.add(plan.give_up("the server does not count every search"))
            return Verdict.DROP
        heavy = count is not None and count > chunk.bound
        verdict, parts = plan.judge(chunk, count or counts.returned or 0, _hint(page) if heavy else None)
        self._agenda.add(parts)
        for note in plan.notes:
            self._summary.note(note)
        return verdict


def _hint(page: Page) -> Hint | None:
    """Look at the second half of a page only: the first may still lead up to where the items crowd."""
    written = datetimes(page)
    half = written[len(written) // 2 :]
    if not half:
        return None
    first, last = parse_instant(half[0]), parse_instant(half[-1])
    return None if first is None or last is None else Hint(first, last, len(half))
