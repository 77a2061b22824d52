"""Answers, as bytes with their media type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from ingest_bench.simulator.store import Store

JSON, GEOJSON, OPENAPI = "application/json", "application/geo+json", "application/vnd.oai.openapi+json;version=3.0"


class Place(NamedTuple):
    """Where in its search a page lies: what a behaviour needs to know to change it."""

    start: int
    """Items before it."""
    limit: int
    """Items of a full page."""
    matched: int
    """Items of the whole search."""
    position: Any
    """The value of the paging parameter as it was asked for; None on a first page."""
    link: Callable[[int], dict[str, Any]]
    """Makes the `next` link to the page that begins after so many items."""


class Page(web.Response):
    """A page of items, with its place."""

    def __init__(self, body: bytes, place: Place) -> None:
        super().__init__(body=body, headers={"Content-Type": GEOJSON})
        self.place = place


def body_of(response: web.Response) -> bytes:
    """Give what an answer says."""
    body = response.body
    return bytes(body) if isinstance(body, bytes | bytearray) else b""


def document(content: Any, media_type: str = JSON) -> web.Response:
    """Answer with a small document."""
    return web.Response(body=orjson.dumps(content), headers={"Content-Type": media_type})


def problem(status: int, code: str, description: str) -> web.Response:
    """Answer with an error, in the form of OGC API - Features."""
    body = orjson.dumps({"code": code, "description": description})
    return web.Response(status=status, body=body, headers={"Content-Type": JSON})


def item_collection(
    store: Store, places: Sequence[int], links: list[dict[str, Any]], matched: int | None, place: Place
) -> Page:
    """Answer with a page: the items' own bytes, and around them what is new.

    Args:
        store: where the items are.
        places: which of them, in order.
        links: of the page.
        matched: how many items match in all; None to leave it out.
        place: of the page in its search.

    """
    parts: list[bytes | memoryview] = [b'{"type":"FeatureCollection","features":[']
    for item in places:
        parts += (store.line(item), b",")
    if places:
        parts.pop()
    counts = b"" if matched is None else b',"numberMatched":%d' % matched
    parts += (b'],"links":', orjson.dumps(links), counts, b',"numberReturned":%d}' % len(places))
    return Page(b"".join(parts), place)
