"""What every store is: it lists objects, and reads them whole or in ranges, from any thread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from stac_ingest.errors import ItemError


class StoredObject(NamedTuple):
    """An object as it was listed, or looked at."""

    key: str
    size: int
    """Bytes."""
    version: str
    """What the store calls this content (an ETag, without quotes); empty where it says nothing."""


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

    def listed(self, prefix: str) -> Iterator[list[StoredObject]]:
        """Yield the objects below a prefix, which ends at a slash, some at a time.

        Raises:
            DataProcessingError: the store can't be asked, or can't be listed whole.

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
