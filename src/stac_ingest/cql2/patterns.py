"""Patterns of LIKE."""

from __future__ import annotations

from collections.abc import Callable

_ANY, _ONE = "%", "_"


def pattern_test(pattern: str) -> Callable[[str], bool]:
    """Make the test whether a text is of a pattern, as a whole.

    `%` is any text, also none, `_` is one character, and a backslash takes the next character as it is. Steps are
    bounded by the product of both lengths, whatever the pattern; a regular expression's are not.
    """
    parts = _parts(pattern)

    def fits(text: str) -> bool:
        at = part = 0
        back_part, back_at = -1, 0
        while at < len(text):
            if part < len(parts) and parts[part] == _ANY_TEXT:
                back_part, back_at = part, at
                part += 1
            elif part < len(parts) and parts[part] in (None, text[at]):
                part, at = part + 1, at + 1
            elif back_part >= 0:
                # The latest `%` takes one character more; an earlier one never has to.
                back_at += 1
                part, at = back_part + 1, back_at
            else:
                return False
        return all(rest == _ANY_TEXT for rest in parts[part:])

    return fits


_ANY_TEXT = ""
"""Stands for `%`; None stands for `_`, and any other part is a character."""


def _parts(pattern: str) -> list[str | None]:
    parts: list[str | None] = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            parts.append(next(characters, "\\"))
        elif character == _ANY:
            if not parts or parts[-1] != _ANY_TEXT:
                parts.append(_ANY_TEXT)
        else:
            parts.append(None if character == _ONE else character)
    return parts
