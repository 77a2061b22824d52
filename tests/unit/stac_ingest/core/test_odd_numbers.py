"""Numbers beyond 64 bits and beyond JSON: found in texts, and settled with the change named."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.json_items import parse_leniently
from stac_ingest.core.model import Payload
from stac_ingest.core.odd_numbers import EVERY, FIRST, NumberWatch, has_long_number, settled

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


@given(value=VALUES)
def test_a_settled_item_can_be_written_and_its_changes_are_named(value: Any) -> None:
    """Whatever an item holds, it can be written as JSON afterwards, and each number that is another has a change."""
    item = parse_leniently(json.dumps({"id": "a", "properties": {"x": value}}).encode())
    before = numbers(item)
    changes: list[str] = []
    found = settled(item, lambda _, member, __: changes.append(member))  # type: ignore[arg-type]
    back = orjson.loads(orjson.dumps(found))
    assert back == found
    odd = [number for number in before if number not in numbers(found)]
    assert (
        len(changes)
        >= len({repr(number) for number in odd if not (isinstance(number, float) and math.isnan(number))}) - 2
    )
    assert all(member.startswith("properties.x") for member in changes)


@pytest.mark.parametrize(
    ("text", "value", "change"),
    [
        ("NaN", None, "nan became null"),
        ("-Infinity", None, "-inf became null"),
        ("1e400", None, "inf became null"),
        (str(LONG), float(LONG), f"{LONG} became 1.2345678901234568e+22"),
        ("-9223372036854775809", -9.223372036854776e18, "-9223372036854775809 became"),
        ("9" * 400, None, "a whole number of 400 digits became null"),
        ("340282346638528859811704183484516925440", 3.4028234663852886e38, None),
        ("18446744073709551615", 18446744073709551615, None),
        ("-9223372036854775808", -9223372036854775808, None),
    ],
)
def test_what_becomes_of_a_number(text: str, value: float | None, change: str | None) -> None:
    """What no output can hold becomes null or the nearest double, and the change says so; an equal double is none."""
    changes: list[tuple[str, str]] = []
    item: Any = parse_leniently(f'{{"id": "a", "properties": {{"x": {text}}}}}'.encode())
    settled(item, lambda _, member, what: changes.append((member, what)))
    assert item["properties"]["x"] == value
    assert type(item["properties"]["x"]) is type(value)
    assert [member for member, _ in changes] == (["properties.x"] if change else [])
    assert not change or changes[0][1].startswith(change)


@pytest.mark.parametrize(
    ("text", "word"), [("NaN", "nan"), ("Infinity", "inf"), ("-Infinity", "-inf"), ("-1e999", "-inf")]
)
def test_nodata_keeps_the_words_of_the_raster_extension(text: str, word: str) -> None:
    """`nodata` may be a word, so nothing is changed."""
    changes: list[str] = []
    item: Any = parse_leniently(
        f'{{"id": "a", "assets": {{"b": {{"raster:bands": [{{"nodata": {text}}}]}}}}}}'.encode()
    )
    settled(item, lambda _, member, __: changes.append(member))
    assert item["assets"]["b"]["raster:bands"] == [{"nodata": word}]
    assert changes == []


def test_a_member_of_a_list_is_named_by_its_path() -> None:
    """The path leads to the list, as users call it."""
    changes: list[str] = []
    item: Any = {"id": "a", "assets": {"B04": {"raster:bands": [{"scale": math.nan}]}}}
    settled(item, lambda _, member, __: changes.append(member))
    assert changes == ["assets.B04.raster:bands.scale"]


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
