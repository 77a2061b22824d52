"""Which members of two items differ."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from stac_ingest.core.model import Item

MOST_MEMBERS = 20
"""Members that are named of one item."""
_LONGEST = 200


def differing_members(one: Item, other: Item) -> list[str]:
    """Name the members in which two items differ, as `assets.B04.href` or `links.0.title`: at most `MOST_MEMBERS`.

    Args:
        one: in the form in which items are compared.
        other: likewise.

    """
    return [path[:_LONGEST] for path in islice(_paths(one, other, ""), MOST_MEMBERS)]


def _paths(one: Any, other: Any, path: str) -> Iterator[str]:
    if type(one) is dict and type(other) is dict:
        for name in sorted(one.keys() | other.keys()):
            inner = f"{path}.{name}" if path else name
            if name in one and name in other:
                yield from _paths(one[name], other[name], inner)
            else:
                yield inner
    elif type(one) is list and type(other) is list and len(one) == len(other):
        for number, (member, another) in enumerate(zip(one, other, strict=True)):
            yield from _paths(member, another, f"{path}.{number}")
    elif type(one) is not type(other) or one != other:
        yield path
