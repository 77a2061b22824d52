"""Tools beside ours: of a task, how long every tool takes against the baseline, with intervals."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ingest_bench.report.blocks import Drawing
from ingest_bench.report.formatting import number, times, whole
from ingest_bench.report.model.tools import Task, ToolRow
from ingest_bench.report.plots.axes import EDGE, WIDTH
from ingest_bench.report.plots.matplotlib_svg import DPI, as_element, our_settings
from ingest_bench.report.plots.scales import ratio_scale, tick_text
from ingest_bench.report.plots.svg import LINE, width_of, wrapped
from ingest_bench.report.templating import text

ROW, FOOT = 18.0, 2 * LINE + 8
"""Height of a row's place below its name, and of the axis with its name."""
COLOURS = {"baseline": 7, "faster": 1, "slower": 0, "same": 7, "open": 7}
MARKERS = {"baseline": "D", "faster": "<", "slower": ">", "same": "o", "open": "s"}
"""Shapes, so that colour isn't needed. Each has an area, since what is filled has no outline."""
WORDS = {
    "baseline": "too few pairs",
    "few": "too few pairs",
    "wrong": "not what the corpus holds",
    "failed": "failed",
    "missing": "not installed",
    "deferred": "deferred",
}


def drawing(task: Task, bounds: Sequence[float]) -> Drawing:
    """Draw each tool in a row: its wall time over the baseline's on a logarithmic axis, and in words its memory.

    Args:
        task: what is done.
        bounds: what has to lie on the axis, which all tasks of a figure share.

    """
    names = [wrapped(_name(row), WIDTH - 2 * EDGE) for row in task.rows]
    height = sum(LINE * len(lines) + ROW for lines in names)
    with our_settings():
        figure = Figure(figsize=(WIDTH / DPI, (height + FOOT) / DPI), dpi=DPI)
        figure.patch.set_visible(False)
        inner = (EDGE / WIDTH, FOOT / (height + FOOT), 1 - 2 * EDGE / WIDTH, height / (height + FOOT))
        axes = figure.add_axes(inner)
        _frame(axes, bounds, height, f"wall time over that of {task.baseline}")
        top = 0.0
        for row, lines in zip(task.rows, names, strict=True):
            _write(axes, top, lines)
            top += LINE * len(lines) + ROW
            _point(axes, row, top - ROW / 2)
        svg = as_element(figure, f"{task.name}: wall time of every tool over that of {task.baseline}")
    return Drawing(_title(task), text("tools", "verdict", task=task), svg, WIDTH, height + FOOT)


def _title(task: Task) -> str:
    return text("tools", "title", task=task)


def _name(row: ToolRow) -> str:
    if row.ratio is None:
        return f"{row.tool}: {WORDS[row.standing]}"
    ratio = "" if row.standing == "baseline" else f"{times(row.ratio.median)}, "
    found = f"{ratio}{number(row.time_s)} s, {whole(row.memory_mib)} MiB"
    is_wrong = row.standing == "wrong"
    return f"{row.tool}: {found}{f', {WORDS[row.standing]}' if is_wrong else ''}"


def _frame(axes: Axes, bounds: Sequence[float], height: float, name: str) -> None:
    """Draw the grid and the values below."""
    scale = ratio_scale(bounds, EDGE, WIDTH - EDGE)
    axes.set_axis_off()
    axes.patch.set_visible(False)
    axes.set_xscale("log")
    ends = sorted([min([*bounds, 0.9]) / 1.08, max([*bounds, 1.11]) * 1.08])
    axes.set_xlim(*ends)
    axes.set_ylim(height, 0)
    taken = 0.0
    for tick in (tick for tick in scale.ticks if ends[0] <= tick <= ends[1]):
        axes.axvline(tick, gid="class grid")
        half, place = width_of(tick_text(tick)) / 2, scale(tick)
        if place - half >= taken and place + half <= WIDTH:
            axes.text(tick, height + LINE, tick_text(tick), ha="center", gid="class soft", clip_on=False)
            taken = place + half + 6
    below = axes.get_yaxis_transform()
    lines = wrapped(name, WIDTH - 2 * EDGE)
    shown = lines[0] if len(lines) == 1 else "wall time over the baseline's"
    axes.text(0.5, height + 2 * LINE, shown, ha="center", transform=below, gid="class soft", clip_on=False)


def _write(axes: Axes, top: float, lines: list[str]) -> None:
    for number_of, line in enumerate(lines, 1):
        at = axes.get_yaxis_transform()
        axes.text(0, top + LINE * number_of - 2, line, transform=at, gid="class name", parse_math=False, clip_on=False)


def _point(axes: Axes, row: ToolRow, y: float) -> None:
    """Draw interval and median against the baseline's line; a cross for what doesn't count."""
    axes.vlines(1.0, y - ROW / 2, y + ROW / 2, gid="class base")  # a line through all rows would cross their names
    if row.ratio is None:
        return
    colour = f"c{COLOURS.get(row.standing, 7)}"
    axes.hlines(y, row.ratio.low, row.ratio.high, gid=f"class {colour} line thick", clip_on=False)
    marker = MARKERS.get(row.standing)
    kind = "fill" if marker else "line"
    axes.plot([row.ratio.median], [y], marker or "x", markersize=9, gid=f"class {colour} {kind}", clip_on=False)
