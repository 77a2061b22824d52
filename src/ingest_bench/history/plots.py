"""Plots of cells over time, and of what two machines have in common."""

import math
from collections.abc import Mapping, Sequence

from ingest_bench.analysis.change_points import segments
from ingest_bench.history.machines import SHARE, SideBySide
from ingest_bench.history.series import SPEED_UP, THROUGHPUT, CellSeries, Change, Measure
from ingest_bench.report.blocks import Drawing
from ingest_bench.report.formatting import at_level, number, percent, safe, sentence, times
from ingest_bench.report.plots.axes import EDGE, WIDTH, Key, coloured, plane
from ingest_bench.report.plots.bars import IntervalRow, intervals
from ingest_bench.report.plots.scales import Scale, ratio_scale, value_scale
from ingest_bench.report.plots.svg import line, marks, path
from ingest_bench.results.history_table import HistoryRow
from stac_ingest.core.text import counted

Runs = Mapping[str, int]
"""The number of each run, by its hash."""
_NEW, _OLD = 1, 0
"""Colours of a series that has moved: after the last change, and before it."""


def over_time(series: Sequence[CellSeries], runs: Runs) -> list[Drawing]:
    """Draw the cells of a scenario run by run: their speed-ups, and the throughput of the baseline beside them."""
    ways = [each for each in series if len(each.known(SPEED_UP)) > 1]
    null = [each for each in series if each.last.is_null_cell and len(each.known(THROUGHPUT)) > 1]
    drawn = [_lines(ways, SPEED_UP, "Speed-up, run by run", runs)] if ways else []
    return drawn + ([_lines(null, THROUGHPUT, "Throughput of the baseline, items/s", runs)] if null else [])


def step(series: CellSeries, measure: Measure, changes: Sequence[Change], runs: Runs) -> Drawing:
    """Draw a measure that has moved: each run, and the level between changes."""
    known = series.known(measure)
    values, places = [value for _, value in known], [runs[row.run] for row, _ in known]
    canvas, x, y = plane(
        lambda start, end: _in_order(runs, start, end), lambda low, high: value_scale(values, low, high), "run"
    )
    levels = [changes[0].levels[0], *(change.levels[1] for change in changes)]
    pieces = segments(len(known), [change.point for change in changes])
    for (start, end), value in zip(pieces, levels, strict=True):
        colour, level = _NEW if end == len(known) else _OLD, y(value)
        canvas.add(
            coloured(
                colour,
                line(x(places[start] - 0.4), level, x(places[end - 1] + 0.4), level, "line thick"),
                marks(colour, [(x(place), y(value)) for place, value in zip(places, values, strict=True)][start:end]),
            )
        )
    title = f"{series.last.title}: {way(series.last)}"
    shown = [f"{' to '.join(map(number, change.levels))} with run {runs[change.after.run]}" for change in changes]
    unit = f"{measure.name}, {measure.unit}"
    keys = [Key("dot", "since the last change", _NEW), Key("dot", "before it", _OLD)]
    return canvas.drawing(sentence(unit), f"{title}, {unit}", f"{safe(title)}: {'; '.join(shown)}.", keys)


def factors(beside: SideBySide) -> Drawing:
    """Draw by how much each quantity differs between two machines."""
    bounds = [bound for factor in beside.factors for bound in (factor.low, factor.high)]
    scale = ratio_scale(bounds, EDGE, WIDTH - EDGE - 40)
    drawn = [IntervalRow(factor.name, factor.spread, times(factor.median)) for factor in beside.factors]
    canvas, _ = intervals(scale, drawn)
    shows = f"Median over the cells, and the range that holds {percent(SHARE)} of them."
    keys = [Key("base", "the same on both")]
    return canvas.drawing(
        "The other machine over the one measured last", f"{beside.one.name} and {beside.other.name}", shows, keys
    )


def way(row: HistoryRow) -> str:
    """Name the arm and the level of a cell."""
    return at_level(row.label, row.concurrency)


def _lines(series: Sequence[CellSeries], measure: Measure, title: str, runs: Runs) -> Drawing:
    values = [value for each in series for _, value in each.known(measure)]
    canvas, x, y = plane(
        lambda start, end: _in_order(runs, start, end), lambda low, high: value_scale(values, low, high), "run"
    )
    for place, each in enumerate(series):
        points = [(x(runs[row.run]), y(value)) for row, value in each.known(measure)]
        canvas.add(coloured(place, path(points, "line"), marks(place, points, 3)))
    keys = [Key("line", way(each.last), place) for place, each in enumerate(series)]
    about = series[0].last.title
    count = len(values) / len(series)
    shows = f"{counted(len(series), 'cell')} in {counted(round(count), 'run')}."
    return canvas.drawing(title, f"{about}: {measure.name} run by run", shows, keys)


def _in_order(runs: Runs, start: float, end: float) -> Scale:
    last = max(runs.values())
    every = max(1, math.ceil(last / 6))
    return Scale(0.5, last + 0.5, start, end, log=False, ticks=[float(each) for each in range(1, last + 1, every)])
