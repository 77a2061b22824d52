"""Responses, as bytes with their media type."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import orjson
from aiohttp import web

JSON, GEOJSON, OPENAPI = "application/json", "application/geo+json", "application/vnd.oai.openapi+json;version=3.0"
HTML = "text/html; charset=utf-8"


class PagePosition(NamedTuple):
    """Where in its search a page lies: what a fault needs to know to change it."""

    start: int
    """Items before it."""
    limit: int
    """Items of a full page."""
    matched: int
    """Items of the whole search."""
    cursor: Any
    """The value of the paging parameter as requested; None on a first page."""
    link: Callable[[int], dict[str, Any]]
    """Makes the `next` link to the page that starts after that many items."""

    @property
    def returned(self) -> int:
        """Items of this page."""
        return max(0, min(self.limit, self.matched - self.start))


class Page(web.Response):
    """A page of items, with its position in the search."""

    def __init__(self, body: bytes, position: PagePosition) -> None:
        super().__init__(body=body, headers={"Content-Type": GEOJSON})
        self.position = position


def body_of(response: web.Response) -> bytes:
    """Return the body of a response; empty where it is streamed."""
    body = response.body
    return bytes(body) if isinstance(body, bytes | bytearray) else b""


def document(content: Any, media_type: str = JSON) -> web.Response:
    """Return a small document as JSON."""
    return web.Response(body=orjson.dumps(content), headers={"Content-Type": media_type})


def problem(status: int, code: str, description: str) -> web.Response:
    """Return an error in the form of OGC API - Features."""
    body = orjson.dumps({"code": code, "description": description})
    return web.Response(status=status, body=body, headers={"Content-Type": JSON})


def item_collection(
    lines: Iterable[bytes | memoryview],
    links: list[dict[str, Any]],
    matched: int | None,
    position: PagePosition,
) -> Page:
    """Return a page: the items' own bytes, with new ones around them only.

    Args:
        lines: the items, or what is sent of them, as JSON.
        links: of the page.
        matched: how many items match in all; None to leave it out.
        position: of the page in its search.

    """
    parts: list[bytes | memoryview] = [b'{"type":"FeatureCollection","features":[']
    for line in lines:
        parts += (line, b",")
    returned = len(parts) // 2
    if returned:
        parts.pop()
    counts = b"" if matched is None else b',"numberMatched":%d' % matched
    parts += (b'],"links":', orjson.dumps(links), counts, b',"numberReturned":%d}' % returned)
    return Page(b"".join(parts), position)
