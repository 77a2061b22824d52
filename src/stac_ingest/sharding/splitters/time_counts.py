"""How the items of a collection lie in time, by the API's own counts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

from stac_ingest.api.intervals import MILLISECOND, Interval
from stac_ingest.api.pages import page_counts, read_page
from stac_ingest.api.search import ApiOpener
from stac_ingest.api.search_forms import SearchClient
from stac_ingest.http.client import Client
from stac_ingest.http.clock import Clock
from stac_ingest.http.credentials import read_credentials
from stac_ingest.http.retries import RetryingClient
from stac_ingest.sources.api_terms import terms_of
from stac_ingest.sources.wanted import wanted_of
from stac_ingest.summary import IngestSummary

if TYPE_CHECKING:
    from types import TracebackType

    from stac_ingest.api.search import ApiInfo
    from stac_ingest.sharding.settings import ShardedIngest


class CountedInterval(NamedTuple):
    """An interval of time, open at its end, and about how many items lie in it."""

    interval: Interval
    items: int


class Counts(Protocol):
    """What counts the items of an API."""

    async def count(self, interval: Interval) -> int | None:
        """Return how many items lie in an interval; None where the server doesn't count."""


class Counter:
    """Counts the items of an API. A context manager: the session ends with it."""

    def __init__(self, settings: ShardedIngest) -> None:
        self._settings = settings
        self._config = settings.config()
        self._summary = IngestSummary()
        root, credentials = read_credentials(self._config)
        self._session = Client(self._config, self._summary, root, credentials)
        self._client = SearchClient(RetryingClient(self._config, self._summary, self._session, Clock()), self._summary)
        asked = (root, self._config.wanted_collections(), self._config, self._client, self._summary)
        terms = terms_of(self._config, wanted_of(self._config, ()))
        self._opener = ApiOpener(*asked, terms=terms)
        self._api: ApiInfo | None = None

    async def __aenter__(self) -> Self:
        """Open the API.

        Raises:
            DataProcessingError: the API or the collection isn't there.

        """
        await self._session.open()
        try:
            self._api = await self._opener.open(None, at_once=False, early_count=False)
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the session."""
        await self._session.close()

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self._summary.requests

    @property
    def extent(self) -> Interval:
        """Of the collection in time, as its document claims."""
        return self._opened.extent

    async def count(self, interval: Interval) -> int | None:
        """Return how many items lie in an interval; None where the server doesn't count.

        Raises:
            DataProcessingError: there is no useful response.

        """
        datetime = None if interval == (None, None) else str(interval)
        total = 0
        for part in self._opened.parts:
            response = await self._client.send(part.request(datetime, 1))
            matched = page_counts(read_page(response.body, response.url)).matched
            if matched is None:
                return None
            total += matched
        return total

    @property
    def _opened(self) -> ApiInfo:
        if self._api is None:
            raise RuntimeError("the counter is not open")
        return self._api


async def bisected(
    counter: Counts, requested: Interval, extent: Interval, total: int, max_items: int
) -> list[CountedInterval]:
    """Halve an interval of time until no part holds more items than wanted, or can be halved no more.

    Half of the counts are requested; the others are what remains of the whole.

    Args:
        counter: of the API.
        requested: the whole interval; its open ends can't be halved.
        extent: the part of it that the items are expected in.
        total: items in all of it.
        max_items: items wanted in an interval.

    """
    before = await _beside(counter, Interval(requested.start, extent.start))
    after = await _beside(counter, Interval(extent.end, requested.end))
    inside = max(0, total - sum(part.items for part in (*before, *after)))
    parts = [*before, CountedInterval(extent, inside), *after]
    while any(_edge(part, max_items) is not None for part in parts):
        halves = await asyncio.gather(*(_halved(counter, part, max_items) for part in parts))
        parts = [half for pair in halves for half in pair]
    return parts


async def _beside(counter: Counts, interval: Interval) -> list[CountedInterval]:
    """Count what lies before or after the extent; nothing where no more was requested."""
    if interval.start == interval.end:
        return []
    return [CountedInterval(interval, await counter.count(interval) or 0)]


async def _halved(counter: Counts, part: CountedInterval, max_items: int) -> list[CountedInterval]:
    edge = _edge(part, max_items)
    if edge is None:
        return [part]
    first, second = Interval(part.interval.start, edge), Interval(edge, part.interval.end)
    # What lies at the edge belongs to the second half, and a server may know no shorter time than a millisecond.
    items = min(await counter.count(Interval(first.start, edge - MILLISECOND)) or 0, part.items)
    return [CountedInterval(first, items), CountedInterval(second, part.items - items)]


def _edge(part: CountedInterval, max_items: int) -> int | None:
    """Return the middle of an interval that holds too much; None where it doesn't, or is too short to be cut."""
    start, end = part.interval
    if part.items <= max_items or start is None or end is None or end - start < 2 * MILLISECOND:
        return None
    return (start + end) // 2 // MILLISECOND * MILLISECOND
