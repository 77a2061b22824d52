"""Items in one form, whichever program wrote them, so that what means the same compares as equal."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from hashlib import blake2b
from typing import Any

import orjson

from stac_ingest.core.finite import with_finite_numbers
from stac_ingest.core.instants import INSTANTS, same_instant
from stac_ingest.core.json_items import FEATURE
from stac_ingest.core.model import Item

_MAY_BE_EMPTY = ("links", "assets", "properties", "stac_extensions")
"""Members that a table has as a column of empty values where an item lacks them."""


class CanonicalForm:
    """Gives items the form in which they are compared.

    Numbers are equal by their values (1 and 1.0), instants of the usual properties by what they say; NaN and infinities
    are as our outputs write them. The order of an object's members doesn't count.
    """

    def __init__(self, *, nulls: bool, without_links: Collection[str] = ()) -> None:
        """Say what counts.

        Args:
            nulls: whether a null member is something else than a missing one. To a table it isn't.
            without_links: relations of links that don't count, since a catalog writes its own.

        """
        self._nulls = nulls
        self._without_links = list(without_links)

    def __call__(self, item: Item) -> Item:
        """Return an item in this form; the item itself stays as it is."""
        try:
            made: Item = self._object(item)
        except _NumberError:
            made = self._object(with_finite_numbers(item)[0])
        except RecursionError:
            return item
        made.setdefault("type", FEATURE)
        if self._without_links:
            self._leave_out_links(made)
        if not self._nulls:
            for name in _MAY_BE_EMPTY:
                if not made.get(name, True):
                    del made[name]
        return made

    def _leave_out_links(self, made: Item) -> None:
        links = made.get("links")
        if links is None or isinstance(links, list):
            made["links"] = [
                link for link in links or () if not (isinstance(link, dict) and link.get("rel") in self._without_links)
            ]

    def digest(self, item: Item) -> int:
        """Return 64 bits of a hash of an item's content: the same for items that are the same in this form."""
        return int.from_bytes(blake2b(_text(self(item)), digest_size=8).digest(), "little")

    def _object(self, members: dict[str, Any]) -> dict[str, Any]:
        nulls, value_of = self._nulls, self._value
        return {
            name: same_instant(member) if name in INSTANTS and type(member) is str else value_of(member)
            for name, member in members.items()
            if nulls or member is not None
        }

    def _value(self, value: Any) -> Any:
        kind = type(value)
        if kind is dict:
            return self._object(value)
        if kind is list:
            return list(map(self._value, value))
        if kind is float:
            if not math.isfinite(value):
                raise _NumberError
            return value + 0.0  # of the two zeros, the one without a sign
        return _number(value) if kind is int else value


class _NumberError(ValueError):
    """There is a number that JSON has no form for."""


def _number(value: int) -> int | float:
    try:
        number = float(value)
    except OverflowError:
        return value
    return number if number == value else value


def _text(form: Item) -> bytes:
    try:
        return orjson.dumps(form, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a lone surrogate, or a whole number of more than 64 bits
        return json.dumps(form, sort_keys=True, default=repr).encode()
