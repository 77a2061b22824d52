"""File names from identifiers that strangers chose."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterable
from typing import NamedTuple

from stac_ingest.core.id_set import Key

MAX_PLAIN = 180
"""Characters. Room is left for suffixes below the 255 bytes that file systems allow."""

_PLAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.+@=, -]*[A-Za-z0-9_+@=-])?")
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin|conout)(?:[ .].*)?", re.IGNORECASE)
_READABLE = 60


def safe_name(identifier: str) -> str:
    """Give a file name for an identifier: itself where it is plain, else its readable part, `~` and 128 bits of hash.

    Different identifiers get different names. The result is ASCII, at most 180 characters, has no path separator, never
    starts or ends with a dot, and is no device name of Windows. A name with `~` is never itself a plain one.
    """
    if len(identifier) <= MAX_PLAIN and _PLAIN.fullmatch(identifier) and not _RESERVED.fullmatch(identifier):
        return identifier
    return hashed_name(identifier)


def hashed_name(identifier: str, person: bytes = b"") -> str:
    """Join the readable part of an identifier, `~` and 128 bits of its hash: distinct without regard to case.

    The same identifier has another hash for another `person`, of at most 16 bytes.
    """
    digest = hashlib.blake2b(identifier.encode("utf-8", "surrogatepass"), digest_size=16, person=person).hexdigest()
    readable = _UNSAFE.sub("_", identifier[:_READABLE]).strip("_-")
    return f"{readable or 'id'}~{digest}"


def qualified_name(collection: str, identifier: str) -> str:
    """Give the name of an item that shares its identifier: collection and id, as far as readable, `~` and a hash."""
    return hashed_name(f"{collection}/{identifier}", person=b"collection/id")


class Claim(NamedTuple):
    """The name of an item's file."""

    name: str
    moved: tuple[Key, str] | None = None
    """The item whose name that was so far, and its name from now on."""


class NameRegister:
    """Hands out file names that differ by more than upper and lower case.

    Ordinary identifiers stay as they are: only the second spelling of a name gets a hash. Of items that share an
    identifier, that of the collection that sorts first has it as its name, and the others' names say their collections;
    so the names don't depend on which came first. What the folder holds already counts, so a later run gives the same
    names.
    """

    def __init__(self, taken: Iterable[str] = (), owner: Callable[[str], str | None] = lambda _: None) -> None:
        """Begin with the names that are in the folder.

        Args:
            taken: these names.
            owner: says of which collection the item is that has one of them; None where it may be replaced.

        """
        self._spellings = {name.lower(): name for name in taken}
        self._unclaimed = set(self._spellings.values())
        self._owner = owner
        self._first: str | None = None
        self._others: dict[str, str] = {}
        """Collections of names, without those of the first collection that came: often it is the only one."""

    def name(self, identifier: str) -> str:
        """Give the name for an identifier; the same one whenever it is asked for again."""
        plain = safe_name(identifier)
        if self._spellings.setdefault(plain.lower(), plain) == plain:
            return plain
        return hashed_name(identifier)

    def claim(self, collection: str, identifier: str) -> Claim:
        """Give the name for an item; the item that had it so far may have to take another one."""
        known = len(self._spellings)
        name = self.name(identifier)
        if len(self._spellings) > known:
            self._own(name, collection)
            return Claim(name)
        owner = self._owner_of(name)
        if owner is None or owner == collection:
            self._own(name, collection)
            return Claim(name)
        if owner < collection:
            return Claim(qualified_name(collection, identifier))
        self._own(name, collection)
        return Claim(name, ((owner, identifier), qualified_name(owner, identifier)))

    def _own(self, name: str, collection: str) -> None:
        if self._first is None:
            self._first = collection
        self._spellings.setdefault(name.lower(), name)
        if collection != self._first:
            self._others[name] = sys.intern(collection)
        elif self._others:
            self._others.pop(name, None)

    def _owner_of(self, name: str) -> str | None:
        if name in self._unclaimed:
            self._unclaimed.discard(name)
            owner = self._owner(name)
            if owner is not None:
                self._own(name, owner)
            return owner
        if self._spellings.get(name.lower()) != name:
            return None
        return self._others.get(name, self._first)
