"""Names of the folders that items and collections lie in."""

from __future__ import annotations

from collections.abc import Callable

from stac_ingest.core.file_names import hashed_name, safe_name
from stac_ingest.core.id_set import IdSet

ROOT = ""
"""Stands for the catalog's own folder, where others are named by their collection's."""
_OF_FILES = (".json", ".ndjson")
"""How the names of files end that lie beside these folders: the documents of catalogs, and a run's reports."""


class Places:
    """Hands out folder names that differ by more than upper and lower case, in 8 bytes for each.

    An ordinary identifier is the name itself. Only one that is no safe name, or whose name is taken by another in the
    same folder, has a hash in it.
    """

    def __init__(self) -> None:
        self._taken = IdSet()
        self._collections: dict[str, str] = {}

    @property
    def collections(self) -> dict[str, str]:
        """Names of the folders of collections, by id."""
        return self._collections

    def collection(self, collection: str) -> str:
        """Give the name of a collection's folder."""
        name = self._collections.get(collection)
        if name is None:
            name = safe_name(collection)
            if not self._take(ROOT, name):
                name = hashed_name(collection, person=b"collection")
            self._collections[collection] = name
        return name

    def item(self, folder: str, item_id: str, is_own: Callable[[str], bool]) -> str:
        """Give the name of an item's folder.

        Args:
            folder: the name of its collection's folder, or `ROOT`.
            item_id: its id.
            is_own: says whether the folder of a name that is taken already has this very item.

        """
        name = safe_name(item_id)
        return name if self._take(folder, name) or is_own(name) else hashed_name(item_id, person=b"item")

    def resume(self, folder: str, name: str, collection: str | None = None) -> None:
        """Note a name that an earlier run has handed out; of a collection with its id."""
        self._taken.add(folder, name.lower())
        if collection is not None:
            self._collections[collection] = name

    def _take(self, folder: str, name: str) -> bool:
        return not name.lower().endswith(_OF_FILES) and self._taken.add(folder, name.lower())
