"""The collections of a pgstac: found, or made where an item needs one. One that is there is never written over."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import orjson
from psycopg import Error
from psycopg.types.json import Jsonb

from stac_ingest.core.model import Item
from stac_ingest.errors import ConfigurationError, ItemError
from stac_ingest.outputs.pgstac.copy_rows import ELSEWHERE, BaseItem
from stac_ingest.outputs.pgstac.database import Connection, in_words, reconnect

_FOUND = """
    SELECT partition_trunc, b.base_item, b.base_item_id, EXISTS (SELECT 1 FROM items WHERE collection = c.id)
    FROM collections c, current_base_item(c.id) b WHERE c.id = %s
"""
_MADE = "INSERT INTO collections (content, partition_trunc) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_EXTENT = """
    UPDATE collections SET content = jsonb_set(content, '{extent}', extent)
    FROM (SELECT collection_extent(%s, TRUE) AS extent) AS found WHERE id = %s AND extent IS NOT NULL
"""
_WORLD = [-180.0, -90.0, 180.0, 90.0]
_VERSION = "1.1.0"


class Collection(NamedTuple):
    """What is to be known of a collection to write its items."""

    base: BaseItem
    trunc: str | None
    """How it is partitioned: by `year`, by `month`, or not at all."""
    had_items: bool
    """Whether it has some already, when it was looked up."""


class Collections:
    """Looks collections up, each once, and makes those that aren't there.

    Attributes:
        connection: used from one thread at a time; another one once it was lost.
        made: ids of those that were made, in this run; True where there was a document of it.

    """

    def __init__(
        self, connection: Connection, dsn: str, documents: dict[str, dict[str, Any]], trunc: str | None
    ) -> None:
        """Take what is used of a database.

        Args:
            connection: to look up with.
            dsn: where to connect again.
            documents: collections by id, for those that aren't there yet.
            trunc: how those are partitioned.

        """
        self.connection = connection
        self._dsn = dsn
        self._documents = documents
        self._trunc = trunc
        self._known: dict[str, Collection] = {}
        self.made: dict[str, bool] = {}

    def of(self, item: Item) -> Collection:
        """Return the collection of an item.

        Raises:
            ItemError: the item says none, or pgstac takes none of its id.

        """
        name = item.get("collection")
        if type(name) is not str or not name:
            raise ItemError("it says no collection, and pgstac has none without")
        if (found := self._known.get(name)) is None:
            self._known[name] = found = self._looked_up(name, item)
        return found

    def known(self, item: Item) -> Collection | None:
        """Return the collection of an item where it was looked up before; the database isn't asked."""
        name = item.get("collection")
        return self._known.get(name) if type(name) is str else None

    def describe(self) -> None:
        """Give the collections that were made without a document the extent of their items.

        Raises:
            psycopg.Error: the database doesn't take it.

        """
        if self.connection.closed:
            self.connection = reconnect(self._dsn)
        for name, documented in self.made.items():
            if not documented:
                self.connection.execute(_EXTENT, [name, name])

    def _looked_up(self, name: str, item: Item) -> Collection:
        try:
            found = self._found_or_made(name, item)
        except (UnicodeEncodeError, Error) as error:
            if self.connection.closed:
                self.connection = reconnect(self._dsn)
                return self._looked_up(name, item)
            raise ItemError(f"its collection can't be looked up, or made: {in_words(error)}") from None
        if found is None:
            raise ItemError("its collection was taken away while it was looked up")
        return found

    def _found_or_made(self, name: str, item: Item) -> Collection | None:
        found = self._find(name)
        if found is None:
            self._make(name, item)
            found = self._find(name)
        return found

    def _find(self, name: str) -> Collection | None:
        row = self.connection.execute(_FOUND, [name]).fetchone()
        if row is None:
            return None
        trunc, base, tag, had_items = row
        kept = {name: value for name, value in (base or {}).items() if name not in ELSEWHERE and value is not None}
        return Collection(BaseItem(kept, tag), trunc, had_items)

    def _make(self, name: str, item: Item) -> None:
        document = self._documents.get(name)
        content = document or {
            "type": "Collection",
            "stac_version": item.get("stac_version", _VERSION),
            "id": name,
            "description": name,
            "license": "other",
            "extent": {"spatial": {"bbox": [_WORLD]}, "temporal": {"interval": [[None, None]]}},
            "links": [],
        }
        if self.connection.execute(_MADE, [Jsonb(content, orjson.dumps), self._trunc]).rowcount:
            self.made[name] = document is not None


def documents_of(path: Path) -> dict[str, dict[str, Any]]:
    """Read collections from a file: a document, a list of them, `{"collections": [...]}`, or one a line.

    Raises:
        ConfigurationError: it can't be read, or holds something else.

    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"collections: can't read {path}: {error.strerror or error}") from None
    try:
        found: Any = orjson.loads(text)
    except ValueError:
        try:
            found = [orjson.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise ConfigurationError(f"collections: {path} is neither JSON nor NDJSON: {error}") from None
    if isinstance(found, dict) and isinstance(found.get("collections"), list):
        found = found["collections"]
    documents = found if isinstance(found, list) else [found]
    for document in documents:
        if not isinstance(document, dict) or document.get("type") != "Collection" or not document.get("id"):
            raise ConfigurationError(f"collections: {path} holds something else than collections")
    return {str(document["id"]): document for document in documents}
