"""Whole numbers of JSON text that 64 bits can't hold: found, so that they can be read as they are.

orjson rounds them without a word, where the standard library's parser keeps them. Looking for one in every text costs a
sixth of reading small files. The command and an ingest in shards do it, since they say that all is there. The module
samples texts until the first is found, and from then on looks at all, unless the setting `exact_numbers` says so. (NaN,
Infinity and numbers such as 1e400 orjson refuses.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

from stac_ingest.core.model import Payload

FIRST, EVERY = 64, 64
"""Texts at the beginning that are all looked at; of those that follow, one in so many, and the same share of bytes."""

_BLOCK = 16 << 10
_DIGITS = bytes(ord("0") if 48 <= code < 58 else ord("x") for code in range(256))  # noqa: PLR2004 - ASCII's digits
_LONG = b"0" * 19
_WHOLE = re.compile(rb"[\[:,\s]-?[0-9]{19,}(?=[\s,\]}]|\Z)")


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
