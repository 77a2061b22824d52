"""Differences between texts that should be the same: every altered digit is named, and layout is free."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ingest_bench.receipt.differences import record_differences, text_differences

TEXT = """# Report

It takes 1,234 s (9.1 to 10.4) with 95% probability: 8.3x, v2, 1e-5 and -7.

| Way | Time (s) |
|:----|---------:|
| one |     12.5 |
| two |        7 |
"""
DIGITS = [match.start() for match in re.finditer(r"\d", TEXT)]


@given(st.sampled_from(DIGITS), st.integers(1, 9))
def test_any_altered_digit_is_found(place: int, by: int) -> None:
    """Whichever digit is another one, exactly one thing is said, with its line."""
    other = f"{TEXT[:place]}{(int(TEXT[place]) + by) % 10}{TEXT[place + 1 :]}"
    (told,) = text_differences("a.md", other, TEXT)
    assert told.startswith(f"a.md, line {TEXT.count(chr(10), 0, place) + 1}: ")
    assert "doesn't hold, the samples give" in told


@given(st.sets(st.sampled_from(DIGITS), min_size=1, max_size=5))
def test_several_altered_digits_are_found(places: set[int]) -> None:
    """Each line with one of them is named."""
    other = "".join(str((int(sign) + 1) % 10) if at in places else sign for at, sign in enumerate(TEXT))
    lines = {TEXT.count("\n", 0, place) + 1 for place in places}
    told = text_differences("a.md", other, TEXT)
    assert {int(match[1]) for each in told if (match := re.search(r"line (\d+):", each))} == lines


def test_layout_is_free() -> None:
    """A wider number moves columns and breaks lines elsewhere, and is the only thing that is told."""
    wider = TEXT.replace("12.5 |", "1212.5 |").replace("|        7", "|          7").replace("-----:", "-------:")
    broken = wider.replace("with 95%", "with\n95%")
    (told,) = text_differences("a.md", broken, TEXT)
    assert told == "a.md, line 8: 1212.5 doesn't hold, the samples give 12.5 (after 'Time (s) | | one |')"
    assert text_differences("a.md", TEXT.replace(" (9", "\n(9"), TEXT) == []


def test_what_is_missing_or_more_is_told() -> None:
    """A row that is gone, and one that nobody measured, are told as they are."""
    less = TEXT.replace("| two |        7 |\n", "")
    assert "nothing doesn't hold" in text_differences("a.md", less, TEXT)[0]
    assert "the samples give nothing" in text_differences("a.md", TEXT, less)[0]
    assert "the samples give" in text_differences("a.md", "", TEXT)[0]


def test_records_are_compared_value_by_value() -> None:
    """Each value is named by its place; a list of another length is told as a whole."""
    held = {"a": [{"b": 1.5, "c": None}], "d": [1], "e": "x"}
    made = {"a": [{"b": 1.25, "c": 2}], "d": [1, 2], "e": "x"}
    assert [*record_differences("r.json", held, made)] == [
        "r.json, a[0].b: 1.5 doesn't hold, the samples give 1.25",
        "r.json, a[0].c: nothing doesn't hold, the samples give 2",
        "r.json, d: [1] doesn't hold, the samples give [1, 2]",
    ]
