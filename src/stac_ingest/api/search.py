"""From the root of an API to the requests that search it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlencode

import orjson

from stac_ingest.api.intervals import Interval, parse_instant, parse_interval
from stac_ingest.api.pages import page_counts, parse_object, read_page
from stac_ingest.errors import ConfigurationError, DataProcessingError, IngestError, ResponseError
from stac_ingest.http.request import Request
from stac_ingest.http.urls import display, resolve

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.http.retries import RetryingClient
    from stac_ingest.summary import IngestSummary

NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Search:
    """A search of one collection, to be asked for some interval of time and some page size."""

    method: Literal["GET", "POST"]
    url: str
    collection: str | None
    """None where the URL is the collection's own."""
    bbox: list[float] | None = None
    query: dict[str, Any] | None = None

    def request(self, datetime: str | None, limit: int) -> Request:
        """Build the request for the first page."""
        body: dict[str, Any] = {"limit": limit}
        if self.collection is not None:
            body["collections"] = [self.collection]
        if self.bbox is not None:
            body["bbox"] = self.bbox
        if datetime is not None:
            body["datetime"] = datetime
        if self.query is not None:
            body["query"] = self.query
        if self.method == "POST":
            return Request("POST", self.url, body=body)
        query = urlencode({name: _as_text(value) for name, value in body.items()}, safe=",/:", quote_via=quote)
        return Request("GET", self.url + ("&" if "?" in self.url else "?") + query)


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
        self, root: str, collection_id: str, config: IngestConfig, client: RetryingClient, summary: IngestSummary
    ) -> None:
        self._root = root
        self._id = collection_id
        self._config = config
        self._client = client
        self._summary = summary
        self._collection_url = f"{root.rstrip('/')}/collections/{quote(collection_id, safe='')}"

    async def open(self, datetime: str | None, *, at_once: bool, early_count: bool) -> ApiInfo:
        """Ask for what the search needs to know: one request after another, or all `at_once`.

        The early count asks the collection's own items for one, as most APIs have them; that saves the round trip of
        asking for the search first. Where it fails it is not missed.

        Raises:
            DataProcessingError: the API or the collection isn't there, or isn't STAC.

        """
        if not at_once:
            landing = await self._landing()
            return ApiInfo(self._search(landing), await self._extent(), None)
        try:
            async with asyncio.TaskGroup() as group:
                landing_task = group.create_task(self._landing())
                extent_task = group.create_task(self._extent())
                count_task = group.create_task(self._count(datetime)) if early_count else None
        except* IngestError as errors:
            raise _first(errors) from None
        matched = count_task.result() if count_task else None
        return ApiInfo(self._search(landing_task.result()), extent_task.result(), matched)

    async def _landing(self) -> dict[str, Any]:
        response = await self._client.send(Request("GET", self._root))
        landing = parse_object(response.body, response.url)
        if not isinstance(landing.get("links"), list):
            shown = display(self._root)
            raise ResponseError(
                f"{shown} is not the landing page of a STAC API: it has no links", url=shown, status=200
            )
        return {**landing, "self": response.url}

    async def _extent(self) -> Interval:
        try:
            response = await self._client.send(Request("GET", self._collection_url))
        except ResponseError as error:
            if error.status != NOT_FOUND:
                raise
            where = display(self._root)
            raise DataProcessingError(f"Collection '{self._id}' not found at {where}: {error}") from None
        return temporal_extent(parse_object(response.body, response.url))

    async def _count(self, datetime: str | None) -> int | None:
        if self._config.query is not None:
            return None
        items = Search("GET", f"{self._collection_url}/items", None, self._config.bbox)
        try:
            response = await self._client.send(items.request(datetime, 1), attempts=1)
            return page_counts(read_page(response.body, response.url)).matched
        except ResponseError:
            return None

    def _search(self, landing: dict[str, Any]) -> Search:
        bbox, query = self._config.bbox, self._config.query
        link = _search_link(landing["links"])
        if link is None:
            if query is not None:
                raise ConfigurationError("query needs an API with item search, and its landing page links to none")
            self._summary.note("the API has no item search; the collection's own items are read")
            return Search("GET", f"{self._collection_url}/items", None, bbox)
        conforms = landing.get("conformsTo")
        if query is not None and isinstance(conforms, list) and not any(str(c).endswith("#query") for c in conforms):
            self._summary.note("the API does not say that it conforms to the query extension; it may ignore `query`")
        url = resolve(link["href"], landing["self"])
        return Search("POST" if _is_post(link) else "GET", url, self._id, bbox, query)


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


def _search_link(links: list[Any]) -> dict[str, Any] | None:
    matching = [
        link
        for link in links
        if isinstance(link, dict) and link.get("rel") == "search" and isinstance(link.get("href"), str)
    ]
    return next((link for link in matching if _is_post(link)), matching[0] if matching else None)


def _is_post(link: dict[str, Any]) -> bool:
    return str(link.get("method", "GET")).upper() == "POST"


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(f"{v:g}" if isinstance(v, float) and v.is_integer() else str(v) for v in value)
    return orjson.dumps(value).decode() if isinstance(value, dict) else str(value)


def _first(errors: BaseExceptionGroup[IngestError]) -> IngestError:
    """Pick what a group of errors is about: a missing collection says more than what else went wrong with it."""
    flat = [e for e in errors.exceptions if isinstance(e, IngestError)]
    return next((e for e in flat if not isinstance(e, ResponseError)), flat[0])
