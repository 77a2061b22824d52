"""From the root of an API to the requests that search it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from stac_ingest.api.intervals import Interval, parse_instant, parse_interval
from stac_ingest.api.pages import Page, page_counts, parse_object, parse_page, read_page
from stac_ingest.api.search_forms import NOT_HERE, Form, SearchClient
from stac_ingest.errors import ConfigurationError, DataProcessingError, IngestError, ResponseError
from stac_ingest.http.request import Request
from stac_ingest.http.urls import display, resolve

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary


@dataclass(frozen=True, slots=True)
class Search:
    """A search of one collection, to be asked for some interval of time and some page size."""

    form: Form
    collection: str
    bbox: list[float] | None = None
    query: dict[str, Any] | None = None

    def request(self, datetime: str | None, limit: int) -> Request:
        """Build the request for the first page."""
        search: dict[str, Any] = {"limit": limit, "collections": [self.collection]}
        if self.bbox is not None:
            search["bbox"] = self.bbox
        if datetime is not None:
            search["datetime"] = datetime
        if self.query is not None:
            search["query"] = self.query
        return self.form.request(search)


class _Document(NamedTuple):
    """A JSON object, and the URL that it came from, which its links are relative to."""

    content: dict[str, Any]
    url: str


@dataclass(frozen=True, slots=True)
class ApiInfo:
    """What an API says of itself and of the collection."""

    search: Search
    extent: Interval
    """Of the collection in time, as its document claims."""
    matched: int | None
    """Items that an early count found; None when it was not made, or failed."""


class ApiOpener:
    """Opens an API: the landing page, the collection, and on demand an early count."""

    def __init__(
        self, root: str, collection_id: str, config: IngestConfig, client: SearchClient, summary: IngestSummary
    ) -> None:
        self._root = root.rstrip("/")
        self._landing_url = root
        self._id = collection_id
        self._config = config
        self._client = client
        self._summary = summary
        self._collection_url = f"{self._root}/collections/{quote(collection_id, safe='')}"

    async def open(self, datetime: str | None, *, at_once: bool, early_count: bool) -> ApiInfo:
        """Ask for what the search needs to know: one request after another, or all `at_once`.

        The early count asks the collection's own items for one, as most APIs have them; that saves the round trip of
        asking for the search first. Where it fails it is not missed.

        Raises:
            DataProcessingError: the API or the collection isn't there, or isn't STAC.

        """
        if not at_once:
            landing = await self._landing()
            return await self._info(landing, await self._collection(self._collection_url), None)
        try:
            async with asyncio.TaskGroup() as group:
                landing_task = group.create_task(self._landing())
                collection_task = group.create_task(self._collection(self._collection_url))
                count_task = group.create_task(self._count(datetime)) if early_count else None
        except* IngestError as errors:
            raise _first(errors) from None
        matched = count_task.result() if count_task else None
        return await self._info(landing_task.result(), collection_task.result(), matched)

    async def _info(self, landing: _Document, collection: _Document | ResponseError, matched: int | None) -> ApiInfo:
        """Put together what is known; where the collection's document is missing, see whether a search knows it.

        Raises:
            DataProcessingError: it doesn't.

        """
        if isinstance(collection, ResponseError):
            collection = await self._collection_by_link(landing, collection)
        missing = collection if isinstance(collection, ResponseError) else None
        found = None if isinstance(collection, ResponseError) else collection
        if found is not None:
            self._summary.keep_collection(found.content)
        search = self._search(landing, found)
        if missing is not None:
            await self._look_for_items(search, missing)
            self._summary.note(
                f"the API has no document of collection {self._id!r:.80} ({missing.status}); a search found it"
            )
        return ApiInfo(search, temporal_extent({} if found is None else found.content), matched)

    async def _landing(self) -> _Document:
        response = await self._client.plain.send(Request("GET", self._landing_url))
        landing = parse_object(response.body, response.url)
        if not isinstance(landing.get("links"), list):
            shown = display(self._root)
            raise ResponseError(
                f"{shown} is not the landing page of a STAC API: it has no links; give the URL of the API's root",
                url=shown,
                status=200,
            )
        return _Document(landing, response.url)

    async def _collection(self, url: str) -> _Document | ResponseError:
        """Return the collection's document, or the error that says that there is none."""
        try:
            response = await self._client.plain.send(Request("GET", url))
        except ResponseError as error:
            if error.status not in NOT_HERE:
                raise
            return error
        try:
            return _Document(parse_object(response.body, response.url), response.url)
        except ResponseError as error:
            return error

    async def _collection_by_link(self, landing: _Document, missing: ResponseError) -> _Document | ResponseError:
        """Look for the collection where the landing page says that collections are, if it is elsewhere."""
        for link in _links(landing, "data"):
            url = f"{resolve(link['href'], landing.url).partition('?')[0].rstrip('/')}/{quote(self._id, safe='')}"
            if url != self._collection_url:
                self._collection_url = url
                return await self._collection(url)
        return missing

    async def _look_for_items(self, search: Search, missing: ResponseError) -> None:
        """See whether a search finds an item of a collection that has no document.

        Raises:
            DataProcessingError: it finds none.

        """
        where = display(self._root)
        try:
            response = await self._client.send(replace(search, bbox=None, query=None).request(None, 1))
            page = read_page(response.body, response.url)
        except ResponseError as error:
            if error.status not in NOT_HERE | {200, 400, 422}:
                raise
            raise DataProcessingError(f"Collection '{self._id}' not found at {where}: {missing}") from None
        if not page.has_next and self._id not in _collections_of(page):
            raise DataProcessingError(
                f"Collection '{self._id}' not found at {where}: {missing}; and a search for it finds nothing"
            )

    async def _count(self, datetime: str | None) -> int | None:
        if self._config.query is not None:
            return None
        form = Form("GET", f"{self._collection_url}/items", own=True)
        items = Search(form, self._id, self._config.bbox)
        try:
            response = await self._client.plain.send(items.request(datetime, 1), attempts=1)
            return page_counts(read_page(response.body, response.url)).matched
        except ResponseError:
            return None

    def _search(self, landing: _Document, collection: _Document | None) -> Search:
        bbox, query = self._config.bbox, self._config.query
        searches = _search_forms(landing, self._root)
        own = [] if collection is None else [self._own_items(collection)]
        linked = bool(_links(landing, "search"))
        if not linked and query is not None:
            raise ConfigurationError("query needs an API with item search, and its landing page links to none")
        if not linked and own:
            self._summary.note("the API has no item search; the collection's own items are read")
        conforms = landing.content.get("conformsTo")
        if query is not None and isinstance(conforms, list) and not any(str(c).endswith("#query") for c in conforms):
            self._summary.note("the API does not say that it conforms to the query extension; it may ignore `query`")
        forms = [*searches, *own] if linked else [*own, *searches]
        self._client.offer(forms)
        return Search(forms[0], self._id, bbox, query)

    def _own_items(self, collection: _Document) -> Form:
        links = _links(collection, "items")
        url = resolve(links[0]["href"], collection.url) if links else f"{self._collection_url}/items"
        return Form("GET", url, own=True)


