"""Lays out Markdown that a template has written: wraps paragraphs and lists, and aligns the columns of tables."""

from __future__ import annotations

import re

from ingest_bench.report.formatting import NOTHING, paragraph, point
from ingest_bench.report.markdown import pipe_table

_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_BETWEEN_BLOCKS = re.compile(r"\n\s*\n")
_ENTRY = re.compile(r"^- ", re.MULTILINE)
_CELL = re.compile(r"(?<!\\)\|")


def laid_out(text: str) -> str:
    """Return Markdown as it reads well, whatever its lines were; what is fenced stays as it is.

    Args:
        text: blocks between blank lines: headings, images, tables, lists of one level, fenced code and paragraphs. A
            line of a list that goes on is indented.

    """
    blocks: list[str] = []
    for index, part in enumerate(_FENCED.split(text)):
        blocks += [part] if index % 2 else [_block(block) for block in _BETWEEN_BLOCKS.split(part.strip()) if block]
    return "\n\n".join(blocks) + "\n"


def _block(text: str) -> str:
    if text.startswith(("#", "![")):
        return text
    if text.startswith("|"):
        return _table(text.split("\n"))
    if text.startswith("- "):
        return "\n".join(point(_one_line(entry)) for entry in _ENTRY.split(text)[1:])
    return paragraph(_one_line(text))


def _table(lines: list[str]) -> str:
    titles, rules, *rows = ([cell.strip() for cell in _CELL.split(line.strip()[1:-1])] for line in lines)
    right = [index for index, rule in enumerate(rules) if not rule.startswith(":")]
    return pipe_table(titles, [row + [NOTHING] * (len(titles) - len(row)) for row in rows], right)


def _one_line(text: str) -> str:
    return " ".join(text.split())
