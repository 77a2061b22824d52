"""JSON text to items: what counts as JSON, and what an item must at least be.

orjson decides. What it refuses gets a second try with the standard library, which today's module uses: so NaN and
Infinity are taken, and a byte order mark or another encoding than UTF-8 is refused, as ever.
"""

from __future__ import annotations

import json

import orjson

from stac_ingest.core.gc_pause import gc_paused
from stac_ingest.core.model import Item
from stac_ingest.errors import ItemError


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
        return json.loads(data.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None


def checked(found: object) -> Item:
    """Return an item: an object with an `id` that is text.

    Raises:
        ItemError: it is something else.

    """
    if not isinstance(found, dict):
        raise ItemError(f"not an item: found {type(found).__name__}, expected an object")
    item_id = found.get("id")
    if not isinstance(item_id, str) or not item_id:
        raise ItemError(f"not an item: its id is {item_id!r:.40}, expected text")
    if not item_id.isascii():
        _check_encodable(item_id)
    return found


def _check_encodable(item_id: str) -> None:
    try:
        item_id.encode()
    except UnicodeEncodeError:
        raise ItemError(f"not an item: its id {item_id!a:.40} can't be written as UTF-8") from None
