"""A STAC API as a source: pages travel as they were received, and are parsed by the consumer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from stac_ingest.api.collections import only_collection
from stac_ingest.api.cursor import Cursor
from stac_ingest.api.filter_check import FilterCheck
from stac_ingest.api.item_splitter import exact_features, features
from stac_ingest.api.page_rows import ReceivedPage, SeenItems, page_rows
from stac_ingest.api.pages import Page, page_counts
from stac_ingest.api.planner import CursorUnit, Planner, RequestedItems, Unit, ends_everything
from stac_ingest.api.search import ApiOpener, search_datetime
from stac_ingest.api.search_forms import REFUSED_INTERVAL, SearchClient
from stac_ingest.api.time_chunks.controller import TimeChunks
from stac_ingest.api.time_chunks.pending import PendingPages
from stac_ingest.api.time_chunks.resume import ChunkProgress, Times, TimesRead, item_times
from stac_ingest.api.time_chunks.shortfall import Shortfall
from stac_ingest.api.time_chunks.splitting import Chunk, Decision
from stac_ingest.api.time_chunks.work_stealing import ActiveChunk
from stac_ingest.core.json_items import checked
from stac_ingest.core.long_numbers import NumberWatch
from stac_ingest.core.model import Batch, Item, Payload, Position, Reject
from stac_ingest.core.rows import Rows
from stac_ingest.core.work_queue import WorkQueue
from stac_ingest.errors import (
    ConfigurationError,
    DataProcessingError,
    ItemError,
    ResponseError,
)
from stac_ingest.http.client import Client
from stac_ingest.http.clock import Clock
from stac_ingest.http.credentials import read_credentials
from stac_ingest.http.limiter import RequestNotNeeded
from stac_ingest.http.request import Request
from stac_ingest.http.retries import RetryingClient
from stac_ingest.http.urls import NO_ADDRESS, display, is_web_address
from stac_ingest.sources.kind import Where

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary


T = TypeVar("T", Item, Rows)

_ITEM_SECONDS = 20e-6
"""CPU time that an item takes here, from the wire to the consumer, about; a consumer may take longer."""


class StacApiSource:
    """Items of one collection of a STAC API. De-duplicating is the module's business; see `ingest_loop`."""

    def __init__(
        self, config: IngestConfig, collection_id: str | None, summary: IngestSummary, *, clock: Clock | None = None
    ) -> None:
        """Read the settings. Without the id of a collection it is that of an API which has one.

        Raises:
            ConfigurationError: `datetime`, or the file of headers, can't be read.

        """
        self._config = config
        self._summary = summary
        self._clock = clock or Clock()
        self._collection_id = collection_id
        self._root, credentials = read_credentials(config)
        page = min(config.limit, config.max_items or config.limit)
        self._requested = RequestedItems(*search_datetime(config.datetime), page)
        self._session = Client(config, summary, self._root, credentials)
        self._client = RetryingClient(config, summary, self._session, self._clock)
        self._search_client = SearchClient(self._client, summary)
        self._planner: Planner | None = None
        self._filter_check: FilterCheck | None = None
        self._chunks: TimeChunks | None = None
        self._read_before: TimesRead | None = None
        self._page_times: list[Times] = []
        self._queue: WorkQueue[Unit] = WorkQueue([])
        self._finished = False
        self._shortfall = Shortfall(summary, config.max_items, lambda: self._received)
        self._decoded = 0
        self._pending = PendingPages(config.max_items)
        self._numbers = NumberWatch(exact=config.exact_numbers)
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
        return received.progress.advance(self._page_times, ended=not received.page.has_next, clean=clean)

    async def open(self) -> None:
        """Start the session, read the landing page and the collection.

        Raises:
            ConfigurationError: it isn't said which collection, and the API has several.
            DataProcessingError: there is no such API, or no such collection (`Collection '<id>' not found`).

        """
        await self._session.open()
        if not self._collection_id:
            self._collection_id = await only_collection(self._root, self._client)
            self._summary.note(f"the API has one collection, {self._collection_id!r:.80}, which was read")
        collection = self._collection_id
        self._filter_check = FilterCheck(collection, self._config.bbox, self._requested.interval, self._summary)
        opener = ApiOpener(self._root, collection, self._config, self._search_client, self._summary)
        at_once = self._config.workers > 1
        api = await opener.open(self._requested.datetime, at_once=at_once, early_count=at_once and self._by_time)
        workers = self._client.begin(self._requested.page * _ITEM_SECONDS)
        self._planner = Planner(self._config, self._requested, api, self._summary, self._cursor, workers=workers)

    async def close(self) -> None:
        """End the session. After a complete run, compare the items received with what the server counts."""
        await self._session.close()
        if (description := self._client.describe()) is not None:
            self._summary.note(description)
        matched, received = self._summary.matched, self._received
        if self._finished and self._config.max_items is None and matched is not None and matched != received:
            self._summary.note(f"the server counts {matched} items (numberMatched) and {received} came")

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
            yield from self._consumed(payload, self._items_of(payload, reject))

    def rows(self, batch: Batch, *, as_lines: bool) -> Iterator[Rows] | None:
        """Make rows of a page, where it holds nothing but what is plainly an item."""
        payload = batch[0]
        if len(batch) != 1 or payload.error is not None:
            return None
        checks = 0 if self._filter_check is None else self._filter_check.remaining
        seen = SeenItems(checks, times=self._read_before is not None)
        rows = page_rows(payload.data.page.body, seen, as_lines=as_lines)
        return None if rows is None else self._consumed(payload, self._rows_of(rows, seen))

    def mark_consumed(self, batch: Batch) -> None:
        """Note that pages were consumed, and won't be parsed."""
        for payload in batch:
            if payload.error is None:
                self._decoded += page_counts(payload.data.page).returned or 0
            self._pending.consumed()

    def _consumed(self, payload: Payload, found: Iterator[T]) -> Iterator[T]:
        """Yield what was found on a page, and note what became of it."""
        self._page_times.clear()
        items, left_out = self._summary.items, self._summary.left_out
        yield from found
        if payload.error is None:
            # After the last item, because the consumer counts what it takes.
            new, duplicate = self._summary.items - items, self._summary.left_out - left_out
            payload.data.loop_detector.record(new, duplicate)
        self._pending.consumed()

    def _rows_of(self, rows: Rows, seen: SeenItems) -> Iterator[Rows]:
        self._decoded += len(rows.keys)
        self._page_times += seen.times
        if self._filter_check is not None:
            for item in seen.first:
                self._filter_check.check(item)
        yield rows

    def _items_of(self, payload: Payload, reject: Reject) -> Iterator[Item]:
        try:
            if payload.error is not None:
                raise payload.error
            body = payload.data.page.body
            found = (exact_features if self._numbers.in_text(body) else features)(body, payload.origin)
            for index, feature in enumerate(found):
                self._decoded += 1
                try:
                    item = _checked(feature)
                except ItemError as error:
                    where = f"{display(payload.origin)}#{index}"
                    reject(where, ItemError(f"{where}: {error}"))
                    continue
                if self._filter_check is not None:
                    self._filter_check.check(item)
                if self._read_before is not None:
                    self._page_times.append(item_times(item))
                yield item
        except DataProcessingError as error:
            reject(payload.origin, error)

    @property
    def _received(self) -> int:
        return self._decoded - self._summary.left_out + self._summary.resumed

    @property
    def _by_time(self) -> bool:
        return "time_chunks" in {self._config.strategy, self._config.worker_strategy}

    @property
    def _opened(self) -> Planner:
        if self._planner is None:
            raise RuntimeError("the source is not open")
        return self._planner

    def _name(self, unit: Unit) -> str:
        return f"{self._collection_id} {unit.interval}" if isinstance(unit, Chunk) else display(unit.request.url)

    def _cursor(self, request: Request, *, enough: int | None = None, fixed_size: bool = False) -> Cursor:
        ahead = self._config.read_ahead is not False
        enough = enough or self._config.max_items
        return Cursor(
            self._search_client, self._summary, request, read_ahead=ahead, enough=enough, fixed_size=fixed_size
        )

    def _pages(self, unit: Unit) -> AsyncGenerator[ReceivedPage, None]:
        if isinstance(unit, CursorUnit):
            return self._cursor_pages(unit)
        if self._chunks is None:
            raise RuntimeError("no chunks were planned")
        return self._chunk_pages(unit, self._chunks)

    async def _cursor_pages(self, unit: CursorUnit) -> AsyncGenerator[ReceivedPage, None]:
        # The last of the numbered pages looks further, but not ahead when enough pages have been requested.
        enough = None if unit.alone or self._config.max_items is None else 1
        cursor = self._cursor(unit.request, enough=enough, fixed_size=not unit.alone)
        first, unit.first = unit.first or await cursor.fetch(unit.request), None
        unit.observe(first[1])
        if not unit.onward:
            yield ReceivedPage(first[1], cursor.loop_detector, part=unit.part)
            return
        if self._summary.matched is None and unit.alone:
            self._summary.matched = page_counts(first[1]).matched
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


def _checked(feature: object) -> Item:
    if isinstance(feature, ItemError):
        raise feature
    return checked(feature)
