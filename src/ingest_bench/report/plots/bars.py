"""A row for each cell: speed-ups, stages of a pipeline, memory, response times."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import NamedTuple
from xml.etree.ElementTree import Element

from ingest_bench.analysis.speedup import median_of
from ingest_bench.report.blocks import Drawing
from ingest_bench.report.formatting import listed, number, percent, safe, sentence, times, whole
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.ranking import best, same_as_baseline, usable
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.plots.axes import EDGE, WIDTH, Canvas, Key, coloured, rows
from ingest_bench.report.plots.scales import Scale, ratio_scale, value_scale
from ingest_bench.report.plots.svg import box, line, mark, width_of, words
from ingest_bench.report.templating import text
from ingest_bench.results.models import Speedup

THICK = 12.0
NOTHING_USABLE = "No cell can be judged."
_FREE = 56.0
"""Room at the end of bars for their number."""


def ways(view: ScenarioView) -> Drawing:
    """Draw the speed-up of each way with its interval."""
    bounds = [bound for row in view.rows if (ratio := row.cell.speedup) for bound in (ratio.low, ratio.high)]
    scale = ratio_scale(bounds, EDGE, WIDTH - EDGE)
    drawn = [IntervalRow(row.name, row.cell.speedup, _speed_up(row), good=row.cell.parity.ok) for row in view.rows]
    canvas, middles = intervals(scale, drawn)
    keys = [Key("base", f"baseline: {view.baseline}"), *canvas.noise(view.noise, scale, middles)]
    title = "Speed-up, per item" if view.scenario.growing else "Speed-up"
    return canvas.drawing(title, f"{view.title}: speed-up of every way", _ways_text(view), keys)


class IntervalRow(NamedTuple):
    """A ratio to be drawn with its interval, and the text of its number."""

    name: str
    ratio: Speedup | None
    text: str
    colour: int = 0
    good: bool = True


def intervals(scale: Scale, drawn: Sequence[IntervalRow]) -> tuple[Canvas, list[float]]:
    """Draw a row for each ratio; its number is beside the interval where there is room, else behind the name."""
    besides = [_place_beside(scale, row.ratio, row.text) for row in drawn]
    names = [row.name if beside else f"{row.name}: {row.text}" for row, beside in zip(drawn, besides, strict=True)]
    canvas, middles = rows(names, scale, [1.0])
    for row, beside, y in zip(drawn, besides, middles, strict=True):
        number = [words(beside[0], y + 4, row.text, None, beside[1])] if beside else []
        if row.ratio is None:
            canvas.add(words(scale(1.0) + 6, y + 4, row.text, "soft"))
            continue
        bar = line(scale(row.ratio.low), y, scale(row.ratio.high), y, "line thick")
        middle = mark(row.colour, scale(row.ratio.median), y, 5, wrong=not row.good)
        canvas.add(coloured(row.colour, bar, middle, *number))
    return canvas, middles


def _place_beside(scale: Scale, ratio: Speedup | None, text: str) -> tuple[float, str | None] | None:
    if ratio is None:
        return scale(1.0) + 6, None
    left, right, wide = scale(ratio.low) - 8, scale(ratio.high) + 8, width_of(text)
    if right + wide <= WIDTH:
        return right, None
    return (left, "end") if left - wide >= 0 else None


def memory_bars(view: ScenarioView) -> Drawing:
    """Draw the memory at the peak of every cell."""
    scale = _from_zero([row.peak_mib for row in view.rows])
    canvas, middles = rows([row.name for row in view.rows], scale)
    for row, y in zip(view.rows, middles, strict=True):
        canvas.add(*_bar(scale, y, [(4, row.peak_mib or 0.0)], whole(row.peak_mib)))
    title = f"{view.title}: memory at the peak"
    return canvas.drawing("Memory at the peak, MiB", title, memory_text(view))


def stages(view: ScenarioView) -> Drawing:
    """Draw the seconds of each pipeline stage one after another."""
    names = list(dict.fromkeys(name for row in view.rows for name in row.stages))
    scale = _from_zero([row.time_s for row in view.rows])
    canvas, middles = rows([row.name for row in view.rows], scale)
    for row, y in zip(view.rows, middles, strict=True):
        parts = [(place, row.stage_shares.get(name, 0.0) * (row.time_s or 0.0)) for place, name in enumerate(names)]
        canvas.add(*_bar(scale, y, parts, f"{number(row.time_s)} s"))
    keys = [Key("box", _stage(view, name), place) for place, name in enumerate(names)]
    title = f"{view.title}: seconds of each pipeline stage"
    return canvas.drawing("End-to-end time by stage, s", title, _stages_text(view), keys)


def latency(view: ScenarioView) -> Drawing | None:
    """Draw half and 95% of the response times that the server saw, cell by cell; None where it saw none."""
    served = [row for row in view.rows if row.server_median(lambda server: server.response_ms_p95) is not None]
    if not served:
        return None
    halves = [row.server_median(lambda server: server.response_ms_p50) or 0.0 for row in served]
    slowest = [row.server_median(lambda server: server.response_ms_p95) or 0.0 for row in served]
    asked = _think_ms(served)
    scale = _from_zero([asked, *slowest])
    canvas, middles = rows([row.name for row in served], scale, [asked] if asked else [])
    for p50, p95, y in zip(halves, slowest, middles, strict=True):
        canvas.add(
            coloured(0, line(scale(p50), y, scale(p95), y, "line thick"), mark(0, scale(p50), y, 5)),
            coloured(1, mark(1, scale(p95), y, 4)),
            words(scale(p95) + 10, y + 4, f"{number(p50)} / {number(p95)}"),
        )
    keys = [Key("dot", "half of them take less", 0), Key("dot", "95% take less", 1)]
    if asked:
        keys.append(Key("base", "the think time that was asked for"))
    title = f"{view.title}: response times at the server"
    return canvas.drawing("Response time at the server, ms", title, _latency_text(view), keys)


def _speed_up(row: CellView) -> str:
    if row.cell.speedup is None:
        return "too few pairs"
    return times(row.cell.speedup.median) + ("" if row.cell.parity.ok else ", not the same items")


def _from_zero(values: Sequence[float | None]) -> Scale:
    return value_scale([0.0, *(value for value in values if value is not None)], EDGE, WIDTH - EDGE - _FREE)


def _bar(scale: Callable[[float], float], y: float, parts: Sequence[tuple[int, float]], text: str) -> list[Element]:
    drawn, total = [], 0.0
    for place, value in parts:
        left, total = scale(total), total + value
        drawn.append(coloured(place, box(left, y - THICK / 2, scale(total) - left, THICK, "fill")))
    return [*drawn, words(scale(total) + 5, y + 4, text)]


def _stage(view: ScenarioView, name: str) -> str:
    shares = [share for row in view.rows if (share := row.stage_shares.get(name)) is not None]
    if not shares:
        return name
    low, high = percent(min(shares)), percent(max(shares))
    return f"{name}: {low if low == high else f'{low} to {high}'}"


def _stages_text(view: ScenarioView) -> str:
    """Say which stage takes the most time, in each way."""
    rows = [row for row in view.rows if row.stage_shares]
    if not rows:
        return NOTHING_USABLE
    parts = []
    for row in rows:
        name = max(row.stage_shares, key=lambda stage: row.stage_shares[stage])
        parts.append(f"{name} takes {percent(row.stage_shares[name])} of {number(row.time_s)} s with {safe(row.name)}")
    return sentence(f"{listed(parts)}.")


def _think_ms(rows: Sequence[CellView]) -> float | None:
    """Give the think time that was asked of the server, as a median over cells; None where none was."""
    return median_of(row.server_median(lambda server: server.think_ms_asked) for row in rows) or None


def _ways_text(view: ScenarioView) -> str:
    """Say how many ways can be told from the baseline, and which of them gains the most."""
    rows = [row for row in usable(view) if not row.cell.is_null_cell]
    told_apart = [row for row in rows if not same_as_baseline(view, row)]
    return text("plots", "ways", rows=rows, told_apart=told_apart, top=best(told_apart)) if rows else NOTHING_USABLE


def memory_text(view: ScenarioView) -> str:
    """Say which ways take the least and the most memory."""
    rows, peak = [row for row in view.rows if row.peak_mib is not None], attrgetter("peak_mib")
    return text("plots", "memory", lowest=min(rows, key=peak), highest=max(rows, key=peak)) if rows else NOTHING_USABLE


def _latency_text(view: ScenarioView) -> str:
    """Say how far the slow answers are from the usual ones."""
    ratios = [
        (p95 / p50, row)
        for row in view.rows
        if (p50 := row.server_median(lambda server: server.response_ms_p50))
        and (p95 := row.server_median(lambda server: server.response_ms_p95))
    ]
    worst, row = max(ratios, key=lambda each: each[0], default=(0.0, None))
    asked = _think_ms([row for _, row in ratios])
    return text("plots", "latency", asked=asked, worst=worst, row=row) if row else NOTHING_USABLE
