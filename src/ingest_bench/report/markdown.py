"""Writes the report's content as Markdown that also reads well as plain text."""

import re
from collections.abc import Collection, Sequence
from urllib.parse import quote

from tabulate import tabulate

from ingest_bench.report.blocks import (
    Block,
    BulletList,
    Figure,
    Paragraph,
    Question,
    Section,
    Table,
    WarningNote,
    entries,
)
from ingest_bench.report.formatting import NOTHING, paragraph, point, safe


def markdown(blocks: Sequence[Block], figures: str = "figures", level: int = 1) -> str:
    """Write blocks one below the other.

    Args:
        blocks: the content.
        figures: the folder of the figures' files, seen from the Markdown file.
        level: of the headings of its sections, 1 to 6.

    """
    return "\n\n".join(_written(block, figures, level) for block in blocks)


def _written(block: Block, figures: str, level: int) -> str:  # noqa: PLR0911 - one for each kind of block
    match block:
        case Paragraph(text):
            return paragraph(text)
        case BulletList(entries):
            return "\n".join(map(point, entries))
        case WarningNote(text):
            return paragraph(f"**Warning:** {text}.")
        case Question(question, gist, points):
            asked = paragraph(f"**{question}** {gist}".rstrip())
            return "\n".join([asked, "", *map(point, points)]) if points else asked
        case Table(_, titles, rows, numeric):
            return pipe_table(titles, [[entry.text for entry in row] for row in rows], numeric)
        case Figure():
            return _figure(block, figures)
        case Section(title, blocks):
            return f"{'#' * level} {title}\n\n{markdown(blocks, figures, level + 1)}"


def _figure(figure: Figure, folder: str) -> str:
    image = f"![{safe(figure.alternative)}]({quote(f'{folder}/{figure.name}.svg')})"
    shown = " ".join(f"*{drawing.title}.* {drawing.shows}" for drawing in figure.drawings)
    return f"{image}\n\n{paragraph(shown)}"


def pipe_table(titles: Sequence[str], rows: Sequence[Sequence[str]], numeric: Collection[int] = ()) -> str:
    """Write a table.

    Args:
        titles: of the columns.
        rows: text, made safe already.
        numeric: positions of the columns that are aligned to the right.

    """
    align = ["right" if place in numeric else "left" for place in range(len(titles))]
    return tabulate(rows, headers=titles, tablefmt="pipe", colalign=align, disable_numparse=True)


_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_BETWEEN_BLOCKS = re.compile(r"\n\s*\n")
_ENTRY = re.compile(r"^- ", re.MULTILINE)
_CELL = re.compile(r"(?<!\\)\|")


def laid_out(text: str) -> str:
    """Return Markdown as it reads well, whatever its lines were; what is fenced stays as it is.

    Args:
        text: blocks between blank lines: headings, images, fenced code, and what `read_blocks` reads.

    """
    blocks: list[str] = []
    for index, part in enumerate(_FENCED.split(text)):
        blocks += [part] if index % 2 else map(_laid_out, filter(None, _BETWEEN_BLOCKS.split(part.strip())))
    return "\n\n".join(blocks) + "\n"


def _laid_out(block: str) -> str:
    return block if block.startswith(("#", "![")) else markdown(read_blocks(block))


def read_blocks(text: str) -> list[Block]:
    """Read blocks that a template has written, with blank lines between them.

    Args:
        text: paragraphs; lists of one level, in which a line that goes on is indented; tables, whose name may stand in
            a line before them that begins with `|=`, and whose entries are sorted by the number that they begin with.

    """
    return [_read_block(block) for block in _BETWEEN_BLOCKS.split(text.strip()) if block]


def _read_block(text: str) -> Block:
    if text.startswith("- "):
        return BulletList([_one_line(entry) for entry in _ENTRY.split(text)[1:]])
    if not text.startswith("|"):
        return Paragraph(_one_line(text))
    name, lines = "", text.split("\n")
    if text.startswith("|="):
        name, *lines = lines
    titles, rules, *rows = ([cell.strip() for cell in _CELL.split(line.strip()[1:-1])] for line in lines)
    numeric = frozenset(index for index, rule in enumerate(rules) if not rule.startswith(":"))
    filled = [entries([*row, *[NOTHING] * (len(titles) - len(row))]) for row in rows]
    return Table(name.removeprefix("|=").strip(), titles, filled, numeric)


def _one_line(text: str) -> str:
    return " ".join(text.split())
