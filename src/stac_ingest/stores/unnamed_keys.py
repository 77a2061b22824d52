"""Keys that obstore can't name, nor list a page with: an empty part (`//`), a part of dots, or a control character."""

from __future__ import annotations

import re
from typing import NamedTuple

from obstore.exceptions import InvalidPathError

_SAID = re.compile(
    r'invalid path: (?:Error parsing )?Path "(.*)"(?: contained empty path segment|: Encountered )', re.DOTALL
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_AFTER_SLASH = "0"
"""The character that comes next to it."""


class UnnamedKey(NamedTuple):
    """Such a key, and what no key that begins like it can do without."""

    key: str
    folder: str
    """Up to the part that is at fault: the deepest folder that can be listed."""
    beyond: str
    """The first key behind this one that can be named; all between the two begin with the same fault."""


def unnamed_key(error: InvalidPathError) -> UnnamedKey | None:
    """Find out which key made a listing fail; None where the error doesn't say so in the words that are known."""
    found = _SAID.search(str(error))
    return None if found is None else _looked_at(found[1])


def _looked_at(key: str) -> UnnamedKey | None:
    folder = ""
    parts = key.split("/")
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        if control := _CONTROL.search(part):
            behind = "\x80" if control[0] == "\x7f" else " "
            return UnnamedKey(key, folder, f"{folder}{part[: control.start()]}{behind}")
        if not part and not is_last:
            # Behind a slash, or at the beginning, comes another one.
            return UnnamedKey(key, folder, f"{folder}{_AFTER_SLASH}")
        if part in {".", ".."}:
            return UnnamedKey(key, folder, f"{folder}{part}{' ' if is_last else _AFTER_SLASH}")
        folder += f"{part}/"
    return None
