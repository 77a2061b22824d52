"""Which members items have: those that are named alone, or all but some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stac_ingest.core.model import Item
from stac_ingest.core.terms import ALWAYS


def fields_test(fields: Mapping[str, list[str]]) -> Callable[[Item], Item]:
    """Make the function that gives an item with the fields that are asked for, and those that no item goes without.

    A name with dots leads into objects, as `properties.eo:cloud_cover` does; a member whose own name has dots is found
    by it, too. What an item doesn't have is no matter.

    Args:
        fields: `include` and `exclude`; without anything to include, all is.

    """
    included, excluded = fields["include"], fields["exclude"]
    names = [*dict.fromkeys([*ALWAYS, *included])]

    def with_fields(item: Item) -> Item:
        made = _picked(item, names) if included else item
        for name in excluded:
            made = _without(made, name)
        return made

    return with_fields


def sent_fields(fields: Mapping[str, list[str]], needed: Iterable[str]) -> dict[str, list[str]]:
    """Return the fields to ask a server for: those that are wanted, and those that are looked at here.

    Args:
        fields: `include` and `exclude`.
        needed: names of fields that are looked at.

    """
    needed = dict.fromkeys([*ALWAYS, *needed])
    include = [*dict.fromkeys([*needed, *fields["include"]])] if fields["include"] else []
    exclude = [name for name in fields["exclude"] if not any(_covers(name, one) for one in needed)]
    return {name: names for name, names in (("include", include), ("exclude", exclude)) if names}


def _covers(outer: str, inner: str) -> bool:
    return inner == outer or inner.startswith(f"{outer}.") or outer.startswith(f"{inner}.")


def _picked(item: Item, names: Iterable[str]) -> Item:
    made: Item = {}
    for name in names:
        path = _path(item, name)
        if path is None:
            continue
        found, place = item, made
        for key in path[:-1]:
            found, place = found[key], place.setdefault(key, {})
        if path[-1] not in place or place[path[-1]] == {}:
            place[path[-1]] = found[path[-1]]
        elif isinstance(found[path[-1]], dict):
            place[path[-1]] = found[path[-1]]  # all of an object of which a part was named before
    return made


def _without(item: Item, name: str) -> Item:
    path = _path(item, name)
    return item if path is None else _removed(item, path)


def _removed(found: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """Copy what is changed: an item is its source's."""
    if len(path) == 1:
        return {key: value for key, value in found.items() if key != path[0]}
    return found | {path[0]: _removed(found[path[0]], path[1:])}


def _path(found: Any, name: str) -> list[str] | None:
    """Find the keys that lead to a field; None where it isn't there."""
    if not isinstance(found, dict):
        return None
    if name in found:
        return [name]
    at = name.find(".")
    while at >= 0:
        rest = _path(found.get(name[:at]), name[at + 1 :])
        if rest is not None:
            return [name[:at], *rest]
        at = name.find(".", at + 1)
    return None
