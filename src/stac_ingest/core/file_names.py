"""File names from identifiers that strangers chose."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

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


def hashed_name(identifier: str) -> str:
    """Join the readable part of an identifier, `~` and 128 bits of its hash: distinct without regard to case."""
    digest = hashlib.blake2b(identifier.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    readable = _UNSAFE.sub("_", identifier[:_READABLE]).strip("_-")
    return f"{readable or 'id'}~{digest}"


class NameRegister:
    """Hands out file names that differ by more than upper and lower case.

    Only the second spelling of a name gets a hash, so that ordinary identifiers stay as they are. What the folder holds
    already counts, so a later run gives the same names.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._spellings = {name.lower(): name for name in taken}

    def name(self, identifier: str) -> str:
        """Give the name for an identifier; the same one whenever it is asked for again."""
        plain = safe_name(identifier)
        if self._spellings.setdefault(plain.lower(), plain) == plain:
            return plain
        return hashed_name(identifier)
