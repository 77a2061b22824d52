"""Other people's text can be stored, logged and shown, and does no harm there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.text import encodable, plain_line, printable

ANY = st.text(st.characters())
"""Lone surrogates and control characters among them."""


@given(ANY)
def test_encodable_text_is_utf8_and_else_unchanged(text: str) -> None:
    """All text becomes UTF-8, and what was UTF-8 stays as it was."""
    found = encodable(text)
    found.encode()
    if not any("\ud800" <= sign <= "\udfff" for sign in text):
        assert found == text


@given(ANY)
def test_printable_text_is_one_line_without_control_characters(text: str) -> None:
    """Nothing is left that a terminal obeys or that begins a line, and printable text stays as it was."""
    found = printable(text)
    assert found.isprintable()
    if text.isprintable():
        assert found == text


def test_only_what_is_not_printable_is_escaped() -> None:
    """Letters of all languages stay readable beside an escaped line end."""
    assert printable("Zürich\n\x1b[2J\u2028") == r"Zürich\n\x1b[2J\u2028"


@given(ANY, st.integers(1, 50))
def test_a_plain_line_is_bounded(text: str, longest: int) -> None:
    """A line has no control characters, no spaces that follow each other, and not many more signs than asked for."""
    found = plain_line(text, longest)
    assert found.isprintable()
    assert "  " not in found
    assert len(found) <= longest + len("...")
