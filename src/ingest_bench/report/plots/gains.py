"""What is gained: by the recommended way, scenario by scenario; and at most by removing a stage of an ingest."""

import math
from collections.abc import Sequence

from ingest_bench.analysis.bottleneck import Diagnosis, Stage
from ingest_bench.report.blocks import Drawing
from ingest_bench.report.formatting import times
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.ranking import recommended, same_as_baseline, tie
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.plots.axes import EDGE, WIDTH, Key, coloured, rows
from ingest_bench.report.plots.bars import THICK, IntervalRow, intervals
from ingest_bench.report.plots.scales import ratio_scale
from ingest_bench.report.plots.svg import box, line, words
from ingest_bench.report.templating import text

_SHOWN = 8
"""The largest are shown; all are in the table."""


def effects(study: ReportData) -> Drawing | None:
    """Draw the speed-ups of the recommended ways, the largest first; None where nothing is recommended."""
    choices = largest(study)
    if not choices:
        return None
    shown = choices[:_SHOWN]
    bounds = [bound for _, row in shown for bound in (row.standing.low, row.standing.high)]
    scale = ratio_scale(bounds, EDGE, WIDTH - EDGE - 40)
    drawn = []
    for view, row in shown:
        ratio, words = row.standing, tie(view, row.standing)
        factor = ", ".join(filter(None, (times(ratio.median), words)))
        drawn.append(IntervalRow(f"{view.title}: {row.name}", ratio, factor, 7 if words else 0))
    canvas, _ = intervals(scale, drawn)
    title = f"The {len(shown)} largest effects" if len(choices) > len(shown) else "The effects"
    return canvas.drawing(title, title, shows(choices), [Key("base", "what the scenario's baseline does")])


def largest(study: ReportData) -> list[tuple[ScenarioView, CellView]]:
    """List what is recommended, the largest speed-up first; baselines that win are left out."""
    choices = [(view, row) for view in study.views if (row := recommended(view)) and not row.cell.is_null_cell]
    return sorted(choices, key=lambda each: -math.log(each[1].standing.median))


def shows(choices: Sequence[tuple[ScenarioView, CellView]]) -> str:
    """Say in how many scenarios the recommended way is known to be faster, and where the most."""
    known = [(view, row) for view, row in choices if not same_as_baseline(view, row) and row.standing.median > 1]
    return text("plots", "gains", faster=known, recommended=choices)


WITHOUT: dict[Stage, str] = {
    "read": "without reading",
    "parse": "without parsing",
    "network": "without the network",
    "server": "without the server's think time",
    "output": "without output",
    "consumer": "without a consumer",
}
_FREE = 50.0
"""Room at the end of intervals for their number."""
_FOUND, _OTHER = 1, 0
"""Colours of the bottleneck and of the other stages."""


def removal(view: ScenarioView, diagnosis: Diagnosis) -> Drawing:
    """Draw for each stage how many times as fast the ingest is without it, with the interval, the largest first."""
    gains = diagnosis.gains
    bounds = [bound for gain in gains.values() for bound in (gain.low, gain.median, gain.high)]
    scale = ratio_scale(bounds, EDGE, WIDTH - EDGE - _FREE)
    canvas, middles = rows([WITHOUT[stage] for stage in gains], scale, [1.0])
    keys = [Key("box", "the bottleneck", _FOUND)] if diagnosis.stage else []
    if not diagnosis.stage or len(gains) > 1:
        keys.append(Key("box", "other stages" if diagnosis.stage else "no single bottleneck", _OTHER))
    keys += [Key("whisker", "interval"), Key("base", "the whole ingest")]
    keys += canvas.noise(view.noise, scale, middles)
    for (stage, gain), y in zip(gains.items(), middles, strict=True):
        left, right = sorted((scale(1.0), scale(gain.median)))
        bar = box(left, y - THICK / 2, right - left, THICK, "fill")
        canvas.add(
            coloured(_FOUND if stage == diagnosis.stage else _OTHER, bar),
            line(scale(gain.low), y, scale(gain.high), y, "whisker"),
            words(max(right, scale(gain.high)) + 6, y + 4, times(gain.median)),
        )
    title = f"{view.title}: what removing each stage gains at most"
    return canvas.drawing(
        "Times as fast without a stage, at most", title, text("stages", "bottleneck", diagnosis=diagnosis), keys
    )
