"""From the root of an API to the requests that search it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from stac_ingest.api.collections import ListedCollections, joined_extent, listed_collections, temporal_extent
from stac_ingest.api.conformance import BEYOND_CORE, OF_ITEM_SEARCH, Conformance, conformance_of
from stac_ingest.api.intervals import Interval, parse_interval
from stac_ingest.api.item_search import Search
from stac_ingest.api.pages import Page, page_counts, parse_object, parse_page, read_page
from stac_ingest.api.probe import settled
from stac_ingest.api.search_forms import NOT_HERE, Form, SearchClient
from stac_ingest.api.search_terms import FilterTerm
from stac_ingest.errors import ConfigurationError, DataProcessingError, IngestError, ResponseError
from stac_ingest.http.request import Request
from stac_ingest.http.urls import display, resolve

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.summary import IngestSummary


class _Document(NamedTuple):
    """A JSON object, and the URL that it came from, which its links are relative to."""

    content: dict[str, Any]
    url: str


@dataclass(frozen=True, slots=True)
class ApiInfo:
    """What an API says of itself and of the collections."""

    search: Search
    extent: Interval
    """Of the collections in time, as their documents claim."""
    matched: int | None
    """Items that an early count found; None when it was not made, or failed."""
    parts: list[Search]
    """The searches to make: the one, or several that together are the same."""
    collections: tuple[str, ...]
    """That are asked for; none for all."""
    here: dict[str, str]
    """The terms that the server isn't asked for, and why."""
    declared: Conformance
    """What the API says that it does; read only where that matters, see `ApiOpener.open`."""


