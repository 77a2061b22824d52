"""Numbers of JSON text that 64 bits can't hold: found, and settled so that every output can write the item.

orjson refuses NaN, Infinity and numbers such as 1e400, so these are known at no cost. A whole number beyond 64 bits it
rounds without a word. Looking for one in every text costs a sixth of reading small files, so texts are sampled until
the first is found, and from then on all are looked at. The setting `exact_numbers` looks at all from the beginning.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from stac_ingest.core.model import Item, Payload
from stac_ingest.errors import ItemError

FIRST, EVERY = 64, 32
"""Texts at the beginning that are all looked at; of those that follow, one in so many, and the same share of bytes."""

_BLOCK = 16 << 10
_DIGITS = bytes(ord("0") if 48 <= code < 58 else ord("x") for code in range(256))  # noqa: PLR2004 - ASCII's digits
_LONG = b"0" * 19
_WHOLE = re.compile(rb"[\[:,\s]-?[0-9]{19,}(?=[\s,\]}]|\Z)")
_LEAST, _MOST = -(1 << 63), (1 << 64) - 1
_SHOWN = 40
"""Digits of a number that a line has room for."""
_RASTER = "nodata"
"""The member that the raster extension, and STAC 1.1, let be one of the words below."""


def has_long_number(data: bytes) -> bool:
    """Whether a text has a whole number of 19 digits or more, as all beyond 64 bits are."""
    return any(_is_long(data, start) for start in range(0, len(data), _BLOCK))


def _is_long(data: bytes, start: int) -> bool:
    block = data[start : start + _BLOCK + len(_LONG)]
    # A bytearray is translated in half the time. Digits of a checksum, in quotes, are no number.
    return _LONG in bytearray(block).translate(_DIGITS) and _WHOLE.search(block) is not None


class NumberWatch:
    """Looks for long numbers in a sample of texts, and in all of them once there was one."""

    def __init__(self, *, exact: bool) -> None:
        """Look at all texts where `exact`."""
        self._alert = exact
        self._seen = 0

    def in_batch(self, batch: Sequence[Payload]) -> bool:
        """Whether the texts of this batch are to be looked at one by one, with `has_long_number`."""
        if not self._alert:
            start = 0 if self._seen < FIRST else self._seen // len(batch) % EVERY
            some = batch[start :: 1 if self._seen < FIRST else EVERY]
            self._seen += len(batch)
            self._alert = any(payload.error is None and has_long_number(payload.data) for payload in some)
        return self._alert

    def in_text(self, data: bytes) -> bool:
        """Whether a text of many items has a long number, as far as it is looked at."""
        if self._alert:
            return has_long_number(data)
        count = -(-len(data) // _BLOCK)
        first = max(0, min(FIRST - self._seen, count))
        sample = chain(range(first), range(first + -(self._seen + first) % EVERY, count, EVERY))
        self._seen += count
        self._alert = any(_is_long(data, block * _BLOCK) for block in sample)
        return self._alert


class Unsettled(dict[str, Any]):
    """An item of a text that may hold such numbers, on its way to `settled`."""


def settled(item: Item, changed: Callable[[Item, str, str], None]) -> Item:
    """Replace the numbers that not every output can write, in place.

    NaN and Infinity become the words of the raster extension where it has them (`nodata`), and else null. A whole
    number beyond 64 bits becomes the nearest double, which is a change only where that is another number.

    Args:
        item: as `parse_leniently` gave it.
        changed: takes the item, the member and what became of it, as `ChangeCollector.add` does.

    Returns:
        The item.

    Raises:
        ItemError: it is nested too deeply.

    """
    try:
        for holder, key, path in _numbers(item, ""):
            value = holder[key]
            if isinstance(value, int):
                holder[key] = nearest = _nearest(value)
                if nearest != value:
                    changed(item, path, f"{_shown(value)} became {nearest or 'null'}: it is beyond 64 bits")
            elif key == _RASTER:
                holder[key] = "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
            else:
                holder[key] = None
                changed(item, path, f"{value} became null: JSON has no such number")
    except RecursionError:
        raise ItemError("nested too deeply") from None
    return item


def _nearest(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def _shown(value: int) -> str:
    digits = str(value)
    return digits if len(digits) <= _SHOWN else f"a whole number of {len(digits)} digits"


def _numbers(value: Any, path: str) -> Iterator[tuple[Any, Any, str]]:
    """Yield where such a number stands: its holder, its key or index there, and its path in words."""
    if isinstance(value, dict):
        members: Any = list(value.items())
    else:
        members = list(enumerate(value))
    for key, member in members:
        name = f"{path}.{key}" if path and isinstance(value, dict) else key if isinstance(value, dict) else path
        if isinstance(member, dict | list):
            yield from _numbers(member, name)
        elif isinstance(member, float):
            if not math.isfinite(member):
                yield value, key, name
        elif isinstance(member, int) and not _LEAST <= member <= _MOST:
            yield value, key, name
