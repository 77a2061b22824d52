"""The plots of a figure side by side in one file."""

from __future__ import annotations

from importlib.resources import files
from xml.etree.ElementTree import Element, tostring

from ingest_bench.report.blocks import Drawing, Figure
from ingest_bench.report.plots.axes import EDGE, WIDTH
from ingest_bench.report.plots.svg import NAMESPACE, node, words, wrapped

GAP, HEADING, TITLE = 16.0, 26.0, 18.0
_COLUMNS = 2


def draw(figure: Figure) -> bytes:
    """Write a figure as an SVG file with its title; the same data give the same bytes."""
    columns = min(_COLUMNS, len(figure.drawings))
    wide = columns * WIDTH + (columns - 1) * GAP
    heading = wrapped(figure.title, (wide - 2 * EDGE) * 0.8)
    parts = [words(EDGE, HEADING * 0.75 + TITLE * place, text, "title") for place, text in enumerate(heading)]
    top = HEADING + TITLE * (len(heading) - 1)
    for start in range(0, len(figure.drawings), columns):
        row = figure.drawings[start : start + columns]
        parts += [part for place, drawing in enumerate(row) for part in _placed(drawing, place * (WIDTH + GAP), top)]
        top += max(drawing.height for drawing in row) + TITLE + GAP
    parts = [node("style", text=style()), node("rect", width="100%", height="100%", class_="paper"), *parts]
    box = f"0 0 {wide:g} {top:g}"
    svg = node("svg", *parts, xmlns=NAMESPACE, class_="plot", viewBox=box, width=wide, height=top, role="img")
    return tostring(svg, encoding="unicode").encode()


def style() -> str:
    """Give the colours and letters of plots, for light and dark."""
    return files("ingest_bench.report.plots").joinpath("plot.css").read_text(encoding="utf-8")


def _placed(drawing: Drawing, left: float, top: float) -> list[Element]:
    inner = node(
        "svg",
        *drawing.svg,
        x=left,
        y=top + TITLE,
        width=drawing.width,
        height=drawing.height,
        viewBox=f"0 0 {drawing.width:g} {drawing.height:g}",
    )
    return [words(left + EDGE, top + TITLE * 0.75, drawing.title, "title"), inner]
