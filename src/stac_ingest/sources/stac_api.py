"""A STAC API as a source: pages travel as they were received, and are parsed by the consumer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from stac_ingest.api.agenda import Agenda
from stac_ingest.api.backlog import Backlog
from stac_ingest.api.chunks import Chunk, Verdict
from stac_ingest.api.client import Client
from stac_ingest.api.clock import Clock
from stac_ingest.api.credentials import read_credentials
from stac_ingest.api.cursor import Cursor
from stac_ingest.api.exchange import FORBIDDEN, Exchange
from stac_ingest.api.features import features
from stac_ingest.api.gate import Dispensable
from stac_ingest.api.links import Request
from stac_ingest.api.pages import Page, page_counts
from stac_ingest.api.planning import Asked, Planner, Unit, Walk
from stac_ingest.api.resuming import TimesRead, Track
from stac_ingest.api.search import Landing, search_datetime
from stac_ingest.api.spotcheck import SpotCheck
from stac_ingest.api.stealing import Walker
from stac_ingest.api.time_chunks import TimeChunks
from stac_ingest.api.urls import display
from stac_ingest.errors import (
    BudgetExhausted,
    ConfigurationError,
    DataProcessingError,
    ItemError,
    PauseTooLong,
    ResponseError,
)
from stac_ingest.sources.base import Batch, Item, Payload, Place, Reject
from stac_ingest.sources.json_text import checked
from stac_ingest.sources.kind import Where

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary

UNAUTHORIZED = 401


class StacApiSource:
    """Items of one collection of a STAC API. De-duplicating is the module's business; see `api.chunks`."""

    def __init__(
        self, config: IngestConfig, collection_id: str, summary: IngestSummary, *, clock: Clock | None = None
    ) -> None:
        """Read the settings.

        Raises:
            ConfigurationError: `datetime`, or the file of headers, can't be read.

        """
        self._config = config
        self._summary = summary
        self._clock = clock or Clock()
        self._collection_id = collection_id
        self._root, credentials = read_credentials(config)
        self._asked = Asked(*search_datetime(config.datetime), min(config.limit, config.max_items or config.limit))
        self._client = Client(config, summary, self._root, credentials)
        self._exchange = Exchange(config, summary, self._client, self._clock)
        self._check = SpotCheck(collection_id, config.bbox, self._asked.interval, summary)
        self._planner: Planner | None = None
        self._chunks: TimeChunks | None = None
        self._read_before: TimesRead | None = None
        self._page_items: list[Item] = []
        self._agenda: Agenda[Unit] = Agenda([])
        self._finished = False
        self._read_twice = False
        self._decoded = 0
        self._backlog = Backlog(config.max_items)

    def go_on(self, places: Sequence[Place]) -> None:
        """Keep track of the stretches of time that are read, and leave out these."""
        self._read_before = TimesRead(places)

    def place(self, batch: Batch, *, clean: bool) -> Place | None:
        """Name the stretch of time that a page adds; None outside of chunks of time, which alone are kept track of."""
        page: Page | None = batch[0].data
        if page is None or page.track is None:
            return None
        return page.track.place(self._page_items, ended=not page.goes_on, clean=clean)

    async def open(self) -> None:
        """Start the session, read the landing page and the collection.

        Raises:
            DataProcessingError: there is no such API, or no such collection (`Collection '<id>' not found`).

        """
        await self._client.open()
        landing = Landing(self._root, self._collection_id, self._config, self._exchange, self._summary)
        at_once = self._config.workers > 1
        api = await landing.open(self._asked.datetime, at_once=at_once, early_count=at_once and self._by_time)
        self._planner = Planner(self._config, self._asked, api, self._summary, self._cursor)

    async def close(self) -> None:
        """End the session. When the run came to its end, compare what came with what the server said there is."""
        await self._client.close()
        if (found := self._exchange.describe()) is not None:
            self._summary.note(found)
        matched, came = self._summary.matched, self._came
        if self._finished and self._config.max_items is None and matched is not None and matched != came:
            self._summary.note(f"the server counts {matched} items (numberMatched) and {came} came")

    async def units(self) -> AsyncIterator[Unit]:
        """List cursors, numbered pages or chunks of time; heavy chunks add to the list while they are read.

        Raises:
            DataProcessingError: the first page can't be had.

        """
        units: Iterable[Unit] | None = await self._planned()
        while units is not None:
            find = None if self._chunks is None else self._chunks.steal
            self._agenda = Agenda(units, places=lambda: self._exchange.useful_places, find=find)
            async for unit in self._agenda.units():
                self._summary.chunks += isinstance(unit, Chunk)
                yield unit
            units = await self._left_out()
        self._finished = True

    async def _planned(self) -> Iterable[Unit]:
        planner, before = self._opened, self._read_before
        self._chunks = await planner.chunks(self._clock.wall()) if self._by_time else None
        if self._chunks is None:
            return await planner.walks()
        return self._chunks.first if before is None else before.left_of(self._chunks.first)

    async def _left_out(self) -> Iterable[Unit] | None:
        """List what else is to be read, unless all has come. Only the consumer knows what has."""
        resumed = self._summary.resumed > 0
        if self._chunks is None or not (self._chunks.stopped_early or resumed):
            return None
        await self._backlog.until_empty()
        if rest := self._chunks.rest(self._came):
            return [Walk(request, alone=False) for request in rest]
        matched = self._summary.matched
        if not resumed or matched is None or self._came >= matched or self._summary.failures or self._read_twice:
            return None
        self._summary.note("less came than the server counts; what an earlier run had read was read again")
        self._read_twice, self._read_before = True, TimesRead([])
        return await self._planned()

    async def read(self, unit: Unit) -> AsyncIterator[Batch]:
        """Read one unit, one page a batch.

        Raises:
            DataProcessingError: nothing more can be read: the only cursor broke, the server forbids access, the budget
                is spent. Any other trouble is a payload with an error, and costs this unit alone.

        """
        pages = self._pages(unit)
        try:
            async for page in pages:
                # Counted only where it matters: it may take parsing the page.
                self._backlog.hand(0 if self._config.max_items is None else page_counts(page).returned or 0)
                yield [Payload(page, page.url)]
                await self._backlog.until_hungry()
        except DataProcessingError as error:
            if _is_fatal(unit, error):
                raise
            self._backlog.hand(0)
            yield [Payload(None, self._name(unit), error)]
        finally:
            await pages.aclose()
            self._agenda.done()

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Parse pages; what isn't an item with an id is rejected by itself."""
        for payload in batch:
            self._page_items.clear()
            fresh, repeated = self._summary.items, self._summary.duplicates
            yield from self._items_of(payload, reject)
            if payload.error is None and payload.data.freshness is not None:
                # Whoever takes the items has counted them by now.
                payload.data.freshness.note(self._summary.items - fresh, self._summary.duplicates - repeated)
            self._backlog.take()

    def skip(self, batch: Batch) -> None:
        """Note that pages were taken, and won't be parsed."""
        for payload in batch:
            if payload.error is None:
                self._decoded += page_counts(payload.data).returned or 0
            self._backlog.take()

    def _items_of(self, payload: Payload, reject: Reject) -> Iterator[Item]:
        try:
            if payload.error is not None:
                raise payload.error
            for index, found in enumerate(features(payload.data.body, payload.origin)):
                self._decoded += 1
                try:
                    item = _checked(found)
                except ItemError as error:
                    where = f"{display(payload.origin)}#{index}"
                    reject(where, ItemError(f"{where}: {error}"))
                    continue
                self._check.look(item)
                if self._read_before is not None:
                    self._page_items.append(item)
                yield item
        except DataProcessingError as error:
            reject(payload.origin, error)

    @property
    def _came(self) -> int:
        return self._decoded - self._summary.duplicates + self._summary.resumed

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
        return Cursor(self._exchange, self._summary, request, read_ahead=ahead, enough=enough, fixed_size=fixed_size)

    def _pages(self, unit: Unit) -> AsyncGenerator[Page, None]:
        if isinstance(unit, Walk):
            return self._walk_pages(unit)
        if self._chunks is None:
            raise RuntimeError("no chunks were planned")
        return self._chunk_pages(unit, self._chunks)

    async def _walk_pages(self, walk: Walk) -> AsyncGenerator[Page, None]:
        # The last of the numbered pages looks further, but isn't to hurry when enough pages have been asked for.
        enough = None if walk.alone or self._config.max_items is None else 1
        cursor = self._cursor(walk.request, enough=enough, fixed_size=not walk.alone)
        first, walk.first = walk.first or await cursor.fetch(walk.request), None
        walk.look(first[1])
        if not walk.onward:
            yield first[1]
            return
        if self._summary.matched is None and walk.alone:
            self._summary.matched = page_counts(first[1]).matched
        async for page in cursor.pages(first):
            yield page

    async def _chunk_pages(self, chunk: Chunk, chunks: TimeChunks) -> AsyncGenerator[Page, None]:
        if chunk.abandoned:
            return
        request = self._opened.chunk_request(chunk)
        cursor = self._cursor(request)
        try:
            first = await cursor.fetch(request, dispensable=partial(chunks.give_back, chunk))
        except Dispensable:
            return
        counts = page_counts(first[1])
        verdict, parts = chunks.judge(chunk, first[1], counts)
        self._agenda.add(parts)
        if verdict is Verdict.DROP:
            return
        if counts.matched is not None and counts.returned is not None:
            cursor.expect(request, counts.matched - counts.returned)
        cursor.freshness.matched = counts.matched
        walker = chunks.start(chunk, first[1], counts)
        if walker is not None:
            cursor.halts = partial(self._halts, chunks, walker)
        track = None if self._read_before is None else Track(chunk.interval)
        try:
            async for page in cursor.pages(first):
                yield page._replace(track=track)
        finally:
            if walker is not None:
                chunks.end(walker)

    def _halts(self, chunks: TimeChunks, walker: Walker, page: Page, following: Request) -> bool:
        halts = chunks.advance(walker, page, following)
        self._agenda.look_again()
        return halts


def api_source(where: Where, config: IngestConfig, summary: IngestSummary) -> StacApiSource:
    """Make the source of a collection of an API.

    Raises:
        ConfigurationError: it isn't said which collection, or a setting can't be used.

    """
    if not where.collection_id:
        raise ConfigurationError(
            "collection_id must be provided in api mode: in the settings, or as data['collection_id'] of the context"
        )
    return StacApiSource(config, where.collection_id, summary)


def _checked(found: object) -> Item:
    if isinstance(found, ItemError):
        raise found
    return checked(found)


def _is_fatal(unit: Unit, error: DataProcessingError) -> bool:
    if isinstance(error, BudgetExhausted | PauseTooLong):
        return True
    if isinstance(error, ResponseError) and error.status in (UNAUTHORIZED, FORBIDDEN):
        return True
    return isinstance(unit, Walk) and unit.alone
