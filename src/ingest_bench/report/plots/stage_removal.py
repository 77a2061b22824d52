"""What removing each stage of an ingest would gain at most: bars from the whole ingest on."""

from __future__ import annotations

from ingest_bench.analysis.bottleneck import Diagnosis, Stage
from ingest_bench.report.blocks import Drawing
from ingest_bench.report.formatting import times
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.stages import bottleneck_told
from ingest_bench.report.plots.axes import EDGE, WIDTH, Key, coloured, rows
from ingest_bench.report.plots.bars import THICK
from ingest_bench.report.plots.scales import ratio_scale
from ingest_bench.report.plots.svg import box, line, words

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


def removal(view: ScenarioView, found: Diagnosis) -> Drawing:
    """Draw for each stage how many times as fast the ingest is without it, with the interval, the largest first."""
    gains = found.gains
    bounds = [bound for gain in gains.values() for bound in (gain.low, gain.median, gain.high)]
    scale = ratio_scale(bounds, EDGE, WIDTH - EDGE - _FREE)
    canvas, middles = rows([WITHOUT[stage] for stage in gains], scale, [1.0])
    keys = [Key("box", "the bottleneck", _FOUND)] if found.stage else []
    if not found.stage or len(gains) > 1:
        keys.append(Key("box", "other stages" if found.stage else "no single bottleneck", _OTHER))
    keys += [Key("whisker", "interval"), Key("base", "the whole ingest")]
    keys += canvas.noise(view.noise, scale, middles)
    for (stage, gain), y in zip(gains.items(), middles, strict=True):
        left, right = sorted((scale(1.0), scale(gain.median)))
        bar = box(left, y - THICK / 2, right - left, THICK, "fill")
        canvas.add(
            coloured(_FOUND if stage == found.stage else _OTHER, bar),
            line(scale(gain.low), y, scale(gain.high), y, "whisker"),
            words(max(right, scale(gain.high)) + 6, y + 4, times(gain.median)),
        )
    title = f"{view.title}: what removing each stage gains at most"
    return canvas.drawing("Times as fast without a stage, at most", title, bottleneck_told(found), keys)
