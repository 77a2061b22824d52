"""JSON text to items: what counts as JSON, what an item must at least be, and which documents hold items.

orjson decides. What it refuses gets a second try with the standard library, which today's module uses: so NaN and
Infinity are taken, and a byte order mark or another encoding than UTF-8 is refused, as ever.
"""

from __future__ import annotations

import gc
import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from stac_ingest.core.model import Item
from stac_ingest.core.text import is_encodable
from stac_ingest.errors import ItemError

_DEEPEST = 1_000
"""Levels of JSON inside each other, about as many as Python 3.11 takes."""
FEATURE = "Feature"
_OF_ITEMS = ("geometry", "properties", "assets")
_OF_COLLECTIONS = ("extent", "summaries", "features")


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause the collector, in all threads, for a call of milliseconds that makes objects and drops none.

    Parsing a page of 100 items makes 10,000 containers, and after every 700 the collector would start, to find that all
    are in use. It is left off where the program has turned it off.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def parse(data: bytes) -> object:
    """Parse JSON text.

    Raises:
        ValueError: not JSON, not UTF-8, or nested too deeply.

    """
    try:
        with gc_paused():
            return orjson.loads(data)
    except orjson.JSONDecodeError:
        return parse_leniently(data)


def parse_leniently(data: bytes) -> object:
    """Parse what orjson refused; see `parse`."""
    try:
        # Programs on Windows begin files with this mark, which RFC 8259 lets readers pass over.
        found = json.loads(data.removeprefix(BOM_UTF8).decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    # From Python 3.12 on its parser goes deeper than what walks through the value later.
    if data.count(b"[") + data.count(b"{") > _DEEPEST and _is_too_deep(found):
        raise ValueError("nested too deeply")
    return found


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        containers = (each for each in level if isinstance(each, dict | list))
        level = [inner for each in containers for inner in (each.values() if isinstance(each, dict) else each)]
        if not level:
            return False
    return True


def wrong_type(found: object) -> str:
    """Say that an object isn't an item by its `type`."""
    return f"not an item: its type is {found!r:.40}, expected '{FEATURE}'"


def checked(value: object) -> Item:
    """Return an item: an object of the type `Feature` with an `id` that is text.

    One without any `type` is taken where all else is an item's: see `is_untyped_item`.

    Raises:
        ItemError: it is something else.

    """
    if not isinstance(value, dict):
        raise ItemError(f"not an item: found {type(value).__name__}, expected an object")
    item_id = value.get("id")
    if not isinstance(item_id, str) or not item_id:
        raise ItemError(f"not an item: its id is {item_id!r:.40}, expected text")
    if value.get("type") != FEATURE and not is_untyped_item(value):
        raise ItemError(wrong_type(value.get("type")))
    if not item_id.isascii():
        _check_encodable(item_id)
    return value


def is_untyped_item(value: dict[str, Any]) -> bool:
    """Whether an object without a `type` is an item all the same.

    The member is mandatory, but losing an item for the lack of it would be worse. So what has an id, and a geometry,
    properties or assets, is an item, unless it has what only a collection has.
    """
    if "type" in value or not isinstance(value.get("id"), str):
        return False
    return any(name in value for name in _OF_ITEMS) and not any(name in value for name in _OF_COLLECTIONS)


def members(content: object) -> list[object] | None:
    """Return what a document holds that should be items; None where it is of another kind.

    These are the members of a FeatureCollection, of a Collection with features, or of an array; or the one item: what
    says that it is a Feature, and what says nothing and looks like an item.
    """
    if isinstance(content, list):
        return content if not content or any(isinstance(member, dict) for member in content) else None
    if not isinstance(content, dict):
        return None
    kind = content.get("type")
    if kind == FEATURE or is_untyped_item(content):
        return [content]
    features = content.get("features")
    if isinstance(features, list):
        return features
    return [] if kind == "FeatureCollection" and features is None else None


def kind_in_words(content: object) -> str:
    """Say what a document is that holds no items: its type, such as `Catalog`, or `JSON` where it doesn't say."""
    kind = content.get("type") if isinstance(content, dict) else None
    return f"{kind:.40}" if isinstance(kind, str) and kind.isprintable() and kind else "JSON"


def _check_encodable(item_id: str) -> None:
    if not is_encodable(item_id):
        raise ItemError(f"not an item: its id {item_id!a:.40} can't be written as UTF-8")
