"""The items of a page, parsed one at a time.

Parsed whole, a page of 100 items is 10,000 objects before the first is used: more than a processor keeps close at hand,
and Python's collector looks through all of them. So a page is cut where one item seems to end and the next to begin.
The cuts are guesses, and parsing proves them: where every piece by itself is JSON, and what stands around them is too,
there is no other way to read the whole. Where a piece isn't, the rest of the page is parsed whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from stac_ingest.api.pages import is_error, parse_page
from stac_ingest.api.salvage import parse_lenient
from stac_ingest.core.long_numbers import has_long_number

_FEATURES = b'"features"'
_LIST = re.compile(rb'"features"\s*+:\s*+\[')
_OPENING = re.compile(rb'(\s*+)(\{\s*+"[^"\\]{1,80}+"\s*+:\s*+(?:"Feature")?)')
"""Spaces before the first item, and how it begins: the others of a page begin like it."""
_AROUND = b'{"features":['


class _Cuts(NamedTuple):
    """Where a page can be cut."""

    first: int
    separator: bytes
    overlap: int
    """Bytes of the separator that belong to the item before it and to none."""
    last: int
    """Where the last piece begins."""
    ending: list[object]
    """The items of the last piece, which is parsed with what stands behind it."""


def features(body: bytes, url: str) -> Iterator[object]:
    """Yield the members of a page's `features`, with an `ItemError` for each that is no JSON.

    Raises:
        ResponseError: the page, or what is left of it, isn't a page of items.

    """
    cuts = _cuts(body)
    if cuts is None:
        yield from parse_page(body, url)["features"]
        return
    loads, find, view = orjson.loads, body.find, memoryview(body)
    start = cuts.first
    while start < cuts.last:
        end = find(cuts.separator, start)
        try:
            feature = loads(view[start : end + 1])
        except orjson.JSONDecodeError:
            yield from parse_page(_AROUND + body[start:], url)["features"]
            return
        yield feature
        start = end + cuts.overlap
    yield from cuts.ending


def feature_texts(body: bytes) -> Iterator[bytes] | None:
    """Cut a page into the JSON texts of its items, without parsing more of it than the last of them.

    Returns:
        None where the page is none of the usual, or has a single item. A text may turn out to be no JSON; then the page
        is to be parsed by `features`.

    """
    cuts = _cuts(body)
    if cuts is None or len(cuts.ending) != 1:
        return None
    last = _last_text(body, cuts)
    return None if last is None else _texts(body, cuts, last)


def _texts(body: bytes, cuts: _Cuts, last: bytes) -> Iterator[bytes]:
    find, (start, separator, overlap, end_of_all, _) = body.find, cuts
    while start < end_of_all:
        end = find(separator, start)
        yield body[start : end + 1]
        start = end + overlap
    yield last


def _last_text(body: bytes, cuts: _Cuts) -> bytes | None:
    """Give the text of the last item; what stands behind it begins where its own brackets end."""
    text = orjson.dumps(cuts.ending[0])
    if body.startswith(text, cuts.last):
        return text
    # Written anew it holds the same, but for numbers that the parser has rounded.
    return None if has_long_number(body[cuts.last :]) else text


def exact_features(body: bytes, url: str) -> Iterator[object]:
    """Yield the same with every whole number as it is, where it is beyond 64 bits too.

    Raises:
        ResponseError: as `features` does.

    """
    found = parse_lenient(body, exact=True)
    yield from features(body, url) if found is None else found["features"]


def _cuts(body: bytes) -> _Cuts | None:
    """Find where to cut; None where there is nothing to cut, or the page is none of the usual."""
    begin = _LIST.match(body, body.find(_FEATURES))
    opening = _OPENING.match(body, begin.end()) if begin else None
    if begin is None or opening is None or not _is_sound(body[: begin.end()] + b"]}"):
        return None
    first = opening.start(2)
    for between in dict.fromkeys((b"},", b"}, ", b"}," + opening[1])):
        separator = between + opening[2]
        if (last := body.rfind(separator, first)) >= 0:
            overlap = len(between)
            ending = _ending(body, last + overlap)
            return None if ending is None else _Cuts(first, separator, overlap, last + overlap, ending)
    return None


def _is_sound(head: bytes) -> bool:
    """Whether the list that was found is the page's own: at any other place the brackets wouldn't match."""
    try:
        page = orjson.loads(head)
    except orjson.JSONDecodeError:
        return False
    return page.get("features") == [] and not is_error(page)


def _ending(body: bytes, start: int) -> list[object] | None:
    """Parse the last item and what stands behind it: of a page that was cut off, it isn't known what is missing."""
    if body.find(_FEATURES, start) >= 0:
        return None
    try:
        page = orjson.loads(_AROUND + body[start:])
    except orjson.JSONDecodeError:
        return None
    last: list[object] = page["features"]
    return None if is_error(page) else last
