"""The documents of a catalog, and the links that its layout owns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from stac_ingest.core.model import Item
from stac_ingest.outputs.catalog.extents import Extent

CATALOG, COLLECTION = "catalog.json", "collection.json"
OWNED = frozenset({"root", "parent", "self", "collection"})
"""Relations of items that the layout owns: where it puts an item, others would lead astray."""
_VERSION = "1.1.0"
_ITEM, _JSON = "application/geo+json", "application/json"
_ROOT = {"rel": "root", "href": f"./{CATALOG}", "type": _JSON}
_OF_LONE = [{"rel": rel, "href": f"../{CATALOG}", "type": _JSON} for rel in ("root", "parent")]
_OF_MEMBERS = [
    {"rel": "root", "href": f"../../{CATALOG}", "type": _JSON},
    *({"rel": rel, "href": f"../{COLLECTION}", "type": _JSON} for rel in ("parent", "collection")),
]


def placed(item: Item, *, in_collection: bool) -> tuple[Item, bool]:
    """Give an item the links of its place in the catalog.

    Args:
        item: stays as it is.
        in_collection: whether it lies in a collection's folder, or in the catalog's.

    Returns:
        The item with these links before its others, and whether links of its own were replaced.

    """
    own = item.get("links")
    links = own if isinstance(own, list) else []
    kept = [link for link in links if not (isinstance(link, dict) and link.get("rel") in _OWNED_LIST)]
    return {**item, "links": [*(_OF_MEMBERS if in_collection else _OF_LONE), *kept]}, len(kept) < len(links)


_OWNED_LIST = sorted(OWNED)
"""To look in: a relation may be anything, also what can't be in a set."""


def collection_lines(collection: str, extent: Extent, names: Iterable[str]) -> Iterator[bytes]:
    """Yield the document of a collection in pieces, since its links may be millions.

    Args:
        collection: its id.
        extent: of its items.
        names: of their folders, sorted.

    """
    document = {
        "type": "Collection",
        "id": collection,
        "stac_version": _VERSION,
        "description": "Items as they were ingested; this document was made of them.",
        "license": "other",
        "extent": {"spatial": {"bbox": extent.spatial()}, "temporal": {"interval": extent.temporal()}},
    }
    own = [{**_ROOT, "href": f"../{CATALOG}"}, {**_ROOT, "rel": "parent", "href": f"../{CATALOG}"}]
    yield from _with_links(document, own, (_item_link(name) for name in names))


def catalog_lines(collections: Iterable[str], names: Iterable[str]) -> Iterator[bytes]:
    """Yield the document of the whole, in pieces.

    Args:
        collections: names of their folders, sorted.
        names: those of the folders of items without a collection, sorted.

    """
    document = {
        "type": "Catalog",
        "id": "catalog",
        "stac_version": _VERSION,
        "description": "Items as they were ingested, by collection.",
    }
    children = ({"rel": "child", "href": f"./{name}/{COLLECTION}", "type": _JSON} for name in collections)
    yield from _with_links(document, [_ROOT], children, (_item_link(name) for name in names))


def _with_links(document: dict[str, Any], *links: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    yield orjson.dumps(document)[:-1] + b',"links":['
    separator = b"\n"
    for some in links:
        for link in some:
            yield separator + orjson.dumps(link)
            separator = b",\n"
    yield b"\n]}\n"


def _item_link(name: str) -> dict[str, Any]:
    return {"rel": "item", "href": f"./{name}/{name}.json", "type": _ITEM}
