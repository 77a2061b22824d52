"""Text of other people (file names, ids, servers' messages) made safe to store, to log and to show."""

from __future__ import annotations

from logging import Formatter, LogRecord

_QUOTED_BYTES = 160


def encodable(text: str) -> str:
    """Return text that UTF-8 can hold: lone surrogates, which JSON and file names allow, become escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def is_encodable(text: str) -> bool:
    """Say whether UTF-8 can hold a text, which has no lone surrogate then."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def printable(text: object) -> str:
    r"""Return one line without control characters, which could rewrite a terminal or forge lines of a log.

    What isn't printable becomes an escape such as `\n` or `\x1b`.
    """
    words = str(text)
    return words if words.isprintable() else "".join(map(_escaped, words))


def in_words(error: object) -> str:
    """Return what an error says; of one of the system only its words, since what it is about is named beside it."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def plain_line(text: str, max_characters: int) -> str:
    """Return one line in which whatever isn't printable is a space, cut where it would be too long."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= max_characters else f"{line[:max_characters]}..."


def counted(count: float, one: str, many: str = "") -> str:
    """Return a number of things: `1 item`, `3,000 items`.

    Args:
        count: any number; shown without decimals.
        one: what one of them is called, with the verb where it differs: `item was`.
        many: what several are called; where it is empty, `one` with an s.

    """
    return f"{count:,.0f} {one if count == 1 else many or f'{one}s'}"


def too_large(size: int, max_bytes: int) -> str:
    """Say that something is larger than the setting `max_response_mib` allows.

    Args:
        size: its bytes.
        max_bytes: how many are allowed.

    """
    return f"{size} bytes, more than max_response_mib allows ({max_bytes})"


class PrintableFormatter(Formatter):
    """Formats log messages as single lines without control characters."""

    def format(self, record: LogRecord) -> str:
        """Return the message as one printable line."""
        return printable(super().format(record))


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def beginning(body: bytes) -> str:
    """Give the beginning of a body, on one line and safe to print."""
    text = repr(body[:_QUOTED_BYTES].decode("utf-8", "replace"))
    return text + (" ..." if len(body) > _QUOTED_BYTES else "")