def temporal_extent(collection: dict[str, Any]) -> Interval:
    """Read the first interval of a collection's temporal extent; ends that can't be read are open."""
    try:
        start, end = (parse_instant(text) for text in collection["extent"]["temporal"]["interval"][0])
    except (KeyError, IndexError, TypeError, ValueError):
        return Interval(None, None)
    if start is not None and end is not None and start >= end:
        return Interval(None, None)
    return Interval(start, end)


def search_datetime(text: str | None) -> tuple[str | None, Interval]:
    """Read the `datetime` setting: as it is sent, and as an interval.

    Dates without a time (`2024-05`) are widened to timestamps, which is what an API takes.

    Raises:
        ConfigurationError: it can't be read.

    """
    if text is None:
        return None, Interval(None, None)
    try:
        interval = parse_interval(text)
    except ValueError as error:
        raise ConfigurationError(f"datetime: {error}") from None
    whole = all(part in ("", "..") or ":" in part for part in text.split("/"))
    return (text if whole else str(interval)), interval


def _links(document: _Document, rel: str) -> list[dict[str, Any]]:
    links = document.content.get("links")
    if not isinstance(links, list):
        return []
    return [
        link
        for link in links
        if isinstance(link, dict) and link.get("rel") == rel and isinstance(link.get("href"), str)
    ]


def _search_forms(landing: _Document, root: str) -> list[Form]:
    """List how the API may be searched: as its links say, POST first; then by the other method, and where most are."""
    links = sorted(_links(landing, "search"), key=lambda link: not _is_post(link))
    linked = [Form("POST" if _is_post(link) else "GET", resolve(link["href"], landing.url)) for link in links]
    urls = [form.url for form in linked] or [f"{root}/search"]
    first, *_ = linked or [Form("POST", urls[0])]
    others = [Form("GET" if first.method == "POST" else "POST", urls[0])]
    methods = {form.method for form in linked}
    return list(dict.fromkeys([*linked, *(form for form in [first, *others] if form.method not in methods)]))


def _collections_of(page: Page) -> set[Any]:
    return {
        feature.get("collection")
        for feature in parse_page(page.body, page.url)["features"]
        if isinstance(feature, dict)
    }


def _is_post(link: dict[str, Any]) -> bool:
    return str(link.get("method", "GET")).upper() == "POST"


def _first(errors: BaseExceptionGroup[IngestError]) -> IngestError:
    """Pick what a group of errors is about: a missing collection says more than what else went wrong with it."""
    flat = [e for e in errors.exceptions if isinstance(e, IngestError)]
    return next((e for e in flat if not isinstance(e, ResponseError)), flat[0])
