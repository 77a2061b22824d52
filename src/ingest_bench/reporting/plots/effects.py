"""The first figure: what the recommended way gains, scenario by scenario."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ingest_bench.reporting.compare import recommended, same_as_baseline
from ingest_bench.reporting.plots.bars import interval
from ingest_bench.reporting.plots.frame import EDGE, WIDTH, Key, rows
from ingest_bench.reporting.plots.scales import ratio_scale
from ingest_bench.reporting.plots.svg import Drawing
from ingest_bench.reporting.rows import Row
from ingest_bench.reporting.view import Study, View
from ingest_bench.reporting.wording import counted, listed, safe, speed_up, times

_SHOWN = 8
"""The largest are shown; all are in the table."""


def effects(study: Study) -> Drawing | None:
    """Draw the speed-ups of the recommended ways, the largest first; None where nothing is recommended."""
    found = largest(study)
    if not found:
        return None
    shown = found[:_SHOWN]
    bounds = [bound for _, row in shown for bound in (row.standing.low, row.standing.high)]
    scale = ratio_scale(bounds, EDGE, WIDTH - EDGE - 40)
    canvas, middles = rows([f"{view.title}: {row.name}" for view, row in shown], scale, [1.0])
    for (view, row), y in zip(shown, middles, strict=True):
        known = not same_as_baseline(view, row)
        text = times(row.standing.median) if known else f"{times(row.standing.median)}, no difference"
        canvas.add(interval(scale, y, row.standing, text, 0 if known else 7, good=True))
    title = f"The {len(shown)} largest effects" if len(found) > len(shown) else "The effects"
    return canvas.drawing(title, title, shows(found), [Key("base", "what the scenario's baseline does")])


def largest(study: Study) -> list[tuple[View, Row]]:
    """List what is recommended, the largest speed-up first; baselines that win are left out."""
    found = [(view, row) for view in study.views if (row := recommended(view)) and not row.cell.null]
    return sorted(found, key=lambda each: -math.log(each[1].standing.median))


def shows(found: Sequence[tuple[View, Row]]) -> str:
    """Say in how many scenarios the recommended way is known to be faster, and where the most."""
    known = [(view, row) for view, row in found if not same_as_baseline(view, row) and row.standing.median > 1]
    counts = f"{len(known)} of {counted(len(found), 'recommended way')} are faster than what they are compared with"
    if not known:
        return f"{counts}, beyond noise."
    most = listed([f"{safe(view.title)}, {speed_up(row.standing)}" for view, row in known[:1]])
    return f"{counts}, beyond noise; the most with {most}."
