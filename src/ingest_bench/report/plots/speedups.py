"""The first figure: what the recommended way gains, scenario by scenario."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ingest_bench.report.blocks import Drawing
from ingest_bench.report.formatting import counted, listed, safe, speed_up, times
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.ranking import recommended, same_as_baseline
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.plots.axes import EDGE, WIDTH, Key, rows
from ingest_bench.report.plots.bars import interval, named
from ingest_bench.report.plots.scales import ratio_scale

_SHOWN = 8
"""The largest are shown; all are in the table."""


def effects(study: ReportData) -> Drawing | None:
    """Draw the speed-ups of the recommended ways, the largest first; None where nothing is recommended."""
    found = largest(study)
    if not found:
        return None
    shown = found[:_SHOWN]
    bounds = [bound for _, row in shown for bound in (row.standing.low, row.standing.high)]
    scale = ratio_scale(bounds, EDGE, WIDTH - EDGE - 40)
    told = [_told(view, row) for view, row in shown]
    names = [
        named(scale, f"{view.title}: {row.name}", row.standing, text)
        for (view, row), text in zip(shown, told, strict=True)
    ]
    canvas, middles = rows(names, scale, [1.0])
    for (view, row), text, y in zip(shown, told, middles, strict=True):
        canvas.add(interval(scale, y, row.standing, text, 7 if same_as_baseline(view, row) else 0, good=True))
    title = f"The {len(shown)} largest effects" if len(found) > len(shown) else "The effects"
    return canvas.drawing(title, title, shows(found), [Key("base", "what the scenario's baseline does")])


def _told(view: ScenarioView, row: CellView) -> str:
    return times(row.standing.median) + (", no difference" if same_as_baseline(view, row) else "")


def largest(study: ReportData) -> list[tuple[ScenarioView, CellView]]:
    """List what is recommended, the largest speed-up first; baselines that win are left out."""
    found = [(view, row) for view in study.views if (row := recommended(view)) and not row.cell.is_null_cell]
    return sorted(found, key=lambda each: -math.log(each[1].standing.median))


def shows(found: Sequence[tuple[ScenarioView, CellView]]) -> str:
    """Say in how many scenarios the recommended way is known to be faster, and where the most."""
    known = [(view, row) for view, row in found if not same_as_baseline(view, row) and row.standing.median > 1]
    counts = f"{len(known)} of {counted(len(found), 'recommended way')} are faster than what they are compared with"
    if not known:
        return f"{counts}, beyond noise."
    most = listed([f"{safe(view.title)}, {speed_up(row.standing)}" for view, row in known[:1]])
    return f"{counts}, beyond noise; the most with {most}."
