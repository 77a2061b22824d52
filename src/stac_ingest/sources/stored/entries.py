"""Objects as lines of a listing: a name, and what shows a change, in one text, so that a million take little memory.

A listing of such texts sorts as its names do, since no key that obstore lists has a control character. Its fingerprint
changes with any object.
"""

from __future__ import annotations

from stac_ingest.stores.objects import StoredObject

_BETWEEN = "\x01"
"""Sorts before whatever a name can go on with."""


def entry(of: StoredObject, prefix: str) -> str:
    """Return the text of an object, with its name below a prefix."""
    return f"{of.key[len(prefix) :]}{_BETWEEN}{of.size}{_BETWEEN}{of.version}"


def name_of(listed: str) -> str:
    """Return the name in a text."""
    return listed.partition(_BETWEEN)[0]


def object_of(listed: str, prefix: str) -> StoredObject:
    """Return the object of a text."""
    name, size, version = listed.split(_BETWEEN)
    return StoredObject(f"{prefix}{name}", int(size), version)
