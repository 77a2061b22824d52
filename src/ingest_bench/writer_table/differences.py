"""What differs between items that should be alike."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)")
_SHOWN = 40


class Difference(NamedTuple):
    """One way in which a member of items is unlike."""

    path: str
    """Of the member, as `assets.B04.href` or `links[].title`."""
    what: str


def differences(expected: Sequence[dict[str, Any]], got: Sequence[dict[str, Any]]) -> list[Difference]:
    """Give what differs between items of the same ids, each way once, sorted.

    Instants are alike however they are written; so are 10 and 10.0.
    """
    own = {item.get("id"): item for item in got}
    found = set[Difference]()
    for item in expected:
        other = own.pop(item["id"], None)
        if other is None:
            found.add(Difference(str(item["id"]), "no item"))
        else:
            found.update(_of(item, other, ""))
    found.update(Difference(str(name), "an item that isn't there") for name in own)
    if len(got) != len({item.get("id") for item in got}):
        found.add(Difference("id", "items twice"))
    return sorted(found)


def _of(one: Any, other: Any, path: str) -> Iterator[Difference]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            inner = f"{path}.{name}" if path else name
            if name not in other:
                yield Difference(inner, f"{_kind(one[name])} lost")
            elif name not in one:
                yield Difference(inner, f"{_kind(other[name])} added")
            else:
                yield from _of(one[name], other[name], inner)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for value, another in zip(one, other, strict=True):
            yield from _of(value, another, path if path.endswith("[]") else f"{path}[]")
    elif not _is_same(one, other):
        yield Difference(path, f"{_shown(one)} became {_shown(other)}")


def _kind(value: Any) -> str:
    return "null" if value is None else "empty" if value in ({}, []) else "value"


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool) or not (isinstance(one, str) and isinstance(other, str)):
        return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
    if one == other:
        return True
    if not (_INSTANT.fullmatch(one) and _INSTANT.fullmatch(other)):
        return False
    return dt.datetime.fromisoformat(one.upper()) == dt.datetime.fromisoformat(other.upper())


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
