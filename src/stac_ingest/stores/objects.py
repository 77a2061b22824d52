"""What every store is: it lists objects, and reads them whole or in ranges, from any thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, TypeAlias

from stac_ingest.errors import ItemError


class NoSuchObject(ItemError):  # noqa: N818 - named for what happened
    """There is no object of that key."""


class StoredObject(NamedTuple):
    """An object as it was listed, or looked at."""

    key: str
    size: int
    """Bytes."""
    version: str
    """What the store calls this content (an ETag, without quotes); empty where it says nothing."""


Refuse: TypeAlias = Callable[[str, str], None]
"""Told of a key that is there and can't be read, and why."""


class Store(Protocol):
    """One bucket, container or web server.

    Its methods wait for the network, so they are for threads other than the event loop's.
    """

    url: str
    """As it may be shown, without a slash at the end."""

    def head(self, key: str) -> StoredObject:
        """Look at an object.

        Raises:
            ItemError: there is none, or it may not be read.
            DataProcessingError: the store can't be asked.

        """

    def read(self, of: StoredObject, start: int = 0, stop: int | None = None) -> bytes:
        """Read an object, or a range of it; the range is within it.

        Raises:
            ItemError: it isn't what it was when it was listed, or may not be read.
            DataProcessingError: the store can't be asked.

        """

    def listed(self, prefix: str, refuse: Refuse | None = None) -> Iterator[list[StoredObject]]:
        """Yield the objects below a prefix, some at a time, mostly by their keys' order.

        Args:
            prefix: ends at a slash; empty for all.
            refuse: told of keys that can't be named in a request.

        Raises:
            DataProcessingError: the store can't be asked, or has a key that can't be named, and can't be listed around
                it, or nobody is to be told of it.

        """

    def close(self) -> None:
        """Close connections. Closing twice is fine."""


def changed(shown: str) -> ItemError:
    """Return the error for an object that is another by now."""
    return ItemError(f"{shown} has changed while it was read; start again")


def checked(data: bytes, size: int, version: tuple[str, str], shown: str) -> bytes:
    """Return what was read, if it is as much as was asked for, of the content that was listed.

    Args:
        data: as it came.
        size: bytes that were asked for.
        version: of the object as it was listed, and as it came.
        shown: what the object is called.

    Raises:
        ItemError: it isn't.

    """
    listed, came = version
    if listed and came and listed != came:
        raise changed(shown)
    if len(data) != size:
        raise ItemError(f"{shown}: {len(data)} bytes came, expected {size}")
    return data
