"""An API that is open for a sync: its counts, and its pages of short items."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from hashlib import blake2b
from types import TracebackType
from typing import Any, NamedTuple, Self

import orjson

from stac_ingest.api.cursor import Cursor
from stac_ingest.api.intervals import SECOND, Interval
from stac_ingest.api.item_search import Search
from stac_ingest.api.pages import Page, page_counts, parse_page, read_page
from stac_ingest.api.search import ApiInfo, ApiOpener, search_datetime
from stac_ingest.api.search_forms import SearchClient
from stac_ingest.config import IngestConfig
from stac_ingest.core.id_set import IdSet, key_of
from stac_ingest.core.model import Item
from stac_ingest.core.text import is_encodable
from stac_ingest.errors import RateLimited, ResponseError
from stac_ingest.http.client import Client, Response
from stac_ingest.http.clock import Clock
from stac_ingest.http.credentials import read_credentials
from stac_ingest.http.dates import seconds_of
from stac_ingest.http.request import Request
from stac_ingest.http.retries import RetryingClient
from stac_ingest.sources.api_terms import terms_of
from stac_ingest.sources.wanted import wanted_of
from stac_ingest.summary import IngestSummary
from stac_ingest.sync.api.marks import Listed, Mark, Marks, SoFar, asked

LARGEST_PAGES = (10_000, 1_000)
"""Items a page that are tried where only ids are asked for, before the size of the settings. Servers clamp or refuse
what is too large for them."""
_REFUSALS = frozenset({400, 413, 422})


class _DatedClient(Client):
    """Remembers what the server's clock said first."""

    date: int | None = None
    """In microseconds since 1970."""

    async def send(self, request: Request) -> Response:
        response = await super().send(request)
        if self.date is None and (date := seconds_of(response.headers.get("Date", ""))) is not None:
            self.date = int(date) * SECOND
        return response


