"""How the machine drifted while a scenario was measured, and what of it the pairs took out."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from ingest_bench.report.blocks import Drawing
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.plots.axes import Key, coloured, plane
from ingest_bench.report.plots.scales import Scale, ratio_scale
from ingest_bench.report.plots.svg import line, mark, path
from ingest_bench.report.templating import text

MIN_PAIRS_SHOWN = 4
"""Pairs from which on drift can be seen."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair of samples: when it began, the baseline's speed, the ratio; both relative to their medians."""

    started_at: float
    speed: float
    ratio: float


def pairs(view: ScenarioView) -> list[Pair]:
    """List the valid pairs of a scenario in the order in which they were measured."""
    taken = [pair for row in view.rows for pair in _pairs(row)]
    usual = statistics.median([pair.speed for pair in taken]) if taken else 1.0
    measured = [Pair(pair.started_at, pair.speed / usual, pair.ratio) for pair in taken]
    return sorted(measured, key=lambda pair: pair.started_at)


def drift(view: ScenarioView) -> Drawing | None:
    """Draw the speed of the baseline and the ratio of every pair, both around their medians; None with few pairs."""
    taken = pairs(view)
    if len(taken) < MIN_PAIRS_SHOWN:
        return None
    values = [value for pair in taken for value in (pair.speed, pair.ratio)]
    canvas, x, y = plane(
        lambda start, end: _in_order(len(taken), start, end),
        lambda low, high: ratio_scale(values, low, high),
        "pair, in the order measured",
    )
    canvas.add(line(x.start, y(1.0), x.end, y(1.0), "base"))
    speeds = [(x(place), y(pair.speed)) for place, pair in enumerate(taken, 1)]
    canvas.add(coloured(1, path(speeds, "line"), *(mark(1, *place, 2.5) for place in speeds)))
    canvas.add(coloured(0, *(mark(0, x(place), y(pair.ratio)) for place, pair in enumerate(taken, 1))))
    keys = [Key("line", "the baseline's speed", 1), Key("dot", "ratio of the pair", 0)]
    alternative = f"{view.title}: ratios and the baseline's speed, pair by pair"
    return canvas.drawing("Drift, relative to the median", alternative, shows(taken), keys)


def shows(taken: Sequence[Pair]) -> str:
    """Say how much the machine drifted and how much of it is left in the ratios."""
    speed, ratio = spread([pair.speed for pair in taken]), spread([pair.ratio for pair in taken])
    half = len(taken) // 2
    early, late = (statistics.median(pair.ratio for pair in part) for part in (taken[:half], taken[half:]))
    return text("plots", "drift", speed=speed, ratio=ratio, growth=late / early)


def spread(values: Sequence[float]) -> float:
    """Give the factor within which two thirds of values around 1 lie: the exponential of the spread of logarithms."""
    return math.exp(math.sqrt(statistics.fmean(math.log(value) ** 2 for value in values)))


def _pairs(row: CellView) -> list[Pair]:
    """Pair the samples, as the speed-up does; the ratios are relative to the cell's own median."""
    bases = {sample.pair: sample for sample in row.baseline_samples}
    both = [(bases[sample.pair], sample) for sample in row.samples if sample.pair in bases]
    speeds = [(base.items / base.wall_s, sample.items / sample.wall_s) for base, sample in both]
    usual = statistics.median([own / other for other, own in speeds]) if speeds else 1.0
    return [
        Pair(min(base.started_at, sample.started_at), other, own / other / usual)
        for (base, sample), (other, own) in zip(both, speeds, strict=True)
    ]


def _in_order(count: int, start: float, end: float) -> Scale:
    step = max(1, math.ceil(count / 6))
    ticks = [float(place) for place in range(step, count + 1, step)]
    return Scale(0.0, count + 1.0, start, end, log=False, ticks=ticks)
