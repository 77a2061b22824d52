"""JSON text to items: what counts as JSON, and what an item must at least be.

orjson decides. What it refuses gets a second try with the standard library, which today's module uses: so NaN and
Infinity are taken, and a byte order mark or another encoding than UTF-8 is refused, as ever.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from stac_ingest.core.model import Item
from stac_ingest.errors import ItemError


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
        return json.loads(data.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None


def checked(value: object) -> Item:
    """Return an item: an object with an `id` that is text.

    Raises:
        ItemError: it is something else.

    """
    if not isinstance(value, dict):
        raise ItemError(f"not an item: found {type(value).__name__}, expected an object")
    item_id = value.get("id")
    if not isinstance(item_id, str) or not item_id:
        raise ItemError(f"not an item: its id is {item_id!r:.40}, expected text")
    if not item_id.isascii():
        _check_encodable(item_id)
    return value


def _check_encodable(item_id: str) -> None:
    try:
        item_id.encode()
    except UnicodeEncodeError:
        raise ItemError(f"not an item: its id {item_id!a:.40} can't be written as UTF-8") from None
