"""What pgstac keeps of an item: only what differs from the base item of its collection.

A base item has what items of a collection usually share, such as its `item_assets`. Putting the two together again
(`hydrated`) is what pgstac's `content_hydrate` does: objects are merged, and so are lists of one length, element by
element. A member that the base has and the item hasn't is marked, so that it doesn't come back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MARK = "𒍟※"
"""Stands for a member that is not to come from the base."""
TAG = "pgstac:base_item"
"""The member that says which of a collection's base items an item was stored against, since pgstac 0.10."""

_NOTHING: Any = object()


def dehydrated(
    item: dict[str, Any], base: dict[str, Any], lost: Callable[[str], None], within: str = ""
) -> dict[str, Any]:
    """Return what is left of an item without what the base has.

    Args:
        item: or a part of one.
        base: of the same part.
        lost: told the names of members that can't be kept: nulls, where the base has a value.
        within: what comes before those names, where it is a part.

    """
    left: dict[str, Any] = {}
    for name, value in item.items():
        common = base.get(name)
        if common is None:
            left[name] = value
            continue
        kept = _different(value, common, lost, within + name)
        if kept is not _NOTHING:
            left[name] = kept
    for name, common in base.items():
        if common is not None and name not in item:
            left[name] = MARK
    return left


def _different(value: Any, common: Any, lost: Callable[[str], None], name: str) -> Any:
    if value is None:
        lost(name)
        return MARK
    if type(value) is dict and type(common) is dict:
        return dehydrated(value, common, lost, f"{name}.")
    if type(value) is list and type(common) is list and len(value) == len(common):
        if _same(value, common):
            return _NOTHING
        return [
            dehydrated(one, other, lost, f"{name}.") if type(one) is dict and type(other) is dict else one
            for one, other in zip(value, common, strict=True)
        ]
    return _NOTHING if _same(value, common) else value


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same in JSON; to Python, true is 1, inside of lists too."""
    if type(one) is list and type(other) is list:
        return len(one) == len(other) and all(map(_same, one, other))
    if type(one) is dict and type(other) is dict:
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    return one == other and (type(one) is bool) == (type(other) is bool)


def hydrated(content: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """Put what was kept of an item, and the base, together again; the content is changed in place.

    Null members of the content stay, where pgstac's own function leaves them out.
    """
    for name, common in base.items():
        if common is None:
            continue
        value = content.get(name, _NOTHING)
        if value is _NOTHING:
            content[name] = _copied(common)
        elif value == MARK:
            del content[name]
        elif type(value) is dict and type(common) is dict:
            hydrated(value, common)
        elif type(value) is list and type(common) is list and len(value) == len(common):
            for one, other in zip(value, common, strict=True):
                if type(one) is dict and type(other) is dict:
                    hydrated(one, other)
    return content


def _copied(value: Any) -> Any:
    """Return a copy that shares nothing that can be changed; nulls inside of a base are none of an item's."""
    if type(value) is dict:
        return {name: _copied(one) for name, one in value.items() if one is not None}
    return [_copied(one) for one in value] if type(value) is list else value
