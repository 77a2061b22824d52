"""A bucket or a container that is written to. A document is replaced only where nobody else has done so meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

from stac_ingest.errors import ItemError
from stac_ingest.stores.object_store import ObjectStore

if TYPE_CHECKING:
    from obstore import UpdateVersion


class Current(NamedTuple):
    """A document as it is in the store."""

    text: bytes
    version: UpdateVersion
    """What tells this content from another one."""


class WrittenStore(ObjectStore):
    """A bucket or a container. An object is written in one step: who reads sees all of it, or what was there before."""

    def put_file(self, key: str, path: Path) -> None:
        """Write a file to an object, in pieces, one after another, where it is large.

        Raises:
            DataProcessingError: the file can't be read, or the store can't be written to.

        """
        try:
            obstore.put(self._store, key, path, max_concurrency=1)
        except (BaseError, OSError, ValueError) as error:
            raise self._error(key, error) from None

    def current(self, key: str, most: int) -> Current | None:
        """Return a document, to be replaced; None where there is none.

        Args:
            key: of the object.
            most: bytes that it may have.

        Raises:
            ItemError: it is larger, or may not be read.
            DataProcessingError: the store can't be asked.

        """
        try:
            result = obstore.get(self._store, key)
            meta = result.meta
            if meta["size"] > most:
                raise ItemError(f"{self._shown(key)}: {meta['size']:,} bytes are more than this can be ({most:,})")
            # What a store doesn't say is left out: obstore gives None for it, and doesn't take that back.
            said = {name: value for name in ("e_tag", "version") if (value := meta.get(name)) is not None}
            return Current(bytes(result.bytes()), cast("UpdateVersion", said))
        except FileNotFoundError:
            return None
        except (BaseError, OSError, ValueError) as error:
            raise self._error(key, error) from None

    def replace(self, key: str, text: bytes, current: Current | None) -> None:
        """Write a document in one step, unless it is another by now than it was when it was read.

        Args:
            key: of the object.
            text: its content.
            current: what was read; None where there was none.

        Raises:
            ItemError: somebody else has written it meanwhile. What they wrote stays.
            DataProcessingError: the store can't be written to.

        """
        try:
            obstore.put(self._store, key, text, mode="create" if current is None else current.version)
        except (AlreadyExistsError, PreconditionError):
            raise ItemError(f"{self._shown(key)} was written by another program meanwhile") from None
        except (BaseError, OSError, ValueError) as error:
            raise self._error(key, error) from None

    def remove(self, keys: Sequence[str]) -> None:
        """Remove objects, many by one request where the store can.

        Raises:
            DataProcessingError: they can't be removed. Some may be.

        """
        try:
            obstore.delete(self._store, list(keys))
        except FileNotFoundError:
            return  # another program was faster
        except (BaseError, OSError, ValueError) as error:
            raise self._error(keys[0], error) from None
