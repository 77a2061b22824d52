"""JSON text to items: what orjson refuses but today's module accepts, and what an item must at least be."""

from __future__ import annotations

import json

from stac_ingest.errors import ItemError
from stac_ingest.sources.base import Item


def parse(data: bytes) -> object:
    """Parse with the standard library, which also takes NaN and Infinity, as the module always has.

    Raises:
        ValueError: not JSON, not UTF-8, or nested too deeply.

    """
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def checked(found: object) -> Item:
    """Return an item: an object with an `id` that is text.

    Raises:
        ItemError: it is something else.

    """
    if not isinstance(found, dict):
        raise ItemError(f"not an item: found {type(found).__name__}, expected an object")
    if not isinstance(found.get("id"), str):
        raise ItemError(f"not an item: its id is {found.get('id')!r:.40}, expected text")
    return found