class ApiOpener:
    """Opens an API: the landing page, the collections, and on demand an early count."""

    def __init__(
        self,
        root: str,
        collections: Sequence[str],
        config: IngestConfig,
        client: SearchClient,
        summary: IngestSummary,
        *,
        terms: Mapping[str, Any],
    ) -> None:
        """Take what is needed to ask.

        Args:
            root: the API's URL.
            collections: ids of those that are asked for; none for all.
            config: the settings.
            client: sends requests.
            summary: takes the notes.
            terms: what is asked for beside collections and time, as the body of a POST.

        """
        self._root = root.rstrip("/")
        self._landing_url = root
        self._ids = tuple(collections)
        self._config = config
        self._terms = terms
        self._client = client
        self._summary = summary
        self._declares = False
        self._listed = ListedCollections({}, False)
        self._collections_url = f"{self._root}/collections"

    async def open(self, datetime: str | None, *, at_once: bool, early_count: bool, declares: bool = False) -> ApiInfo:
        """Ask for what the search needs to know: one request after another, or all `at_once`.

        The early count asks the collection's own items for one, as most APIs have them; that saves the round trip of
        asking for the search first. Where it fails it is not missed.

        Args:
            datetime: of the search, as it is sent.
            at_once: whether requests are sent side by side.
            early_count: whether the early count is made.
            declares: whether it matters what the API declares, though no term of the search has to be.

        Raises:
            ConfigurationError: what is asked for can be done neither by the server nor here.
            DataProcessingError: the API or a collection isn't there, or isn't STAC.

        """
        self._declares = declares
        if not self._ids:
            await self._list()
        if not at_once:
            landing = await self._landing()
            found = [await self._collection(one) for one in self._ids]
            return await self._info(landing, found, datetime, None)
        try:
            async with asyncio.TaskGroup() as group:
                landing_task = group.create_task(self._landing())
                tasks = [group.create_task(self._collection(one)) for one in self._ids]
                count_task = group.create_task(self._count(datetime)) if early_count else None
        except* IngestError as errors:
            raise _first(errors) from None
        matched = count_task.result() if count_task else None
        return await self._info(landing_task.result(), [task.result() for task in tasks], datetime, matched)

    async def _list(self) -> None:
        """Find out which collections there are, where all are wanted: the only one is read like one that is named."""
        self._listed = listed = await listed_collections(self._root, self._client.plain)
        if listed.whole and len(listed.extents) == 1:
            self._ids = (*listed.extents,)
            self._summary.note(f"the API has one collection, {self._ids[0]!r:.80}, which was read")
        elif listed.whole:
            self._summary.note(f"no collection was named, so all {len(listed.extents):,} of the API were read")
        else:
            self._summary.note(f"no collection was named, so all that the API searches were read; {listed.error}")

    async def _info(
        self,
        landing: _Document,
        documents: Sequence[_Document | ResponseError],
        datetime: str | None,
        matched: int | None,
    ) -> ApiInfo:
        """Put together what is known; where a collection's document is missing, see whether a search knows it.

        Raises:
            DataProcessingError: it doesn't.

        """
        found: dict[str, _Document] = {}
        missing: dict[str, ResponseError] = {}
        for one, document in zip(self._ids, documents, strict=True):
            seen = await self._collection_by_link(landing, one, document)
            if isinstance(seen, ResponseError):
                missing[one] = seen
            else:
                found[one] = seen
                self._summary.keep_collection(seen.content)
        declared = await self._declared(landing)
        search, here = self._search(landing, found, declared)
        for one, error in missing.items():
            await self._look_for_items(replace(search, collections=(one,), terms={}), one, error)
            self._summary.note(f"the API has no document of collection {one!r:.80} ({error.status}); a search found it")
        # Of a list that hasn't come to its end, whoever is asked by it leaves out the rest.
        listed = [*self._ids] or [*self._listed.extents] * self._listed.whole
        alone = search.form.own and len(self._ids) != 1
        one_by_one = listed if alone else []
        if len(self._ids) != 1 or {*search.terms} & {*OF_ITEM_SEARCH}:
            probed = await settled(self._client, search, datetime, listed, alone=alone)
            search, one_by_one, matched = probed.search, probed.one_by_one, probed.matched
            here |= probed.here
            for remark in probed.notes:
                self._summary.note(remark)
        extents = [temporal_extent(one.content) for one in found.values()] or [*self._listed.extents.values()]
        extent = joined_extent(extents) if not missing else Interval(None, None)
        parts = search.parts(self._config.limit, one_by_one=one_by_one)
        if len(parts) > 1 and "sortby" in search.terms:
            what = "give fewer ids, or" if "ids" in search.terms else "name one collection, or"
            raise ConfigurationError(
                f"sortby: the search is made in {len(parts):,} parts, each in its own order; {what} leave it out"
            )
        return ApiInfo(search, extent, matched if len(parts) == 1 else None, parts, self._ids, here, declared)

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

    async def _declared(self, landing: _Document) -> Conformance:
        """Read what the API declares, of its landing page or else where that leads; only where it matters."""
        if not self._declares and not {*BEYOND_CORE} & {*self._terms}:
            return Conformance()
        classes = landing.content.get("conformsTo")
        for link in _links(landing, "conformance") if not isinstance(classes, list) else []:
            try:
                response = await self._client.plain.send(Request("GET", resolve(link["href"], landing.url)))
                classes = parse_object(response.body, response.url).get("conformsTo")
            except DataProcessingError:
                break
        if not isinstance(classes, list):
            self._summary.note("the API has no conformsTo")
        return conformance_of(classes)

    async def _collection(self, collection: str) -> _Document | ResponseError:
        """Return a collection's document, or the error that says that there is none."""
        try:
            response = await self._client.plain.send(Request("GET", self._url_of(collection)))
        except ResponseError as error:
            if error.status not in NOT_HERE:
                raise
            return error
        try:
            return _Document(parse_object(response.body, response.url), response.url)
        except ResponseError as error:
            return error

    async def _collection_by_link(
        self, landing: _Document, collection: str, found: _Document | ResponseError
    ) -> _Document | ResponseError:
        """Look for a missing collection where the landing page says that collections are, if it is elsewhere."""
        if isinstance(found, ResponseError):
            for link in _links(landing, "data"):
                url = resolve(link["href"], landing.url).partition("?")[0].rstrip("/")
                if url != self._collections_url:
                    self._collections_url = url
                    return await self._collection(collection)
        return found

    async def _look_for_items(self, search: Search, collection: str, missing: ResponseError) -> None:
        """See whether a search finds an item of a collection that has no document.

        Raises:
            DataProcessingError: it finds none.

        """
        where = display(self._root)
        try:
            response = await self._client.send(search.request(None, 1))
            page = read_page(response.body, response.url)
        except ResponseError as error:
            if error.status not in NOT_HERE | {200, 400, 422}:
                raise
            raise DataProcessingError(f"Collection '{collection}' not found at {where}: {missing}") from None
        if not page.has_next and collection not in _collections_of(page):
            raise DataProcessingError(
                f"Collection '{collection}' not found at {where}: {missing}; and a search for it finds nothing"
            )

    async def _count(self, datetime: str | None) -> int | None:
        if len(self._ids) != 1 or {*OF_ITEM_SEARCH} & {*self._terms}:
            return None
        form = Form("GET", f"{self._url_of(self._ids[0])}/items", own=True)
        items = Search(form, self._ids, self._terms)
        try:
            response = await self._client.plain.send(items.request(datetime, 1), attempts=1)
            return page_counts(read_page(response.body, response.url)).matched
        except ResponseError:
            return None

    def _search(
        self, landing: _Document, found: Mapping[str, _Document], declared: Conformance
    ) -> tuple[Search, dict[str, str]]:
        """Make the search, and say which terms are left to be done here, and why.

        Raises:
            ConfigurationError: an order is asked for that the API doesn't say it gives.

        """
        searches = _search_forms(landing, self._root)
        own = self._own_items(found)
        linked = bool(_links(landing, "search"))
        if not linked and own:
            self._summary.note("the API has no item search; the collection's own items are read")
        forms = [*searches, *own] if linked else [*own, *searches]
        self._client.offer(forms)
        terms = {
            name: value._replace(languages=declared.languages) if isinstance(value, FilterTerm) else value
            for name, value in self._terms.items()
        }
        here: dict[str, str] = {}
        for term in terms:
            if forms[0].own and term in OF_ITEM_SEARCH:
                here[term] = f"the API has no item search, which `{term}` needs"
            elif term in BEYOND_CORE and term not in declared.terms:
                here[term] = f"the API doesn't declare `{term}` (conformsTo)"
        if "sortby" in here:
            raise ConfigurationError(f"sortby: {here['sortby']}, and items are not sorted here; leave it out")
        return Search(forms[0], self._ids, terms).without([*here]), here

    def _own_items(self, found: Mapping[str, _Document]) -> list[Form]:
        """Give the form of searches of collections' own items: of those whose documents, or places, are known."""
        urls = {one: f"{self._url_of(one)}/items" for one in self._listed.extents}
        for one, document in found.items():
            links = _links(document, "items")
            urls[one] = resolve(links[0]["href"], document.url) if links else f"{self._url_of(one)}/items"
        several = tuple(urls.items()) if len(urls) > 1 else ()
        return [Form("GET", next(iter(urls.values())), own=True, items=several)] if urls else []

    def _url_of(self, collection: str) -> str:
        return f"{self._collections_url}/{quote(collection, safe='')}"


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
