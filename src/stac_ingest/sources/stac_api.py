"""A STAC API as a source: pages travel as they were received, and are parsed by the consumer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from stac_ingest.api.cursor import Cursor
from stac_ingest.api.page_rows import ReceivedPage
from stac_ingest.api.pages import Page, page_counts
from stac_ingest.api.planner import CursorUnit, Planner, RequestedItems, Unit, ends_everything
from stac_ingest.api.search import ApiOpener, search_datetime
from stac_ingest.api.search_forms import REFUSED_INTERVAL, SearchClient
from stac_ingest.api.time_chunks.controller import TimeChunks
from stac_ingest.api.time_chunks.pending import PendingPages
from stac_ingest.api.time_chunks.resume import ChunkProgress, TimesRead
from stac_ingest.api.time_chunks.shortfall import Shortfall
from stac_ingest.api.time_chunks.splitting import Chunk, Decision
from stac_ingest.api.time_chunks.work_stealing import ActiveChunk
from stac_ingest.core.model import Batch, Item, Payload, Position, Reject
from stac_ingest.core.rows import AsLines, Rows
from stac_ingest.core.text import counted
from stac_ingest.core.work_queue import WorkQueue
from stac_ingest.errors import (
    ConfigurationError,
    DataProcessingError,
    ResponseError,
)
from stac_ingest.http.client import Client
from stac_ingest.http.clock import Clock
from stac_ingest.http.credentials import read_credentials
from stac_ingest.http.limiter import RequestNotNeeded
from stac_ingest.http.request import Request
from stac_ingest.http.retries import RetryingClient
from stac_ingest.http.urls import NO_ADDRESS, display, is_web_address
from stac_ingest.sources.api_terms import terms_of
from stac_ingest.sources.kind import Where
from stac_ingest.sources.page_items import PageItems
from stac_ingest.sources.selection import Selection
from stac_ingest.sources.wanted import wanted_of

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary


T = TypeVar("T", Item, Rows)

_ITEM_SECONDS = 20e-6
"""CPU time that an item takes here, from the wire to the consumer, about; a consumer may take longer."""


class StacApiSource:
    """Items of a STAC API. De-duplicating is the module's business; see `ingest_loop`."""

    def __init__(
        self,
        config: IngestConfig,
        collection_id: str | None,
        summary: IngestSummary,
        *,
        clock: Clock | None = None,
        owns: Callable[[Item], bool] | None = None,
    ) -> None:
        """Read the settings.

        Args:
            config: the settings.
            collection_id: a collection that stands in for settings which name none. Without either it is all.
            summary: takes the counts.
            clock: tells the time.
            owns: says whether an item is this run's to count; None where all are.

        Raises:
            ConfigurationError: `datetime`, or the file of headers, can't be read.

        """
        self._config = config
        self._summary = summary
        self._clock = clock or Clock()
        self._collections = config.wanted_collections(collection_id)
        self._owns = owns
        self._root, credentials = read_credentials(config)
        page = min(config.limit, config.max_items or config.limit)
        self._requested = RequestedItems(*search_datetime(config.datetime), page)
        self._session = Client(config, summary, self._root, credentials)
        self._client = RetryingClient(config, summary, self._session, self._clock)
        self._search_client = SearchClient(self._client, summary)
        self._planner: Planner | None = None
        self._selection: Selection | None = None
        self._items: PageItems | None = None
        self._uncounted = False
        self._chunks: TimeChunks | None = None
        self._read_before: TimesRead | None = None
        self._queue: WorkQueue[Unit] = WorkQueue([])
        self._finished = False
        self._shortfall = Shortfall(summary, config.max_items, lambda: self._received)
        self._unparsed = 0
        self._pending = PendingPages(config.max_items)
        self._parts = count(1)

    def resume(self, positions: Sequence[Position]) -> None:
        """Record the stretches of time that are read, and leave out these."""
        self._read_before = TimesRead(positions)

    def listing(self) -> None:
        """Return None: stretches of time hold for whatever the server has."""

    def part(self, batch: Batch) -> int:
        """Return the number of the part of the search that a page is of."""
        received: ReceivedPage | None = batch[0].data
        return 0 if received is None else received.part

    def position(self, batch: Batch, *, clean: bool) -> Position | None:
        """Return the stretch of time that a page completes; None outside of chunks of time."""
        received: ReceivedPage | None = batch[0].data
        if received is None or received.progress is None:
            return None
        return received.progress.advance(self._page_items.times, ended=not received.page.has_next, clean=clean)

    async def open(self) -> None:
        """Start the session, read the landing page and the collections, and find a search that the server takes.

        Raises:
            ConfigurationError: what is asked for can be done neither by the server nor here.
            DataProcessingError: there is no such API, or no such collection (`Collection '<id>' not found`).

        """
        await self._session.open()
        asked = (self._root, self._collections, self._config, self._search_client, self._summary)
        terms = terms_of(self._config, wanted_of(self._config, self._collections))
        opener = ApiOpener(*asked, terms=terms)
        at_once = self._config.workers > 1
        api = await opener.open(self._requested.datetime, at_once=at_once, early_count=at_once and self._by_time)
        wanted, interval = wanted_of(self._config, api.collections), self._requested.interval
        order = self._config.sortby
        self._selection = Selection(wanted, interval, api.here, self._summary, order=order, owns=self._owns)
        if {*api.here} - {"fields"}:
            self._read_all()
        tracks_times, exact = self._read_before is not None, self._config.exact_numbers
        self._items = PageItems(self._selection, wanted.fields, exact_numbers=exact, tracks_times=tracks_times)
        workers = self._client.begin(self._requested.page * _ITEM_SECONDS)
        self._planner = Planner(self._config, self._requested, api, self._summary, self._cursor, workers=workers)

    def _read_all(self) -> None:
        """Have all be read, since it is seen here only which items are wanted, and how many."""
        self._config = self._config.replace(max_items=None)
        self._shortfall = Shortfall(self._summary, None, lambda: self._received)
        self._pending = PendingPages(None)
        if self._read_before is not None:
            # An earlier run's items are counted with what it left out, which isn't known any more.
            self._read_before = TimesRead([])

    async def close(self) -> None:
        """End the session. After a complete run, compare the items received with what the server counts."""
        await self._session.close()
        if (description := self._client.describe()) is not None:
            self._summary.note(description)
        matched, received = self._summary.matched, self._received
        if self._finished and self._config.max_items is None and matched is not None and matched != received:
            self._summary.note(f"the server counts {counted(matched, 'item')} (numberMatched), and {received:,} came")
        if self._selection is not None:
            self._selection.describe(received)
            if matched is not None:
                self._summary.matched = self._selection.counted(matched, received)

    async def units(self) -> AsyncIterator[Unit]:
        """List cursors, numbered pages or chunks of time; heavy chunks add to the list while they are read.

        Raises:
            DataProcessingError: the first page can't be had.

        """
        units: Iterable[Unit] | None = await self._planned()
        while units is not None:
            find = None if self._chunks is None else self._chunks.steal
            self._queue = WorkQueue(units, capacity=lambda: self._client.useful_capacity, find=find)
            async for unit in self._queue.units():
                self._summary.chunks += isinstance(unit, Chunk)
                yield unit
            units = await self._remaining()
        self._finished = True

    async def _planned(self) -> Iterable[Unit]:
        planner, before = self._opened, self._read_before
        if parts := planner.part_units():
            self._parts = count(len(parts) + 1)
            return parts
        self._chunks = await planner.chunks(self._clock.wall()) if self._by_time else None
        if self._chunks is None:
            return await planner.cursor_units()
        return self._chunks.first if before is None else before.remaining(self._chunks.first)

    async def _remaining(self) -> Iterable[Unit] | None:
        """List what else is to be read; None when all was received, which only the consumer knows."""
        if self._chunks is None:
            return None
        await self._pending.wait_until_consumed()
        if self._shortfall.is_being_read:
            self._shortfall.end()
            return None
        if rest := self._chunks.rest(self._received):
            return [CursorUnit(request, alone=False, part=next(self._parts)) for request in rest]
        return await self._whole() if self._shortfall.after_parts() else None

    async def _whole(self) -> Iterable[Unit] | None:
        """List the whole search as one cursor; None where its first page says that nothing is missing."""
        request = self._opened.whole_request()
        try:
            first = await self._cursor(request).fetch(request)
        except DataProcessingError:
            self._shortfall.begin(None)
            return [CursorUnit(request, alone=False, part=next(self._parts))]  # its reader says what is wrong
        return (
            [CursorUnit(request, first, alone=False, part=next(self._parts))]
            if self._shortfall.begin(page_counts(first[1]).matched)
            else None
        )

    async def read(self, unit: Unit) -> AsyncIterator[Batch]:
        """Read one unit, one page a batch.

        Raises:
            DataProcessingError: nothing more can be read: the only cursor broke, the server forbids access, the budget
                is spent. Any other trouble is a payload with an error, and costs this unit alone.

        """
        pages = self._pages(unit)
        try:
            async for received in pages:
                page = received.page
                # Counted only where it matters: it may take parsing the page.
                self._pending.delivered(0 if self._config.max_items is None else page_counts(page).returned or 0)
                yield [Payload(received, page.url)]
                await self._pending.wait_until_needed()
        except DataProcessingError as error:
            if ends_everything(unit, error):
                raise
            self._pending.delivered(0)
            self._shortfall.failed = True
            yield [Payload(None, self._name(unit), error)]
        finally:
            await pages.aclose()
            self._queue.done()

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Parse pages; what isn't an item with an id is rejected by itself."""
        for payload in batch:
            yield from self._consumed(payload, self._page_items.items(payload, reject))

    def rows(self, batch: Batch, *, as_lines: AsLines) -> Iterator[Rows] | None:
        """Make rows of a page, where it holds nothing but what is plainly an item."""
        payload = batch[0]
        if len(batch) != 1 or payload.error is not None:
            return None
        rows = self._page_items.rows(payload.data.page.body, as_lines=as_lines)
        return None if rows is None else self._consumed(payload, rows)

    def mark_consumed(self, batch: Batch) -> None:
        """Note that pages were consumed, and won't be parsed."""
        for payload in batch:
            if payload.error is None:
                self._unparsed += page_counts(payload.data.page).returned or 0
            self._pending.consumed()

    def _consumed(self, payload: Payload, found: Iterator[T]) -> Iterator[T]:
        """Yield what was found on a page, and note what became of it."""
        self._page_items.begin_page()
        items, left_out = self._summary.items, self._summary.left_out
        yield from found
        if payload.error is None:
            # After the last item, because the consumer counts what it takes.
            new, duplicate = self._summary.items - items, self._summary.left_out - left_out
            payload.data.loop_detector.record(new, duplicate)
        self._pending.consumed()

    @property
    def _received(self) -> int:
        if self._selection is None or self._items is None:
            return self._summary.resumed
        decoded = self._items.decoded + self._unparsed
        return decoded - self._summary.left_out - self._selection.filtered_again + self._summary.resumed

    @property
    def _by_time(self) -> bool:
        chosen = "time_chunks" in {self._config.strategy, self._config.worker_strategy}
        return chosen and self._config.sortby is None  # chunks come in any order

    @property
    def _page_items(self) -> PageItems:
        if self._items is None:
            raise RuntimeError("the source is not open")
        return self._items

    @property
    def _opened(self) -> Planner:
        if self._planner is None:
            raise RuntimeError("the source is not open")
        return self._planner

    def _name(self, unit: Unit) -> str:
        named = ", ".join(self._collections) or "all collections"
        return f"{named:.200} {unit.interval}" if isinstance(unit, Chunk) else display(unit.request.url)

    def _cursor(self, request: Request, *, enough: int | None = None, fixed_size: bool = False) -> Cursor:
        how = {"read_ahead": self._config.read_ahead is not False, "fixed_size": fixed_size}
        return Cursor(self._search_client, self._summary, request, enough=enough or self._config.max_items, **how)

    def _pages(self, unit: Unit) -> AsyncGenerator[ReceivedPage, None]:
        if isinstance(unit, CursorUnit):
            return self._cursor_pages(unit)
        if self._chunks is None:
            raise RuntimeError("no chunks were planned")
        return self._chunk_pages(unit, self._chunks)

    async def _cursor_pages(self, unit: CursorUnit) -> AsyncGenerator[ReceivedPage, None]:
        # The last of the numbered pages looks further, but not ahead when enough pages have been requested.
        enough = None if unit.alone or self._config.max_items is None else 1
        cursor = self._cursor(unit.request, enough=enough, fixed_size=unit.is_numbered)
        first, unit.first = unit.first or await cursor.fetch(unit.request), None
        unit.observe(first[1])
        if not unit.onward:
            yield ReceivedPage(first[1], cursor.loop_detector, part=unit.part)
            return
        if self._summary.matched is None and unit.alone:
            self._summary.matched = page_counts(first[1]).matched
        if unit.counted:
            self._count_part(page_counts(first[1]).matched)
        if self._shortfall.is_being_read:
            cursor.stops = lambda _page, _following: not self._shortfall.is_there
        last = first[1]
        async for page in cursor.pages(first):
            last = page
            yield ReceivedPage(page, cursor.loop_detector, part=unit.part)
        if unit.alone:
            # Where the page is broken, whoever decodes it says so.
            with suppress(DataProcessingError):
                self._shortfall.count_again(page_counts(last).matched)

    def _count_part(self, matched: int | None) -> None:
        """Add the count of one of the searches that together are the whole; without one of them there is none."""
        self._uncounted = self._uncounted or matched is None
        self._summary.matched = None if self._uncounted else (self._summary.matched or 0) + (matched or 0)

    async def _chunk_pages(self, chunk: Chunk, chunks: TimeChunks) -> AsyncGenerator[ReceivedPage, None]:
        if chunk.abandoned:
            return
        request = self._opened.chunk_request(chunk)
        cursor = self._cursor(request)
        try:
            first = await cursor.fetch(request, not_needed=partial(chunks.cancel_split, chunk))
        except RequestNotNeeded:
            return
        except ResponseError as error:
            if chunk.interval == self._requested.interval or error.status not in REFUSED_INTERVAL:
                raise
            self._queue.add(chunks.give_up(error))
            return
        counts = page_counts(first[1])
        decision, parts = chunks.judge(chunk, first[1], counts)
        self._queue.add(parts)
        if decision is Decision.SPLIT:
            return
        if counts.matched is not None and counts.returned is not None:
            cursor.expect(request, counts.matched - counts.returned)
        cursor.loop_detector.matched = counts.matched
        active = chunks.start(chunk, first[1], counts)
        cursor.stops = partial(self._stops, chunks, chunk, active)
        progress = None if self._read_before is None else ChunkProgress(chunk.interval)
        part = next(self._parts)
        try:
            async for page in cursor.pages(first):
                yield ReceivedPage(page, cursor.loop_detector, progress, part)
            self._shortfall.whole_read |= chunk.interval == self._requested.interval
        finally:
            if active is not None:
                chunks.end(active)

    def _stops(
        self, chunks: TimeChunks, chunk: Chunk, active: ActiveChunk | None, page: Page, following: Request
    ) -> bool:
        if active is None:
            return chunk.abandoned
        stops = chunks.advance(active, page, following)
        self._queue.notify()
        return stops


def api_source(where: Where, config: IngestConfig, summary: IngestSummary) -> StacApiSource:
    """Make the source of a collection of an API.

    Raises:
        ConfigurationError: a setting can't be used.

    """
    if not is_web_address(config.source):
        raise ConfigurationError(NO_ADDRESS)
    return StacApiSource(config, where.collection_id, summary)
