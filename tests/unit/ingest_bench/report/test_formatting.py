"""Numbers and foreign text as the report writes them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_bench.report.formatting import (
    NOTHING,
    WIDTH,
    duration,
    listed,
    number,
    paragraph,
    plain,
    point,
    safe,
    span,
    speed_up,
    whole,
)
from ingest_bench.results.models import Speedup
from stac_ingest.core.text import counted


def ratio(median: float, low: float, high: float) -> Speedup:
    """Return a speed-up."""
    return Speedup(median=median, low=low, high=high, confidence=0.95, method="given", pairs=5)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123, "0.012"), (1.234, "1.23"), (45.21, "45.2"), (1149.4, "1,149"), (0, "0"), (None, NOTHING)],
)
def test_numbers_have_about_three_digits(value: float | None, text: str) -> None:
    """A number is as long as it has to be, with thousands separators, and a dash stands for an unknown one."""
    assert number(value) == text


def test_whole_numbers_have_separators() -> None:
    """Throughput is written as in the table that was asked for."""
    assert whole(1149) == "1,149"


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (ratio(9.84, 9.12, 10.4), "9.8x (9.1 to 10.4)"),
        (ratio(1.041, 0.98, 1.1), "1.04x (0.98 to 1.10)"),
        (ratio(123.4, 101, 150), "123x (101 to 150)"),
    ],
)
def test_a_speed_up_comes_with_its_interval(found: Speedup, text: str) -> None:
    """Small speed-ups are written with more digits than large ones, and bounds with as many as the middle."""
    assert speed_up(found) == text


def test_times_are_in_units_that_fit() -> None:
    """Milliseconds below a second, minutes and hours above."""
    assert (duration(0.0527), duration(5.53)) == ("52.7 ms", "5.53 s")
    assert (span(45), span(720), span(7500)) == ("45 s", "12 min", "2 h 05 min")


def test_words_are_joined_and_counted() -> None:
    """One thing has no plural, and the last of many follows an `and`."""
    assert (counted(1, "pair"), counted(1200, "pair")) == ("1 pair", "1,200 pairs")
    assert (counted(1, "item was", "items were"), counted(0, "item was", "items were")) == (
        "1 item was",
        "0 items were",
    )
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("", "a", "a, b and c")


@given(st.text())
def test_foreign_text_stays_one_harmless_line(text: str) -> None:
    """Whatever a file is called, it can't open a tag, a link, a cell, a code span or a new line."""
    line = safe(text)
    assert line.isprintable()
    assert not re.search(r"(?<!\\)(?:\\\\)*[<>|`\[\]*~]", line)


def test_plain_names_stay_readable() -> None:
    """Underscores inside words mean nothing in Markdown and are left alone."""
    assert safe("small_files a-b.json") == "small_files a-b.json"
    assert safe("_emphasis_") == r"\_emphasis\_"


def test_long_text_is_cut() -> None:
    """A stranger's name can't fill the report."""
    assert plain("x" * 5000) == "x" * 300 + "..."
    assert plain("x" * 300) == "x" * 300


@given(st.lists(st.sampled_from(["1.", "-", "+", "#", ">", "2)", "word", "a" * 30]), max_size=60))
def test_no_line_of_a_paragraph_begins_a_block(words: list[str]) -> None:
    """Wrapping never turns a word into a list, a heading or a quotation."""
    lines = paragraph(" ".join(words)).split("\n")
    assert all(len(line) <= WIDTH + 1 for line in lines)
    assert not any(re.match(r"(\d+[.)]|[-+*#>])\s", line) for line in lines)


def test_an_entry_of_a_list_is_indented() -> None:
    """The second line of an entry belongs to it."""
    first, second = point("word " * 30).split("\n")
    assert first.startswith("- word")
    assert second.startswith("  word")
