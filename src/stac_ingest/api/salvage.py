"""Reading a page that a JSON parser refuses item by item, so that one bad item costs one item."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from stac_ingest.core.json_items import parse, parse_leniently
from stac_ingest.errors import ItemError

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{},:]', re.DOTALL)
_FEATURES = b'"features"'
_INSIDE = 2
"""Depth of brackets between the members of the outermost `features`."""


def parse_lenient(body: bytes, *, exact: bool = False) -> dict[str, Any] | None:
    """Parse a page whose outline is sound; in place of each member of `features` that isn't, there is an `ItemError`.

    Return None where the outline is broken, as in a page that was cut off: then it isn't known what is missing. With
    `exact`, whole numbers beyond 64 bits come as they are.
    """
    members = _members(body) if body.lstrip().startswith(b"{") else None
    if members is None:
        return None
    start, end, texts = members
    try:
        page = orjson.loads(body[:start] + body[end:])
    except orjson.JSONDecodeError:
        return None
    if not isinstance(page, dict):
        return None
    page["features"] = [_parsed(text, parse_leniently if exact else parse) for text in texts]
    return page


def _parsed(text: bytes, parser: Callable[[bytes], object]) -> object:
    try:
        return parser(text)
    except ValueError as error:
        return ItemError(f"not JSON: {error}")


def _members(body: bytes) -> tuple[int, int, list[bytes]] | None:
    """Find where the members of the outermost `features` start and end, and cut them apart."""
    depth, named, members = 0, False, None
    texts: list[bytes] = []
    start = cut = -1
    for match in _TOKEN.finditer(body):
        token = match[0]
        if token in b"[{":
            depth += 1
            if named and token == b"[":
                start = cut = match.end()
                texts = []
        elif token in b"]}":
            depth -= 1
            if start >= 0 and depth < _INSIDE:
                texts.append(body[cut : match.start()])
                members, start = (start, match.start(), [text for text in texts if text.strip()]), -1
        elif start >= 0 and depth == _INSIDE and token == b",":
            texts.append(body[cut : match.start()])
            cut = match.end()
        named = depth == 1 and (token == _FEATURES or (named and token == b":"))
    return members if depth == 0 else None
