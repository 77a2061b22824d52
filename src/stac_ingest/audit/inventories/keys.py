"""Ids in the keys of objects."""

from __future__ import annotations

import re

from stac_ingest.core.id_set import Key
from stac_ingest.core.unpack import SUFFIXES
from stac_ingest.errors import ConfigurationError
from stac_ingest.sources.kind import DESCRIPTIONS

_ID, _COLLECTION = "id", "collection"


class KeyPattern:
    """Finds the id of the item that an object belongs to, and its collection, in the object's key."""

    def __init__(self, pattern: str | None) -> None:
        """Take a regular expression with the group `id`, and perhaps `collection`, which is searched for in each key.

        Without one the id is the last part of the key without its ending, and collections and catalogs are no items.

        Raises:
            ConfigurationError: it is none, or lacks the group.

        """
        self._pattern = None
        if pattern is not None:
            try:
                self._pattern = re.compile(pattern)
            except re.error as error:
                raise ConfigurationError(
                    f"--key-pattern: {pattern!r:.80} isn't a regular expression: {error}"
                ) from None
            if _ID not in self._pattern.groupindex:
                raise ConfigurationError(f"--key-pattern: {pattern!r:.80} has no group (?P<id>...)")

    @property
    def has_collections(self) -> bool:
        """Whether keys tell collections."""
        return self._pattern is not None and _COLLECTION in self._pattern.groupindex

    def find(self, key: str) -> Key | None:
        """Return the collection, "" where the key doesn't tell, and the id; None for a key of no item."""
        if self._pattern is None:
            name = key.rpartition("/")[2]
            if not name or name in DESCRIPTIONS:
                return None
            if name.lower().endswith(SUFFIXES):
                name = name.rpartition(".")[0]
            stem, _, ending = name.rpartition(".")
            return ("", stem if stem and ending else name)
        match = self._pattern.search(key)
        if match is None or not match[_ID]:
            return None
        return ((match[_COLLECTION] or "") if self.has_collections else "", match[_ID])
