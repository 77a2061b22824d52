"""What each kind of figure shows."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING

from ingest_bench.reporting.axes import (
    COLOURS,
    GREY,
    NOISE,
    SPREAD,
    bars,
    legend,
    line,
    memory_axis,
    plain_line,
    ticks,
    two,
    value_axis,
)
from ingest_bench.reporting.columns import pages_per_second, way_of_paging
from ingest_bench.reporting.rows import Row, middle
from ingest_bench.reporting.view import View
from ingest_bench.reporting.wording import number, percent, plain, times

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Lines = dict[str, list[Row]]


def levels(figure: Figure, view: View) -> None:
    """Throughput against concurrency, with the intervals of the speed-ups; memory beside it."""
    fast, memory = two(figure, (2.1, 1))
    lines = _by(view, lambda row: row.cell.label)
    base = _baseline_rate(view)
    for place, (name, rows) in enumerate(lines.items()):
        shift = 1 + SPREAD * (place - (len(lines) - 1) / 2)
        line(fast, place, name, [(row.level * shift, *_rate_with_bounds(row, base), row) for row in rows])
        plain_line(memory, place, [(row.level * shift, row.peak_mb) for row in rows])
    _mark_baseline(fast, view, base)
    _concurrency_axis(fast, view)
    _concurrency_axis(memory, view)
    fast.set_title("Throughput, items/s (speed-up x the baseline's)")
    value_axis(fast, [base, *(bound for row in view.rows for bound in _rate_with_bounds(row, base)[1:])])
    memory_axis(memory, view)
    legend(figure, fast)


def page_sizes(figure: Figure, view: View) -> None:
    """Pages per second against page size, a line for each way of paging; memory beside it."""
    fast, memory = two(figure, (2.1, 1))
    lines = _by(view, way_of_paging)
    for place, (name, rows) in enumerate(lines.items()):
        shift = 1 + SPREAD * (place - (len(lines) - 1) / 2)
        points = []
        for row in rows:
            pages = pages_per_second(row)
            ratio = row.cell.ratio
            low, high = (ratio.low / ratio.median, ratio.high / ratio.median) if ratio else (1.0, 1.0)
            points.append((row.page_size * shift, pages, (pages or 0) * low, (pages or 0) * high, row))
        line(fast, place, name, points)
        plain_line(memory, place, [(row.page_size * shift, row.peak_mb) for row in rows])
    sizes = sorted({row.page_size for row in view.rows})
    for axes in (fast, memory):
        ticks(axes, sizes, "Items a page")
    fast.set_title("Pages per second")
    value_axis(fast, [pages for row in view.rows if (pages := pages_per_second(row))])
    memory_axis(memory, view)
    legend(figure, fast)


def ways(figure: Figure, view: View) -> None:
    """Speed-up of each way with its interval; memory beside it."""
    fast, memory = two(figure, (2.1, 1))
    rows = view.rows[::-1]
    if view.noise:
        fast.axvspan(view.noise.low, view.noise.high, color=NOISE, alpha=0.5, lw=0, label="noise")
    fast.axvline(1, color=GREY, lw=1.2, ls="--", label=f"baseline: {plain(view.baseline)}")
    widest = max((row.cell.ratio.high for row in rows if row.cell.ratio), default=1.0)
    for place, row in enumerate(rows):
        ratio = row.cell.ratio
        if ratio is None:
            fast.annotate("no valid pair", (1, place), textcoords="offset points", xytext=(5, 4), color=GREY)
            continue
        colour = COLOURS[0] if row.cell.parity.ok else GREY
        fast.hlines(place, ratio.low, ratio.high, color=colour, lw=2.2)
        fast.plot([ratio.median], [place], "o" if row.cell.parity.ok else "x", color=colour, ms=7)
        fast.annotate(
            times(ratio.median) + ("" if row.cell.parity.ok else ", not the same items"),
            (ratio.median, place),
            textcoords="offset points",
            xytext=(-7, 7) if ratio.median > 0.6 * widest else (7, 7),
            ha="right" if ratio.median > 0.6 * widest else "left",
            color=colour,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )
    bars(memory, [(place, row.peak_mb) for place, row in enumerate(rows)])
    names = [_wrapped(row.name) for row in rows]
    fast.set_yticks(range(len(rows)), names)
    memory.set_yticks(range(len(rows)), [])
    for axes in (fast, memory):
        axes.set_ylim(-0.6, len(rows) - 0.3)
        axes.grid(visible=False, axis="y")
    bounds = [bound for row in rows if row.cell.ratio for bound in (row.cell.ratio.low, row.cell.ratio.high)]
    value_axis(fast, [*bounds, 1.0], horizontal=True)
    fast.set_title("Speed-up, per item" if view.growing else "Speed-up")
    legend(figure, fast)


def stages(figure: Figure, view: View) -> None:
    """Seconds of each pipeline stage, stacked; memory beside it."""
    time, memory = two(figure, (2.1, 1))
    rows = view.rows[::-1]
    names = list(dict.fromkeys(name for row in rows for name in row.stages))
    longest = max((row.time_s or 0 for row in rows), default=0)
    for place, row in enumerate(rows):
        left = 0.0
        for index, name in enumerate(names):
            share = row.stage_shares.get(name, 0.0)
            seconds = share * (row.time_s or 0)
            time.barh(
                place,
                seconds,
                left=left,
                height=0.5,
                color=COLOURS[index % len(COLOURS)],
                label=plain(name) if place == 0 else None,
                hatch=None if row.cell.parity.ok else "///",
            )
            if longest and seconds > 0.07 * longest:
                time.text(left + seconds / 2, place, percent(share), ha="center", va="center", color="white")
            left += seconds
        time.text(left, place, f" {number(row.time_s)} s", va="center")
    bars(memory, [(place, row.peak_mb) for place, row in enumerate(rows)])
    time.set_yticks(range(len(rows)), [_wrapped(row.name) for row in rows])
    memory.set_yticks(range(len(rows)), [])
    for axes in (time, memory):
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.grid(visible=False, axis="y")
    time.set_xlim(0, longest * 1.15 or 1)
    time.set_title("End-to-end time by stage, s")
    legend(figure, time)


def _by(view: View, key: Callable[[Row], str]) -> Lines:
    lines: Lines = {}
    for row in view.rows:
        lines.setdefault(plain(key(row)), []).append(row)
    return lines


def _baseline_rate(view: View) -> float:
    return middle(sample.items / sample.wall_s for sample in view.baseline_samples) or 1.0


def _rate_with_bounds(row: Row, base: float) -> tuple[float | None, float, float]:
    """Give the throughput that the speed-up means on the baseline's, and its bounds."""
    ratio = row.cell.ratio
    return (ratio.median * base, ratio.low * base, ratio.high * base) if ratio else (None, base, base)


def _mark_baseline(axes: Axes, view: View, base: float) -> None:
    if view.noise:
        axes.axhspan(view.noise.low * base, view.noise.high * base, color=NOISE, alpha=0.5, lw=0, label="noise")
    label = f"baseline: {plain(view.baseline)} at {view.scenario.baseline.concurrency}"
    axes.axhline(base, color=GREY, lw=1.2, ls="--", label=label)


def _concurrency_axis(axes: Axes, view: View) -> None:
    ticks(axes, sorted({row.level for row in view.rows}), "Concurrency")


def _wrapped(name: str) -> str:
    return textwrap.fill(plain(name), 24)
