"""Whole numbers beyond 64 bits: found in texts, in a sample of them or in all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.long_numbers import EVERY, FIRST, NumberWatch, has_long_number
from stac_ingest.core.model import Payload

WHOLE = st.integers(-(10**30), 10**30)
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
LONG = 12345678901234567890123


def numbers(value: Any) -> list[Any]:
    """List the numbers in a value."""
    if isinstance(value, dict | list):
        return [found for member in (value.values() if isinstance(value, dict) else value) for found in numbers(member)]
    return [value] if isinstance(value, int | float) else []


@given(value=VALUES, indent=st.sampled_from([None, 2]))
def test_every_number_beyond_64_bits_is_found(value: Any, indent: int | None) -> None:
    """A text in which orjson would round a whole number is always found."""
    text = json.dumps({"a": value}, indent=indent, allow_nan=True).encode()
    if any(isinstance(found, int) and not -(2**63) <= found < 2**64 for found in numbers(value)):
        assert has_long_number(text)


@pytest.mark.parametrize(
    "text", ['"12345678901234567890"', '"a": "b 12345678901234567890123."', "1.2345678901234567890123", "0.1e12"]
)
def test_digits_that_are_no_whole_number(text: str) -> None:
    """Checksums, text and fractions aren't taken for whole numbers."""
    assert not has_long_number(f'{{"x": {text}}}'.encode())


def payloads(count: int, odd: int) -> list[Payload]:
    return [Payload(b"%d" % (LONG if number == odd else 1), "") for number in range(count)]


@pytest.mark.parametrize(
    ("odd", "exact", "alert"), [(FIRST - 1, False, True), (FIRST + 1, True, True), (None, False, False)]
)
def test_which_texts_are_looked_at(odd: int | None, exact: bool, alert: bool) -> None:
    """All at the beginning are looked at, and all with `exact`; once one was found, every batch is."""
    watch = NumberWatch(exact=exact)
    found = payloads(2 * FIRST, -1 if odd is None else odd)
    looked = [watch.in_batch([Payload(b" " + one.data + b" ", "")]) for one in found[:FIRST]]
    assert any(looked) is alert
    assert watch.in_batch(payloads(3, -1)) is alert


def test_a_sample_finds_what_most_texts_have() -> None:
    """Where every text has a long number, the sample behind the first texts finds one in each batch of that size."""
    watch = NumberWatch(exact=False)
    for _ in range(4):
        assert not watch.in_batch(payloads(FIRST, -1))
    assert watch.in_batch([Payload(b'{"x": %d}' % LONG, "")] * 2 * EVERY)


def test_a_large_text_is_looked_at_from_its_beginning_and_then_here_and_there() -> None:
    """The first blocks are looked at whole; with `exact` the last byte is."""
    text = b'{"x": [' + b"1, " * 2_000_000 + b"%d]}" % LONG
    assert NumberWatch(exact=True).in_text(text)
    assert NumberWatch(exact=False).in_text(b'{"x": %d, "y": [' % LONG + b"1, " * 2_000_000 + b"1]}")
