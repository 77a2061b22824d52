"""Reading what the client needs of a page without parsing all of it.

A page of 100 items takes a millisecond to parse, and the consumer parses it anyway. To ask for the next page only the
links are needed, and most servers write them behind the items.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import Any, NamedTuple

import orjson

from stac_ingest.api.salvage import parse_lenient
from stac_ingest.core.json_items import gc_paused
from stac_ingest.core.text import beginning
from stac_ingest.errors import ResponseError
from stac_ingest.http.urls import display

_EMPTY = re.compile(rb'"features"\s*:\s*(?:\[\s*\]|null)')


class Page(NamedTuple):
    """One page of items as received, and its links."""

    body: bytes
    url: str
    links: list[Any]
    empty: bool

    @property
    def has_next(self) -> bool:
        """Whether it has a `next` link."""
        return any(isinstance(link, dict) and link.get("rel") == "next" for link in self.links)


class Counts(NamedTuple):
    """What a page says of the whole search and of itself; None where it says nothing."""

    matched: int | None
    returned: int | None


def read_page(body: bytes, url: str) -> Page:
    """Look at a page: its links, and whether it holds items.

    Raises:
        ResponseError: it isn't a page of items: HTML, broken JSON, a JSON error message.

    """
    start = body.find(b'"features"')
    tail = _tail(body, "links") if start >= 0 and not _EMPTY.match(body, start) else None
    if tail is not None and isinstance(tail["links"], list) and not tail.get("errors"):
        return Page(body, url, tail["links"], empty=False)
    whole = parse_page(body, url)
    links = whole.get("links")
    return Page(body, url, links if isinstance(links, list) else [], empty=not whole["features"])


def page_counts(page: Page) -> Counts:
    """Read `numberMatched` and `numberReturned`, also in the older `context`, parsing everything only if it must be.

    Raises:
        ResponseError: the page is broken.

    """
    tail = _tail(page.body, "numberMatched")
    if tail is None or "numberReturned" not in tail:
        tail = parse_page(page.body, page.url)
    context = tail.get("context")
    context = context if isinstance(context, dict) else {}
    features = tail.get("features")
    returned = _count(tail.get("numberReturned"), context.get("returned"))
    if returned is None and isinstance(features, list):
        returned = len(features)
    return Counts(_count(tail.get("numberMatched"), context.get("matched")), returned)


def _tail(body: bytes, name: str) -> dict[str, Any] | None:
    """Parse from the last `"name"` to the end as an object.

    In valid JSON this succeeds exactly when that `"name"` is a key of the outermost object: at any other depth the
    brackets don't match, and as a value it lacks its colon. The one other way to meet these bytes is a longer key that
    ends in an escaped quote and the name; the backslash tells.
    """
    start = body.rfind(f'"{name}"'.encode())
    if start < 0 or body[start - 1 : start] == b"\\":
        return None
    try:
        parsed = orjson.loads(b"{" + body[start:])
    except orjson.JSONDecodeError:
        return None
    return parsed if isinstance(parsed, dict) else None


def parse_page(body: bytes, url: str) -> dict[str, Any]:
    """Parse a page whole; in the result `features` is a list, with an `ItemError` for each member that is no JSON.

    Raises:
        ResponseError: naming the URL and how the body begins.

    """
    try:
        whole = parse_object(body, url)
    except ResponseError:
        lenient = parse_lenient(body.removeprefix(BOM_UTF8))
        if lenient is None:
            raise
        whole = lenient
    if is_error(whole):
        raise ResponseError(f"{display(url)} answers with an error: {beginning(body)}", url=display(url), status=200)
    features = whole.get("features", ...)
    if features is None:
        features = whole["features"] = []
    if not isinstance(features, list):
        raise ResponseError(
            f"{display(url)} answers with JSON that holds no items: {beginning(body)}", url=display(url), status=200
        )
    return whole


def is_error(page: dict[str, Any]) -> bool:
    """Whether a page declares itself an error, whatever else it holds."""
    return bool(page.get("errors") or page.get("error"))


def parse_object(body: bytes, url: str) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        ResponseError: it isn't one; naming the URL and how the body begins.

    """
    try:
        with gc_paused():
            whole = orjson.loads(body.removeprefix(BOM_UTF8))
    except orjson.JSONDecodeError as error:
        kind = "HTML" if body.lstrip()[:1] == b"<" else "broken JSON"
        message = f"{display(url)} answers with {kind} ({error}; {len(body)} bytes): {beginning(body)}"
        raise ResponseError(message, url=display(url), status=200) from None
    if not isinstance(whole, dict):
        raise ResponseError(
            f"{display(url)} answers with JSON that isn't an object: {beginning(body)}", url=display(url), status=200
        )
    return whole


def _count(*candidates: Any) -> int | None:
    return next((c for c in candidates if isinstance(c, int) and not isinstance(c, bool) and c >= 0), None)
