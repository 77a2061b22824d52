"""Folders named `key=value`, as Hive and its successors cut a table: what rows lack stands in the path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from stac_ingest.core.hive_folders import NOTHING
from stac_ingest.core.model import Item

if TYPE_CHECKING:
    import pyarrow as pa

NUMBERS = frozenset({"year", "month", "day", "hour"})
"""Keys whose values are whole numbers. Others stay text: `tile=007` is not 7."""
_OF_ITEMS = frozenset({"collection", "id"})


def keys_of(path: str) -> dict[str, Any]:
    """Return the keys that the folders of a path name, with their values.

    Args:
        path: of a file, below the folder of the table.

    """
    found: dict[str, Any] = {}
    for folder in path.split("/")[:-1]:
        key, equals, value = folder.partition("=")
        if equals and key and value != NOTHING:
            text = unquote(value)
            is_number = key in NUMBERS and text.isascii() and text.isdecimal() and len(text) <= 9  # noqa: PLR2004
            found[unquote(key)] = int(text) if is_number else text
    return found


def keys_of_items(path: str, schema: pa.Schema | None) -> dict[str, Any]:
    """Return the keys of a path without those that our own writer has made of the items.

    Args:
        path: of a file, below the folder of the table.
        schema: of the file; None where it can't be read.

    """
    keys = keys_of(path)
    if not keys or schema is None:
        return keys
    from stac_ingest.geoparquet.stac_schema import folder_keys  # noqa: PLC0415 - paths of other files have keys, too

    own = folder_keys(schema)
    return {key: value for key, value in keys.items() if key not in own}


def fill(item: Item, keys: dict[str, Any]) -> Item:
    """Give an item what its row lacks: `collection` as such, everything else as a property; and a plain row a member.

    Returns:
        The item. What it has already stays as it is.

    """
    properties = item.get("properties")
    is_item = item.get("type") == "Feature" and isinstance(properties, dict)
    for key, value in keys.items():
        holder = properties if is_item and isinstance(properties, dict) and key not in _OF_ITEMS else item
        if holder.get(key) is None:
            holder[key] = value
    return item
