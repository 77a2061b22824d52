"""Writes the report's content as Markdown that also reads well as plain text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from urllib.parse import quote

from tabulate import tabulate

from ingest_bench.report.blocks import Block, BulletList, Figure, Paragraph, Question, Section, Table, WarningNote
from ingest_bench.report.formatting import paragraph, point, safe


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
            return paragraph(f"**WarningNote:** {text}.")
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
    told = " ".join(f"*{drawing.title}.* {drawing.shows}" for drawing in figure.drawings)
    return f"{image}\n\n{paragraph(told)}"


def pipe_table(titles: Sequence[str], rows: Sequence[Sequence[str]], numeric: Collection[int] = ()) -> str:
    """Write a table.

    Args:
        titles: of the columns.
        rows: text, made safe already.
        numeric: positions of the columns that are aligned to the right.

    """
    align = ["right" if place in numeric else "left" for place in range(len(titles))]
    return tabulate(rows, headers=titles, tablefmt="pipe", colalign=align, disable_numparse=True)
