"""Writes the report's content as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import tostring

from ingest_bench.report.blocks import (
    Block,
    BulletList,
    Drawing,
    Entry,
    Figure,
    Paragraph,
    Question,
    Section,
    Table,
    WarningNote,
)
from ingest_bench.report.html.inline import bare, inline

DEEPEST = 6


def blocks_html(blocks: Sequence[Block], level: int) -> str:
    """Write blocks one below the other; headings of sections begin at `level`."""
    return "\n".join(_written(block, level) for block in blocks)


def section_html(section: Section, level: int) -> str:
    """Write a section, which links find by its anchor."""
    heading = f"h{min(level, DEEPEST)}"
    body = blocks_html(section.blocks, level + 1)
    return f'<section id="{section.anchor}">\n<{heading}>{inline(section.title)}</{heading}>\n{body}\n</section>'


def _written(block: Block, level: int) -> str:  # noqa: PLR0911 - one for each kind of block
    match block:
        case Paragraph(text):
            return f"<p>{inline(text)}</p>"
        case BulletList(entries):
            return _list(entries)
        case WarningNote(text):
            return f'<p class="caution"><strong>WarningNote:</strong> {inline(text)}.</p>'
        case Question(question, gist, points):
            heading = f"h{min(level, DEEPEST)}"
            asked = f"<{heading}>{inline(question)}</{heading}>"
            parts = [asked, *([f"<p>{inline(gist)}</p>"] if gist else []), *([_list(points)] if points else [])]
            return "\n".join(parts)
        case Table():
            return _table(block)
        case Figure(_, _, drawings):
            return "\n".join(['<div class="plots">', *map(_figure, drawings), "</div>"])
        case Section():
            return section_html(block, level)


def _list(entries: Sequence[str]) -> str:
    return "<ul>\n" + "\n".join(f"<li>{inline(entry)}</li>" for entry in entries) + "\n</ul>"


def _table(table: Table) -> str:
    kinds = [' class="number"' if place in table.numeric else "" for place in range(len(table.titles))]
    titles = "".join(
        f'<th scope="col"{kind}>{inline(title)}</th>' for kind, title in zip(kinds, table.titles, strict=True)
    )
    rows = "\n".join(
        f"<tr>{''.join(_field(entry, kind) for entry, kind in zip(row, kinds, strict=True))}</tr>" for row in table.rows
    )
    # What scrolls has to be reached by keyboard, and what is reached needs a name.
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{bare(table.about)}">\n<table>\n'
        f"<thead><tr>{titles}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def _field(entry: Entry, kind: str) -> str:
    key = f' data-key="{entry.key:.6g}"' if kind and entry.key is not None else ""
    return f"<td{kind}{key}>{inline(entry.text)}</td>"


def _figure(drawing: Drawing) -> str:
    svg = tostring(drawing.svg, encoding="unicode")
    title = f"<strong>{inline(drawing.title)}</strong>"
    return f"<figure>\n<figcaption>{title} {inline(drawing.shows)}</figcaption>\n{svg}\n</figure>"
