"""From the links of a page, and the request that fetched it, to the next request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from stac_ingest.errors import LinkRefused, PaginationLoop
from stac_ingest.http.credentials import is_sendable
from stac_ingest.http.request import Request
from stac_ingest.http.urls import display, resolve, same_origin


def next_request(links: Sequence[Any], request: Request) -> Request | None:
    """Find the request for the next page, or None on the last one.

    `links` are a page's links as received; whatever in them isn't a link with a `rel` and an `href` is ignored.
    `request` is the one that fetched the page, with the URL that answered it.

    Raises:
        LinkRefused: the link leads where `urls.resolve` lets none go, or its body can't be sent.

    """
    link = _next_link(links, request.method)
    if link is None:
        return None
    url = resolve(link["href"], request.url)
    merge = link.get("merge") is True
    headers = _link_headers(link) if same_origin(url, request.url) else {}
    if merge and same_origin(url, request.url):
        headers = {**request.headers, **headers}
    if _method(link) == "GET":
        return Request("GET", url, headers)
    own, given = request.body or {}, link.get("body")
    if not isinstance(given, dict):
        # Without a body there is nothing to replace the search with; dropping it would drop the filters.
        return Request("POST", url, headers, own)
    _check_body(given, url)
    return Request("POST", url, headers, {**own, **given} if merge else given)


def _check_body(body: dict[str, Any], url: str) -> None:
    try:
        orjson.dumps(body)
    except orjson.JSONEncodeError as error:
        raise LinkRefused(
            f"the next link to {display(url)} has a body that can't be sent: {error}", url=display(url)
        ) from None


def _next_link(links: Sequence[Any], method: str) -> Any:
    matching = [
        link
        for link in links
        if isinstance(link, dict) and link.get("rel") == "next" and isinstance(link.get("href"), str) and link["href"]
    ]
    # Where a server offers both methods, that of the present request is kept.
    return next((link for link in matching if _method(link) == method), matching[0] if matching else None)


def _method(link: Mapping[str, Any]) -> str:
    return "POST" if str(link.get("method", "GET")).upper() == "POST" else "GET"


def _link_headers(link: Mapping[str, Any]) -> dict[str, str]:
    given = link.get("headers")
    if not isinstance(given, dict):
        return {}
    headers = {}
    for name, value in given.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        if is_sendable(name, text):
            headers[name] = text
    return headers


class VisitedRequests:
    """The requests made for one cursor, as hashes: a `next` that leads back to one of them is a loop."""

    __slots__ = ("_seen",)

    def __init__(self, first: Request) -> None:
        self._seen = {first.key}

    def add(self, request: Request) -> Request:
        """Note a request that is about to be made, and return it.

        Raises:
            PaginationLoop: it was made before.

        """
        if request.key in self._seen:
            detail = f" with body {orjson.dumps(request.body).decode():.300}" if request.body is not None else ""
            raise PaginationLoop(
                f"the next link {request.method} {display(request.url)}{detail} leads back to a page already fetched"
            )
        self._seen.add(request.key)
        return request