class ApiSession:
    """An API that is open. A context manager: the session ends with it.

    Attributes:
        summary: takes the counts of requests and the notes.

    """

    def __init__(self, config: IngestConfig) -> None:
        """Take the settings of the ingest.

        Raises:
            ConfigurationError: `datetime`, or the file of headers, can't be read.

        """
        self._config = config
        self.summary = IngestSummary()
        root, credentials = read_credentials(config)
        self._session = _DatedClient(config, self.summary, root, credentials)
        retrying = RetryingClient(config, self.summary, self._session, Clock())
        self._client = SearchClient(retrying, self.summary)
        terms = terms_of(config, wanted_of(config, config.wanted_collections()))
        terms.pop("sortby", None)
        asked = (root, config.wanted_collections(), config, self._client, self.summary)
        self._opener = ApiOpener(*asked, terms=terms)
        self._asked, self.requested = search_datetime(config.datetime)
        self._api: ApiInfo | None = None
        self._refuses_fields = False
        self._longest = 0

    async def __aenter__(self) -> Self:
        """Open the API.

        Raises:
            DataProcessingError: the API or the collection isn't there.

        """
        await self._session.open()
        try:
            self._api = await self._opener.open(self._asked, at_once=False, early_count=False, declares=True)
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
    def api(self) -> ApiInfo:
        """What the API says of itself."""
        if self._api is None:
            raise RuntimeError("the session is not open")
        return self._api

    @property
    def date(self) -> int | None:
        """The server's own time at its first response, in microseconds since 1970; None where it doesn't say."""
        return self._session.date

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self.summary.requests

    @property
    def limit(self) -> int:
        """How many items come on a page of items."""
        return self._config.limit

    @property
    def page_of_ids(self) -> int:
        """About how many ids come on a page: at least as many as came on one until now."""
        return max(self._longest, LARGEST_PAGES[-1]) if self._takes_fields else self._config.limit

    async def count(self, interval: Interval, terms: Mapping[str, Any] | None = None) -> int | None:
        """Return how many items lie in an interval; None where the server doesn't count.

        Args:
            interval: of time, closed.
            terms: what else is asked for, as the body of a POST has it.

        Raises:
            DataProcessingError: there is no useful response.

        """
        total = 0
        for part in self._parts(terms):
            response = await self._client.send(part.request(self._datetime(interval), 1))
            matched = page_counts(read_page(response.body, response.url)).matched
            if matched is None:
                return None
            total += matched
        return total

    async def first(self, terms: Mapping[str, Any], limit: int) -> list[Item]:
        """Return the first items that are found."""
        found: list[Item] = []
        for part in self._parts(terms):
            response = await self._client.send(part.request(self._datetime(self.requested), limit))
            found += _items(parse_page(response.body, response.url)["features"])
        return found

    async def short_items(
        self,
        interval: Interval,
        fields: list[str],
        listed: list[Listed],
        terms: Mapping[str, Any] | None = None,
        marks: Marks | None = None,
    ) -> AsyncGenerator[list[Item]]:
        """Yield the items of each page with some fields alone, in the largest pages that the server has.

        Where the API doesn't declare `fields`, whole items come, in pages as the settings have them.

        Args:
            interval: of time, closed.
            fields: the names of the fields.
            listed: takes what came of each part of the search, once it is at its end.
            terms: what else is asked for.
            marks: keeps the place in the list for a process that goes on; None for a list that isn't gone on with. What
                is kept on disk is told apart there: an item that comes again is yielded again, and memory doesn't grow
                with the list. Without marks each item is yielded once.

        Raises:
            DataProcessingError: a page could not be had.

        """
        parts, asked_time = self._parts(terms), self._datetime(interval)
        search = _hash([asked(part.request(asked_time, 1)) for part in parts])
        again = None if marks is None else await self._again(marks, search)
        done, before = ([], 0) if again is None else (again.mark.done, again.mark.before)
        listed += done
        for part in parts[len(done) :]:
            distinct = IdSet() if marks is None else None
            so_far = SoFar() if again is None else again.mark.so_far
            is_known = again is not None  # the first page was taken in before
            pages = self._pages(part, asked_time, fields) if again is None else again.pages
            again = None
            async with aclosing(pages):
                async for page in pages:
                    document = parse_page(page.body, page.url)
                    items = _items(document["features"])
                    self._longest = max(self._longest, len(items))
                    fresh = items if distinct is None else [one for one in items if distinct.add(*key_of(one))]
                    if is_known:
                        fresh = []
                    else:
                        so_far = so_far.with_page(
                            page_counts(read_page(page.body, page.url)).matched,
                            len(fresh),
                            len(document["features"]) - len(items),
                        )
                    is_known = False
                    yield fresh
                    if marks is not None and not page.request.headers:
                        place = Mark(
                            request=asked(page.request),
                            page=_hash([key_of(one) for one in items]),
                            so_far=so_far,
                            search=search,
                            done=done,
                            before=before,
                        )
                        marks.keep(place)
            came = so_far.listed(0 if marks is None else marks.repeated(before))
            done, before = [*done, came], before + so_far.came
            listed.append(came)

    async def _again(self, marks: Marks, search: str) -> _Again | None:
        """Go on where an earlier process was, if the page that it read last is as it was; else begin anew.

        A server may page by position: then items that came or went before that page would have moved others over its
        edge. Where the page is the same, none of those behind it have gone past it.

        Args:
            marks: keep the place.
            search: the hash of the search that is made; an API may have got another collection since.

        """
        mark = marks.mark
        if mark is None:
            return None
        try:
            request = Request(**mark.request)
            cursor = Cursor(self._client, self.summary, request, read_ahead=True)
            answered, page = await cursor.fetch(request)
            items = _items(parse_page(page.body, page.url)["features"])
            matched = page_counts(page).matched
        except ResponseError as error:
            if isinstance(error, RateLimited) or error.status is None:
                raise
            items, matched = [], None
        is_same = mark.search == search and mark.page == _hash([key_of(one) for one in items])
        if matched is None or {matched} != {*mark.so_far.counts} or not is_same:
            self.summary.note("what a killed run had listed of the ids has changed since, so they were listed anew")
            marks.forget()
            return None
        self.summary.note(f"{mark.before + mark.so_far.came:,} ids had been listed before the run was killed")
        return _Again(mark, _followed(cursor, (answered, page)))

    @property
    def _takes_fields(self) -> bool:
        """Whether items can be asked for with some fields alone, as far as is known."""
        declared = "fields" in self.api.declared.terms and not self.api.search.form.own
        return declared and not self._refuses_fields

    def _parts(self, terms: Mapping[str, Any] | None) -> list[Search]:
        return [replace(part, terms={**part.terms, **(terms or {})}) for part in self.api.parts]

    def _datetime(self, interval: Interval) -> str | None:
        if interval == self.requested:
            return self._asked
        return None if interval == (None, None) else str(interval)

    async def _pages(self, part: Search, datetime: str | None, fields: list[str]) -> AsyncGenerator[_Page]:
        """Yield the pages of a search: of the largest size that the server takes."""
        for search, size in self._sizes(part, fields):
            request = search.request(datetime, size)
            cursor = Cursor(self._client, self.summary, request, read_ahead=True)
            try:
                first = await cursor.fetch(request)
            except ResponseError as error:
                if isinstance(error, RateLimited) or error.status not in _REFUSALS or search is part:
                    raise
                if size == self._config.limit:
                    self._refuses_fields = True
                    self.summary.note(f"the server refuses `fields` (status {error.status}), so whole items came")
                continue
            if first[1].empty and not first[1].has_next:
                yield _Page(first[1].body, first[1].url, first[0])
                return
            async with aclosing(_followed(cursor, first)) as pages:
                async for page in pages:
                    yield page
            return

    def _sizes(self, part: Search, fields: list[str]) -> list[tuple[Search, int]]:
        """List the searches to try, and the sizes of their pages; the last one is for whole items."""
        limit = self._config.limit
        if not self._takes_fields:
            return [(part, limit)]
        short = replace(part, terms={**part.terms, "fields": {"include": fields}})
        return [*((short, size) for size in (*LARGEST_PAGES, limit) if size >= limit), (part, limit)]


class _Page(NamedTuple):
    """A page, and the request that it answers."""

    body: bytes
    url: str
    request: Request


class _Again(NamedTuple):
    """A list that is gone on with."""

    mark: Mark
    pages: AsyncGenerator[_Page]
    """The page of the mark, and those that follow."""


async def _followed(cursor: Cursor, first: tuple[Request, Page]) -> AsyncGenerator[_Page]:
    async for page in cursor.pages(first):
        yield _Page(page.body, page.url, cursor.answered)


def _hash(what: list[Any]) -> str:
    """Return a hash of what JSON can hold."""
    return blake2b(orjson.dumps(what), digest_size=16).hexdigest()


def _items(features: list[Any]) -> list[Item]:
    """Return the members of a page that have an id, which UTF-8 can hold as well as the name of the collection."""
    with_id = (one for one in features if isinstance(one, dict) and isinstance(one.get("id"), str) and one["id"])
    return [one for one in with_id if all(map(is_encodable, key_of(one)))]
