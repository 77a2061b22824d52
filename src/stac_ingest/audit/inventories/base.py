"""What every inventory is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from stac_ingest.core.id_set import Key

Failed = Callable[[str, str], None]
"""Told of a file, or a line of it, that can't be used, and why: what it says of items isn't known."""


class Inventory(Protocol):
    """A list of items by their ids, without their content."""

    passed_over: int
    """Entries that stand for no item, of those read so far."""

    @property
    def label(self) -> str:
        """What it is, in words."""

    @property
    def has_collections(self) -> bool:
        """Whether it says of which collection an item is; else ids alone are compared."""

    @property
    def has_keys(self) -> bool:
        """Whether ids are made of the keys of objects: then several objects may be of one item."""

    def keys(self, failed: Failed) -> Iterator[Key]:
        """Yield the collection, "" where it isn't known, and the id of each entry."""
