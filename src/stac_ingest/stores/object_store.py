"""Objects of S3, Google Cloud Storage and Azure, by way of obstore."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import obstore
from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    NotModifiedError,
    NotSupportedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from stac_ingest.core.text import printable, too_large
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.stores.objects import NoSuchObject, Refuse, StoredObject, changed, checked
from stac_ingest.stores.unnamed_keys import UnnamedKey, unnamed_key

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import ObjectStore as AnyStore

PAGE = 1000
"""Objects that a store lists at once."""
_OF_ONE = (NotSupportedError, PermissionDeniedError, UnauthenticatedError, InvalidPathError, ValueError)
"""What obstore raises that concerns one object; what is left is the store's or the network's."""
_UNNAMED = "obstore can't read this key, nor list up to 999 keys before it; rename the object"
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
"""What stores that speak XML call an error."""
_DOCUMENT = re.compile(r"(status code: [^:<]*): <.*")
"""The document of an error, behind its status."""
_QUERY = re.compile(r"\?\S*")
"""Of a URL: it may hold a signature."""
_SHOWN = 400


class _Part(NamedTuple):
    """What is to be listed."""

    prefix: str
    after: str = ""
    """The key behind which it begins; empty for the beginning."""
    together: int = PAGE


class Whole(NamedTuple):
    """An object that was read."""

    data: bytes
    version: str
    """As of a `StoredObject`."""


class ObjectStore:
    """A bucket or a container."""

    def __init__(self, store: AnyStore, url: str, hint: str = "") -> None:
        """Read from a store.

        Args:
            store: of obstore.
            url: of the bucket, as it may be shown.
            hint: said with an error of the whole store, such as what may be missing in the environment.

        """
        self.url = url
        self._store = store
        self._hint = hint

    def head(self, key: str) -> StoredObject:
        """Look at an object; see `Store`."""
        try:
            return _object(obstore.head(self._store, key))
        except (BaseError, OSError, ValueError) as error:
            raise self._error(key, error) from None

    def read(self, of: StoredObject, start: int = 0, stop: int | None = None) -> bytes:
        """Read an object, or a range of it; see `Store`."""
        stop = of.size if stop is None else stop
        options: GetOptions = {"if_match": f'"{of.version}"'} if of.version else {}
        if (start, stop) != (0, of.size):
            options["range"] = (start, stop)
        try:
            # Without a range it may be longer than it was, and is closed unread then.
            result = obstore.get(self._store, of.key, options=options)
            meta = _object(result.meta)
            if meta.size != of.size:
                raise changed(self._shown(of.key))
            data = bytes(result.bytes())
        except (BaseError, OSError, ValueError) as error:
            raise self._error(of.key, error) from None
        return checked(data, stop - start, (of.version, meta.version), self._shown(of.key))

    def whole(self, key: str, most: int, version: str = "") -> Whole | None:
        """Return an object that wasn't looked at before, by one request.

        Args:
            key: of the object.
            most: bytes that it may have.
            version: that is known of it; empty for none.

        Returns:
            None where the object still has that version.

        Raises:
            ItemError: there is none, or it is larger than `most` bytes.
            DataProcessingError: the store can't be asked.

        """
        try:
            options: GetOptions = {"if_none_match": f'"{version}"'} if version else {}
            result = obstore.get(self._store, key, options=options)
            meta = _object(result.meta)
            if meta.size > most:
                raise ItemError(f"{self._shown(key)}: {too_large(meta.size, most)}")
            return Whole(bytes(result.bytes()), meta.version)
        except NotModifiedError:
            return None
        except (BaseError, OSError, ValueError) as error:
            raise self._error(key, error) from None

    def listed(self, prefix: str, refuse: Refuse | None = None) -> Iterator[list[StoredObject]]:
        """Yield the objects below a prefix; see `Store`."""
        waiting = [_Part(prefix)]
        while waiting:
            part = waiting.pop()
            last = part.after
            try:
                for page in self._pages(part):
                    last = page[-1].key
                    yield page
            except InvalidPathError as error:
                unnamed = unnamed_key(error)
                # A store that begins its listings at the beginning meets the same key again and again.
                if refuse is None or unnamed is None or unnamed.beyond <= part.after:
                    raise DataProcessingError(
                        f"{self.url}/{prefix} can't be listed whole, since obstore can't name one of its keys: "
                        f"{_beginning(error)}; rename that object, or give a prefix without it"
                    ) from None
                if part.together > 1:
                    # What obstore had together is lost with the error, so the last of it comes one by one.
                    waiting.append(part._replace(after=last, together=1))
                    continue
                refuse(unnamed.key, _UNNAMED)
                found, parts = self._around(part.prefix, last, unnamed)
                yield found
                waiting += reversed(parts)

    def _pages(self, part: _Part) -> Iterator[list[StoredObject]]:
        """Yield a part of a listing.

        Raises:
            InvalidPathError: there is a key on the next page that obstore can't name.
            DataProcessingError: the store can't be asked.

        """
        folder = part.prefix.rstrip("/") or None
        try:
            for page in obstore.list(self._store, folder, offset=part.after or None, chunk_size=part.together):
                yield list(map(_object, page))
        except InvalidPathError:
            raise
        except (BaseError, OSError, ValueError) as error:
            raise self._error(part.prefix, error) from None

    def _around(self, prefix: str, last: str, unnamed: UnnamedKey) -> tuple[list[StoredObject], list[_Part]]:
        """List what is behind the last key that came, without a key that spoils the page.

        Returns:
            Objects, and what is still to be listed: the folders beside the key's own, each by itself, and its own from
            the first key behind it that can be named.

        """
        objects: list[StoredObject] = []
        parts: list[_Part] = []
        folder = prefix
        try:
            while folder != unnamed.folder and unnamed.folder.startswith(folder):
                found = obstore.list_with_delimiter(self._store, folder.rstrip("/") or None)
                objects += [one for one in map(_object, found["objects"]) if one.key > last]
                inside = folder + unnamed.folder[len(folder) :].partition("/")[0] + "/"
                beside = {f"{name}/" for name in found["common_prefixes"]} - {inside}
                parts += [_Part(one, last if last.startswith(one) else "") for one in beside if one > last[: len(one)]]
                folder = inside
        except InvalidPathError:
            pass  # another such key lies directly in this folder, whose folders can't be told apart then
        except (BaseError, OSError, ValueError) as error:
            raise self._error(folder, error) from None
        try:
            objects.append(_object(obstore.head(self._store, unnamed.beyond)))
        except FileNotFoundError:
            pass
        except (BaseError, OSError, ValueError) as error:
            raise self._error(unnamed.beyond, error) from None
        return objects, [*parts, _Part(folder, unnamed.beyond)]

    def close(self) -> None:
        """Do nothing: obstore closes connections that aren't used."""

    def _shown(self, key: str) -> str:
        return printable(f"{self.url}/{key}")

    def _error(self, key: str, error: Exception) -> DataProcessingError:
        shown = self._shown(key)
        if isinstance(error, FileNotFoundError):
            return NoSuchObject(f"{shown}: there is no such object")
        if isinstance(error, PreconditionError):
            return changed(shown)
        text = f"{shown}: {_beginning(error)}"
        return ItemError(text + self._hint) if isinstance(error, _OF_ONE) else DataProcessingError(text + self._hint)


def _object(meta: Any) -> StoredObject:
    # Some stores list an ETag with its quotes, and others without.
    version = (meta.get("e_tag") or "").removeprefix("W/").strip('"')
    return StoredObject(meta["path"], int(meta["size"]), version)


def _beginning(error: Exception) -> str:
    """Return what an error says, without queries of URLs, and of the server's document only the code."""
    text = str(error)
    code = _CODE.search(text)
    text = re.sub(r"^Generic \w+ error: ", "", text.partition("\n")[0])
    text = _DOCUMENT.sub(r"\1", text)
    return printable(_QUERY.sub("", text)[:_SHOWN] + (f" ({code[1]})" if code else ""))
