"""From marked text to HTML. Every letter of it is escaped, whoever wrote it: only marks become tags."""

from __future__ import annotations

import re
from html import escape

_MARKS = {"**": "strong", "*": "em", "~~": "s"}
_TOKEN = re.compile(
    r"\\(?P<literal>[!-/:-@\[-`{-~])"
    r"|`(?P<code>[^`]*)`"
    r"|\[(?P<words>[^\[\]\\]*)\]\(#(?P<anchor>[a-z0-9_-]+)\)"
    r"|(?P<mark>\*\*|~~|\*)"
)


def inline(text: str) -> str:
    """Write marked text as HTML with balanced tags; links lead to sections of the page only."""
    parts: list[str] = []
    opened: list[str] = []
    end = 0
    for found in _TOKEN.finditer(text):
        parts.append(escape(text[end : found.start()]))
        end = found.end()
        parts.append(_mark(found["mark"], opened) if found["mark"] else _token(found))
    parts.append(escape(text[end:]))
    parts += [f"</{tag}>" for tag in reversed(opened)]
    return "".join(parts)


def bare(text: str) -> str:
    """Give marked text without its marks, for where tags can't stand; escaped as HTML."""
    return re.sub(r"<[^>]*>", "", inline(text))


def _token(found: re.Match[str]) -> str:
    if found["literal"]:
        return escape(found["literal"])
    if found["code"] is not None:
        return f"<code>{escape(found['code'])}</code>"
    return f'<a href="#{found["anchor"]}">{escape(found["words"])}</a>'


def _mark(mark: str, opened: list[str]) -> str:
    """Open what a mark stands for, or close it with all that was opened inside of it."""
    tag = _MARKS[mark]
    if tag not in opened:
        opened.append(tag)
        return f"<{tag}>"
    place = opened.index(tag)
    closed = "".join(f"</{name}>" for name in reversed(opened[place:]))
    del opened[place:]
    return closed
