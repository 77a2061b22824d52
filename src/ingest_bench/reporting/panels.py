"""The panels that figures are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ingest_bench.reporting.compare import usable
from ingest_bench.reporting.view import Row, View, middle
from ingest_bench.reporting.wording import number, percent, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#5B4A8A", "#7A7A00")
"""Told apart by the colour-blind as well: after Okabe and Ito, without their yellow, too pale on white."""
MARKERS = "osD^vP*X"
GREY, NOISE = "#666666", "#cfcfcf"
WIDE = 6
"""Values that differ by more than this factor are shown on a logarithmic axis."""
SPREAD = 0.035
"""Markers of several arms at the same place are moved apart by this much, relative."""

Lines = dict[str, list[Row]]


def levels(figure: Figure, view: View) -> None:
    """Throughput against concurrency, with the intervals of the speed-ups; memory beside it."""
    fast, memory = _two(figure, (2.1, 1))
    lines = _by(view, lambda row: row.cell.label)
    base = _baseline_rate(view)
    for place, (name, rows) in enumerate(lines.items()):
        shift = 1 + SPREAD * (place - (len(lines) - 1) / 2)
        _line(fast, place, name, [(row.level * shift, *_rate_with_bounds(row, base), row) for row in rows])
        _plain_line(memory, place, [(row.level * shift, row.peak_mb) for row in rows])
    _mark_baseline(fast, view, base)
    _concurrency_axis(fast, view)
    _concurrency_axis(memory, view)
    fast.set_title("Throughput, items/s")
    memory.set_title("Memory at the peak, MB")
    _value_axis(fast, [bound for row in usable(view) for bound in _rate_with_bounds(row, base)[1:]])
    memory.set_ylim(bottom=0)
    _legend(figure, fast)


def page_sizes(figure: Figure, view: View) -> None:
    """Pages per second against page size, a line for each way of paging; memory beside it."""
    from ingest_bench.reporting.columns import pages_per_second  # noqa: PLC0415 - columns need no figures

    fast, memory = _two(figure, (2.1, 1))
    lines = _by(view, _way_of_paging)
    for place, (name, rows) in enumerate(lines.items()):
        shift = 1 + SPREAD * (place - (len(lines) - 1) / 2)
        points = []
        for row in rows:
            pages = pages_per_second(row)
            ratio = row.cell.ratio
            low, high = (ratio.low / ratio.median, ratio.high / ratio.median) if ratio else (1.0, 1.0)
            points.append((row.page_size * shift, pages, (pages or 0) * low, (pages or 0) * high, row))
        _line(fast, place, name, points)
        _plain_line(memory, place, [(row.page_size * shift, row.peak_mb) for row in rows])
    sizes = sorted({row.page_size for row in view.rows})
    for axes in (fast, memory):
        _ticks(axes, sizes, "Items a page")
    fast.set_title("Pages per second")
    memory.set_title("Memory at the peak, MB")
    _value_axis(fast, [pages for row in view.rows if (pages := pages_per_second(row))])
    memory.set_ylim(bottom=0)
    _legend(figure, fast)


def ways(figure: Figure, view: View) -> None:
    """Speed-up of each way with its interval; memory beside it."""
    fast, memory = _two(figure, (2.1, 1))
    rows = view.rows[::-1]
    if view.noise:
        fast.axvspan(view.noise.low, view.noise.high, color=NOISE, alpha=0.5, lw=0, label="noise")
    fast.axvline(1, color=GREY, lw=1.2, ls="--", label=f"baseline: {plain(view.baseline)}")
    for place, row in enumerate(rows):
        ratio = row.cell.ratio
        if ratio is None:
            fast.annotate("no valid pair", (1, place), textcoords="offset points", xytext=(5, 4), color=GREY)
            continue
        colour = COLOURS[0] if row.cell.parity.ok else GREY
        fast.hlines(place, ratio.low, ratio.high, color=colour, lw=2.2)
        fast.plot([ratio.median], [place], "o" if row.cell.parity.ok else "x", color=colour, ms=7)
        told = f"{ratio.median:.2f}x" + ("" if row.cell.parity.ok else ", not the same items")
        fast.annotate(
            told, (ratio.median, place), textcoords="offset points", xytext=(0, 8), ha="center", color=colour
        )
    _bars(memory, [(place, row.peak_mb) for place, row in enumerate(rows)])
    names = [_wrapped(row.name) for row in rows]
    fast.set_yticks(range(len(rows)), names)
    memory.set_yticks(range(len(rows)), [])
    for axes in (fast, memory):
        axes.set_ylim(-0.6, len(rows) - 0.3)
        axes.grid(visible=False, axis="y")
    bounds = [bound for row in rows if row.cell.ratio for bound in (row.cell.ratio.low, row.cell.ratio.high)]
    _value_axis(fast, [*bounds, 1.0], horizontal=True)
    fast.set_title("Speed-up, per item" if view.growing else "Speed-up")
    memory.set_title("Memory at the peak, MB")
    _legend(figure, fast)


def stages(figure: Figure, view: View) -> None:
    """Seconds of each pipeline stage, stacked; memory beside it."""
    time, memory = _two(figure, (2.1, 1))
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
            if longest and seconds > 0.07 * longest:  # noqa: PLR2004 - narrower than its text
                time.text(left + seconds / 2, place, percent(share), ha="center", va="center", color="white")
            left += seconds
        time.text(left, place, f" {number(row.time_s)} s", va="center")
    _bars(memory, [(place, row.peak_mb) for place, row in enumerate(rows)])
    time.set_yticks(range(len(rows)), [_wrapped(row.name) for row in rows])
    memory.set_yticks(range(len(rows)), [])
    for axes in (time, memory):
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.grid(visible=False, axis="y")
    time.set_xlim(0, longest * 1.15 or 1)
    time.set_title("End-to-end time by stage, s")
    memory.set_title("Memory at the peak, MB")
    _legend(figure, time)


def _two(figure: Figure, widths: tuple[float, float]) -> tuple[Axes, Axes]:
    left, right = figure.subplots(1, 2, width_ratios=widths)
    return left, right


def _by(view: View, key: Callable[[Row], str]) -> Lines:
    lines: Lines = {}
    for row in view.rows:
        lines.setdefault(plain(key(row)), []).append(row)
    return lines


def _way_of_paging(row: Row) -> str:
    """Name a way of paging without its page size."""
    size = str(row.arm.settings.get("limit", row.page_size))
    name = re.sub(rf"[\s,_-]*\b{re.escape(size)}\b.*$", "", row.cell.label) or row.cell.label
    return f"{name}, {row.level} at once" if row.level > 1 else name


def _baseline_rate(view: View) -> float:
    return middle(sample.items / sample.wall_s for sample in view.baseline_samples) or 1.0


def _rate_with_bounds(row: Row, base: float) -> tuple[float | None, float, float]:
    """Give the throughput that the speed-up means on the baseline's, and its bounds."""
    ratio = row.cell.ratio
    return (ratio.median * base, ratio.low * base, ratio.high * base) if ratio else (None, base, base)


