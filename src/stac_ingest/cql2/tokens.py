"""CQL2 text cut into words, numbers, texts and signs."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | '(?P<text>(?:[^'\\]|''|\\.)*+)'
    | "(?P<quoted>(?:[^"]|"")*+)"
    | (?P<word>[^\W\d][\w.:]*|:[\w.:]*)
    | (?P<sign><=|>=|<>|[=<>(),])
    | (?P<end>$)
    )""",
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A word, `quoted` name, `number`, `text` or `sign`, or the `end`."""

    kind: str
    text: str
    at: int
    """Of its first character, from 0."""

    @property
    def shown(self) -> str:
        """In words, for a message."""
        return "the end" if self.kind == "end" else f"{self.text!r:.40}"


class Misread(Exception):  # noqa: N818 - never leaves the package
    """What is wrong with an expression, and where."""

    def __init__(self, what: str, at: int) -> None:
        """Keep the words, and the number of the character, from 0."""
        super().__init__(what)
        self.at = at


def tokens_of(text: str) -> list[Token]:
    """Cut a text into tokens; the last one is the end.

    Raises:
        Misread: a character starts no token.

    """
    found: list[Token] = []
    at = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            what = "the quote is never closed" if text[at] in "'\"" else f"{text[at]!r} means nothing here"
            raise Misread(what, at)
        kind = match.lastgroup or "end"
        begin = match.start(kind) - (kind in ("text", "quoted"))
        found.append(Token(kind, match[kind], begin))
        at = match.end()
    return found


def unquoted(token: Token) -> str:
    """Give what a text or a quoted name stands for: a quote within is doubled, or behind a backslash."""
    if token.kind == "quoted":
        return token.text.replace('""', '"')
    return token.text.replace("''", "'").replace("\\'", "'")


def number_of(token: Token) -> int | float:
    """Give a number: whole where it is written so, of any size.

    Raises:
        Misread: it is beyond the range of floats, or has too many digits.

    """
    whole = token.text.lstrip("+-").isdigit()
    value = int(token.text) if whole and len(token.text) < 400 else float(token.text)  # noqa: PLR2004 - floats end there
    try:
        float(value)
    except OverflowError:
        value = float("inf")
    if value in (float("inf"), float("-inf")):
        raise Misread(f"the number {token.text:.40} is too large", token.at)
    return value
