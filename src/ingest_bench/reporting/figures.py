"""The figure of a scenario: which plots belong to what it asks, side by side in one file."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from xml.etree.ElementTree import Element

from ingest_bench.advice import recommend_modes
from ingest_bench.reporting.compare import advised
from ingest_bench.reporting.content import Figure
from ingest_bench.reporting.plots import bars, lines
from ingest_bench.reporting.plots.chances import chances
from ingest_bench.reporting.plots.drift import drift, pairs
from ingest_bench.reporting.plots.effects import effects
from ingest_bench.reporting.plots.frame import EDGE, WIDTH
from ingest_bench.reporting.plots.removal import removal
from ingest_bench.reporting.plots.svg import Drawing, document, node, words, wrapped
from ingest_bench.reporting.stages import diagnosed
from ingest_bench.reporting.view import Kind, Study, View
from ingest_bench.reporting.what_to_do import MODE_NAMES

ALL, CHOICES = "all-scenarios", "all-choices"
OVERALL = {ALL: "All scenarios", CHOICES: "How sure the choices are"}
"""Names and titles of the figures of all scenarios; no scenario can be called so."""
GAP, HEADING, TITLE = 16.0, 26.0, 18.0
_COLUMNS = 2
_FEWEST = 4
"""Pairs from which on drift can be seen."""


def scenario_figure(study: Study, view: View) -> Figure:
    """Draw what a scenario has shown."""
    return Figure(view.name, alternative_text(view), _drawings(study, view))


def overall_figure(study: Study) -> Figure | None:
    """Draw the recommended ways of all scenarios; None where nothing is recommended."""
    drawing = effects(study)
    if drawing is None:
        return None
    return Figure(ALL, "All scenarios: speed-up of the recommended way, with intervals", [drawing])


def choices_figure(study: Study) -> Figure | None:
    """Draw how sure the choice of each mode is; None where nothing was to be chosen from."""
    found = [
        chances(MODE_NAMES[mode], MODE_NAMES[mode], advice.verdict, advice.options_named)
        for mode, advice in recommend_modes(study.results).items()
        if len(advice.options) > 1
    ]
    return (
        Figure(CHOICES, "Probability of each way to be the best, and what it loses if it is not", found)
        if found
        else None
    )


def draw(figure: Figure, title: str) -> bytes:
    """Write a figure as an SVG file with a title; the same data give the same bytes."""
    columns = min(_COLUMNS, len(figure.drawings))
    wide = columns * WIDTH + (columns - 1) * GAP
    heading = wrapped(title, (wide - 2 * EDGE) * 0.8)
    parts = [words(EDGE, HEADING * 0.75 + TITLE * place, text, "title") for place, text in enumerate(heading)]
    top = HEADING + TITLE * (len(heading) - 1)
    for row in _batched(figure.drawings, columns):
        parts += [part for place, drawing in enumerate(row) for part in _placed(drawing, place * (WIDTH + GAP), top)]
        top += max(drawing.height for drawing in row) + TITLE + GAP
    svg = node("svg", *parts, class_="plot", viewBox=f"0 0 {wide:g} {top:g}", width=wide, height=top, role="img")
    return document(svg, style())


def style() -> str:
    """Give the colours and letters of plots, for light and dark."""
    return files("ingest_bench.reporting.plots").joinpath("plot.css").read_text(encoding="utf-8")


def alternative_text(view: View) -> str:
    """Say in words what the figure of a scenario shows."""
    shows = {
        Kind.MIXED: "seconds of each pipeline stage",
        Kind.PAGES: "pages per second by page size",
        Kind.STAGES: "what removing each stage gains at most",
    }.get(view.kind, "throughput by concurrency" if _has_levels(view) else "speed-up of every way")
    return f"{view.title}: {shows}, with memory"


def _drawings(study: Study, view: View) -> list[Drawing]:
    found = [*_asked(study, view)]
    if not view.scenario.of_stages and len((advice := advised(view)).verdict.chances) > 1:
        found.append(chances(view.title, "Probability to be the best", advice.verdict, advice.options))
    if bars.latency_known(view):
        found.append(bars.latency(view))
    if len(pairs(view)) >= _FEWEST:
        found.append(drift(view))
    return found


def _asked(study: Study, view: View) -> list[Drawing]:
    """Draw what a scenario asks, and the memory."""
    if view.kind is Kind.MIXED:
        return [bars.stages(view), bars.ways(view), bars.memory_bars(view)]
    if view.kind is Kind.PAGES:
        return [lines.page_sizes(view), lines.memory_lines(view, by_page=True)]
    if view.kind is Kind.STAGES and (found := diagnosed(view)):
        return [removal(view, found), bars.memory_bars(view)]
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


def _batched(drawings: Sequence[Drawing], size: int) -> list[Sequence[Drawing]]:
    return [drawings[start : start + size] for start in range(0, len(drawings), size)]