def _line(axes: Axes, place: int, name: str, points: Sequence[tuple[float, float | None, float, float, Row]]) -> None:
    colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
    known = [(x, y, low, high, row) for x, y, low, high, row in points if y is not None]
    good = [point for point in known if point[4].cell.parity.ok]
    bad = [point for point in known if not point[4].cell.parity.ok]
    axes.vlines([x for x, *_ in known], [low for *_, low, _, _ in known], [high for *_, high, _ in known], color=colour)
    axes.plot([x for x, *_ in good], [y for _, y, *_ in good], marker=marker, ms=6, color=colour, label=name)
    if bad:
        label = f"{name} (not the same items)"
        axes.plot([x for x, *_ in bad], [y for _, y, *_ in bad], "x", ms=7, color=colour, label=label)


def _plain_line(axes: Axes, place: int, points: Iterable[tuple[float, float | None]]) -> None:
    known = [(x, y) for x, y in points if y is not None]
    colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
    axes.plot([x for x, _ in known], [y for _, y in known], marker=marker, ms=4.5, color=colour)


def _mark_baseline(axes: Axes, view: View, base: float) -> None:
    if view.noise:
        axes.axhspan(view.noise.low * base, view.noise.high * base, color=NOISE, alpha=0.5, lw=0, label="noise")
    label = f"baseline: {plain(view.baseline)} at {view.scenario.baseline.concurrency}"
    axes.axhline(base, color=GREY, lw=1.2, ls="--", label=label)


def _concurrency_axis(axes: Axes, view: View) -> None:
    _ticks(axes, sorted({row.level for row in view.rows}), "Concurrency")


def _ticks(axes: Axes, places: Sequence[int], name: str) -> None:
    axes.set_xscale("log")
    axes.set_xticks(places, [f"{place:,}" for place in places])
    axes.set_xticks([], minor=True)
    axes.set_xlim(places[0] * 0.8, places[-1] * 1.25)
    axes.set_xlabel(name)


def _value_axis(axes: Axes, values: Sequence[float], *, horizontal: bool = False) -> None:
    """Begin at zero, or take logarithms where the values lie far apart."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: PLC0415 - only the report pays

    axis = axes.xaxis if horizontal else axes.yaxis
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low > 0 and high / low > WIDE:
        (axes.set_xscale if horizontal else axes.set_yscale)("log")
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_minor_formatter(NullFormatter())
        (axes.set_xlim if horizontal else axes.set_ylim)(low / 1.3, high * 1.3)
    else:
        (axes.set_xlim if horizontal else axes.set_ylim)(0, high * 1.12 or 1)
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def _bars(axes: Axes, values: Iterable[tuple[int, float | None]]) -> None:
    for place, value in values:
        axes.barh(place, value or 0, height=0.5, color=COLOURS[4])
        axes.text(value or 0, place, f" {number(value)}", va="center")
    axes.margins(x=0.25)


def _wrapped(name: str) -> str:
    import textwrap  # noqa: PLC0415

    return textwrap.fill(plain(name), 24)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, max(1, len(labels))))
