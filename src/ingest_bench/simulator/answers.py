"""Answers, as bytes with their media type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from ingest_bench.simulator.store import Store

JSON, GEOJSON, OPENAPI = "application/json", "application/geo+json", "application/vnd.oai.openapi+json;version=3.0"


def document(content: Any, media_type: str = JSON) -> web.Response:
    """Answer with a small document."""
    return web.Response(body=orjson.dumps(content), headers={"Content-Type": media_type})


def problem(status: int, code: str, description: str) -> web.Response:
    """Answer with an error, in the form of OGC API - Features."""
    body = orjson.dumps({"code": code, "description": description})
    return web.Response(status=status, body=body, headers={"Content-Type": JSON})


def item_collection(
    store: Store, places: Sequence[int], links: list[dict[str, Any]], matched: int | None
) -> web.Response:
    """Answer with a page: the items' own bytes, and around them what is new.

    Args:
        store: where the items are.
        places: which of them, in order.
        links: of the page.
        matched: how many items match in all; None to leave it out.

    """
    parts: list[bytes | memoryview] = [b'{"type":"FeatureCollection","features":[']
    for place in places:
        parts += (store.line(place), b",")
    if places:
        parts.pop()
    counts = b"" if matched is None else b',"numberMatched":%d' % matched
    parts += (b'],"links":', orjson.dumps(links), counts, b',"numberReturned":%d}' % len(places))
    return web.Response(body=b"".join(parts), headers={"Content-Type": GEOJSON})
