"""The figure of a scenario: which plots belong to what it asks, side by side in one file."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from xml.etree.ElementTree import Element

from ingest_bench.reporting.content import Drawing, Figure
from ingest_bench.reporting.kinds import kind_of
from ingest_bench.reporting.plots import bars, lines
from ingest_bench.reporting.plots.bars import latency
from ingest_bench.reporting.plots.chances import chances, choice
from ingest_bench.reporting.plots.drift import drift
from ingest_bench.reporting.plots.effects import effects
from ingest_bench.reporting.plots.frame import EDGE, WIDTH
from ingest_bench.reporting.plots.svg import document, node, words, wrapped
from ingest_bench.reporting.study import Study
from ingest_bench.reporting.view import View
from ingest_bench.reporting.what_to_do import MODE_NAMES

ALL, CHOICES = "all-scenarios", "all-choices"
"""Names of the figures of all scenarios; no scenario can be called so."""
GAP, HEADING, TITLE = 16.0, 26.0, 18.0
_COLUMNS = 2
FURTHER: tuple[Callable[[View], Drawing | None], ...] = (choice, latency, drift)
"""Plots of any scenario whose data allow them."""


def scenario_figure(study: Study, view: View) -> Figure:
    """Draw what a scenario has shown."""
    further = [drawing for draw in FURTHER if (drawing := draw(view))]
    asked = kind_of(view).drawings(view) or _usual(study, view)
    return Figure(view.name, alternative_text(view), [*asked, *further], view.title)


def overall_figure(study: Study) -> Figure | None:
    """Draw the recommended ways of all scenarios; None where nothing is recommended."""
    drawing = effects(study)
    alternative = "All scenarios: speed-up of the recommended way, with intervals"
    return Figure(ALL, alternative, [drawing], "All scenarios") if drawing else None


def choices_figure(study: Study) -> Figure | None:
    """Draw how sure the choice of each mode is; None where nothing was to be chosen from."""
    found = [
        chances(MODE_NAMES[mode], MODE_NAMES[mode], advice.verdict, advice.options_named)
        for mode, advice in study.modes.items()
        if len(advice.options) > 1
    ]
    alternative = "Probability of each way to be the best, and what it loses if it is not"
    return Figure(CHOICES, alternative, found, "How sure the choices are") if found else None


def law_figures(study: Study) -> list[Figure]:
    """Draw throughput by concurrency for each scenario that a scaling law was fitted to, with its curve and band."""
    fitted = [(view, laws) for view in study.views if (laws := study.laws(view))]
    return [Figure(view.name, "", [lines.throughput(view, laws)], view.title) for view, laws in fitted]


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
    svg = node("svg", *parts, class_="plot", viewBox=f"0 0 {wide:g} {top:g}", width=wide, height=top, role="img")
    return document(svg, style())


def style() -> str:
    """Give the colours and letters of plots, for light and dark."""
    return files("ingest_bench.reporting.plots").joinpath("plot.css").read_text(encoding="utf-8")


def alternative_text(view: View) -> str:
    """Say in words what the figure of a scenario shows."""
    usual = "throughput by concurrency" if _has_levels(view) else "speed-up of every way"
    return f"{view.title}: {kind_of(view).shows or usual}, with memory"


def _usual(study: Study, view: View) -> list[Drawing]:
    if _has_levels(view):
        return [lines.throughput(view, study.laws(view)), lines.memory_lines(view)]
    return [bars.ways(view), bars.memory_bars(view)]


def _has_levels(view: View) -> bool:
    """Whether some arm was measured at several levels of concurrency."""
    arms = [row.cell.arm for row in view.rows]
    return len(set(arms)) < len(arms)


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
