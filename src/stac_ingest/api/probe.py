"""Which search a server takes of those that mean what is asked for, found out with one item each before any is read.

A server may refuse a term though it declares it, a search without collections, or one of several at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from stac_ingest.api.conformance import OF_ITEM_SEARCH
from stac_ingest.api.pages import page_counts, parse_page, read_page
from stac_ingest.api.search_terms import FilterTerm
from stac_ingest.errors import ConfigurationError, RateLimited, ResponseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stac_ingest.api.item_search import Search
    from stac_ingest.api.pages import Page
    from stac_ingest.api.search_forms import SearchClient
    from stac_ingest.http.request import Request

_REFUSALS = frozenset({400, 404, 405, 410, 413, 414, 415, 422, 501})
"""Statuses that may be about what a search asks for."""


class Settled(NamedTuple):
    """A search that a server takes.

    Attributes:
        search: the search.
        one_by_one: collections that it is made for, one at a time; none where it is made once.
        here: the terms that were refused, and why.
        matched: items that it finds, as the server counts them.
        notes: remarks.

    """

    search: Search
    one_by_one: list[str]
    here: dict[str, str]
    matched: int | None
    notes: list[str]


class _Way(NamedTuple):
    """A way to ask for the collections."""

    collections: tuple[str, ...]
    one_by_one: list[str]
    note: str = ""


async def settled(
    client: SearchClient, search: Search, datetime: str | None, listed: Sequence[str], *, alone: bool
) -> Settled:
    """Find a search that the server takes: with all terms, or without one or all of those that can be done here.

    Args:
        client: sends requests.
        search: what is asked for.
        datetime: of it, as it is sent.
        listed: the ids of the collections, as far as they are known.
        alone: whether a search is of one collection.

    Raises:
        ConfigurationError: the server refuses an order, or nothing is known to be searched.
        ResponseError: the server refuses all of them; it is the first refusal.

    """
    first: ResponseError | None = None
    for written, left_out in _wordings(client, search):
        for way in _ways(search, listed, alone=alone):
            tried = replace(written, collections=way.collections)
            if "ids" in tried.terms:
                tried = replace(tried, terms={**tried.terms, "ids": tried.terms["ids"][:1]})
            try:
                page = await _answered(client, tried.request(datetime, 1))
                if page.empty and not way.collections and listed and await _is_blind(client, tried):
                    continue
            except ResponseError as error:
                if isinstance(error, RateLimited) or error.status not in _REFUSALS:
                    raise
                first = first or error
                continue
            made = written if way.one_by_one else replace(written, collections=way.collections)
            return _settled(made, way, left_out, page, first)
    if first is None:
        raise ConfigurationError(
            "the API has no item search, and doesn't list its collections: name them (--collection)"
        )
    raise first


def _settled(made: Search, way: _Way, left_out: Sequence[str], page: Page, first: ResponseError | None) -> Settled:
    """Say what a page shows, that was asked for without some terms after a first refusal.

    Raises:
        ConfigurationError: the server refuses an order.

    """
    status = None if first is None else first.status
    here = {term: f"the server refuses `{term}` (status {status})" for term in left_out}
    if "sortby" in here:
        raise ConfigurationError(f"sortby: {here['sortby']}, and items are not sorted here; leave it out")
    matched = page_counts(page).matched
    if len(made.terms.get("ids", ())) > 1:
        matched = None
        if _has_others(page, made.terms["ids"][0]):
            # Each part of the ids would bring all that there is.
            made, here = made.without(["ids"]), here | {"ids": "the server ignores `ids`"}
    return Settled(made, way.one_by_one, here, matched, [way.note] if way.note else [])


async def _answered(client: SearchClient, request: Request) -> Page:
    response = await client.send(request)
    return read_page(response.body, response.url)


async def _is_blind(client: SearchClient, search: Search) -> bool:
    """Say whether a search without collections finds nothing at all, though nothing else is asked for."""
    page = await _answered(client, search.without([*search.terms]).request(None, 1))
    return page.empty and not page.has_next


def _has_others(page: Page, asked: str) -> bool:
    """Say whether a page has an item of another id."""
    features = parse_page(page.body, page.url)["features"]
    return any(isinstance(one, dict) and one.get("id") != asked for one in features)


def _wordings(client: SearchClient, search: Search) -> Iterator[tuple[Search, list[str]]]:
    """List searches that mean the same with what is done here: the search, and which terms it leaves out."""
    yield search, []
    term = search.terms.get("filter")
    if isinstance(term, FilterTerm) and len(term.languages) > 1:
        # A server may declare a language that it refuses; which one was sent goes by the method.
        other = term._replace(languages=(term.other_language(client.method),))
        yield replace(search, terms={**search.terms, "filter": other}), []
    yield from ((search.without(left_out), left_out) for left_out in _left_out(search))


def _left_out(search: Search) -> Iterator[list[str]]:
    terms = [term for term in reversed(OF_ITEM_SEARCH) if term in search.terms]
    yield from ([term] for term in terms)
    if len(terms) > 1:
        yield terms


def _ways(search: Search, listed: Sequence[str], *, alone: bool) -> Iterator[_Way]:
    several = len(listed) > 1
    if not alone:
        yield _Way(search.collections, [])
        if not search.collections and listed:
            yield _Way((*listed,), [], "a search without collections is refused or finds nothing; all were named")
    if alone or several:
        for one in listed[:1]:
            note = "" if alone else "the server refuses a search of several collections; one was read after another"
            yield _Way((one,), [*listed], note)
