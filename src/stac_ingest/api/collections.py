"""The collections that an API lists, and what they say of their extent in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from stac_ingest.api.intervals import Interval, parse_instant
from stac_ingest.api.links import VisitedRequests, next_request
from stac_ingest.api.pages import parse_object
from stac_ingest.errors import DataProcessingError
from stac_ingest.http.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stac_ingest.http.retries import RetryingClient

_MOST_PAGES = 100
"""Of the list of collections: one that goes on forever isn't read forever."""


class ListedCollections(NamedTuple):
    """What an API lists.

    Attributes:
        extents: extents in time, by the ids of the collections.
        whole: whether these are all: the list has come to its end.
        error: why it hasn't.

    """

    extents: dict[str, Interval]
    whole: bool
    error: str = ""


async def listed_collections(root: str, client: RetryingClient) -> ListedCollections:
    """Return the collections of an API."""
    extents: dict[str, Interval] = {}
    request = Request("GET", f"{root.rstrip('/')}/collections")
    visited = VisitedRequests(request)
    try:
        for _ in range(_MOST_PAGES):
            response = await client.send(request)
            listed = parse_object(response.body, response.url)
            found = listed.get("collections")
            for one in found if isinstance(found, list) else []:
                if isinstance(one, dict) and isinstance(one.get("id"), str) and one["id"]:
                    extents.setdefault(one["id"], temporal_extent(one))
            links = listed.get("links")
            following = next_request(links if isinstance(links, list) else [], request)
            if following is None:
                return ListedCollections(extents, bool(extents), "" if extents else "the API lists no collections")
            request = visited.add(following)
    except DataProcessingError as error:
        return ListedCollections(extents, False, f"the API doesn't list its collections: {error}")
    return ListedCollections(extents, False, f"its list of collections has more than {_MOST_PAGES} pages")


def temporal_extent(collection: dict[str, Any]) -> Interval:
    """Read the first interval of a collection's temporal extent; ends that can't be read are open."""
    try:
        start, end = (parse_instant(text) for text in collection["extent"]["temporal"]["interval"][0])
    except (KeyError, IndexError, TypeError, ValueError):
        return Interval(None, None)
    if start is not None and end is not None and start >= end:
        return Interval(None, None)
    return Interval(start, end)


def joined_extent(extents: Iterable[Interval]) -> Interval:
    """Return the stretch of time from the first start to the last end; an end that one leaves open is open."""
    found = list(extents)
    starts, ends = [one.start for one in found], [one.end for one in found]
    return Interval(
        None if not starts or None in starts else min(one for one in starts if one is not None),
        None if not ends or None in ends else max(one for one in ends if one is not None),
    )
