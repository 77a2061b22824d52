"""Axes, lines and bars, drawn alike in every figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ingest_bench.reporting.rows import Row
from ingest_bench.reporting.view import View
from ingest_bench.reporting.wording import whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import Formatter, Locator

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#5B4A8A", "#7A7A00")
"""Told apart by the colour-blind as well: after Okabe and Ito, without their yellow, too pale on white."""
MARKERS = "osD^vP*X"
GREY, NOISE = "#666666", "#cfcfcf"
WIDE = 6
"""Values that differ by more than this factor are shown on a logarithmic axis."""
SPREAD = 0.035
"""Markers of several arms at the same place are moved apart by this much, relative."""


def two(figure: Figure, widths: tuple[float, float]) -> tuple[Axes, Axes]:
    """Lay out two panels, the second beside the first."""
    left, right = figure.subplots(1, 2, width_ratios=widths)
    return left, right


def line(axes: Axes, place: int, name: str, points: Sequence[tuple[float, float | None, float, float, Row]]) -> None:
    """Draw an arm: a marker and an interval at every point, crossed out where it delivered something else."""
    colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
    known = [(x, y, low, high, row) for x, y, low, high, row in points if y is not None]
    good = [point for point in known if point[4].cell.parity.ok]
    bad = [point for point in known if not point[4].cell.parity.ok]
    axes.vlines([x for x, *_ in known], [low for *_, low, _, _ in known], [high for *_, high, _ in known], color=colour)
    axes.plot([x for x, *_ in good], [y for _, y, *_ in good], marker=marker, ms=6, color=colour, label=name)
    if bad:
        label = f"{name} (not the same items)"
        axes.plot([x for x, *_ in bad], [y for _, y, *_ in bad], "x", ms=7, color=colour, label=label)


def plain_line(axes: Axes, place: int, points: Iterable[tuple[float, float | None]]) -> None:
    """Draw an arm without intervals, in the colour that it has beside."""
    known = [(x, y) for x, y in points if y is not None]
    colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
    axes.plot([x for x, _ in known], [y for _, y in known], marker=marker, ms=4.5, color=colour)


def ticks(axes: Axes, places: Sequence[int], name: str) -> None:
    """Mark exactly these places, at distances that show how many times more each is."""
    axes.set_xscale("log")
    axes.set_xticks(places, [f"{place:,}" for place in places])
    axes.set_xticks([], minor=True)
    axes.set_xlim(places[0] * 0.8, places[-1] * 1.25)
    axes.set_xlabel(name)


def value_axis(axes: Axes, values: Sequence[float], *, horizontal: bool = False) -> None:
    """Begin at zero, or take logarithms where the values lie far apart."""
    from matplotlib.ticker import LogLocator, NullFormatter  # noqa: PLC0415 - only the report pays

    axis = axes.xaxis if horizontal else axes.yaxis
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low > 0 and high / low > WIDE:
        (axes.set_xscale if horizontal else axes.set_yscale)("log")
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_minor_formatter(NullFormatter())
        (axes.set_xlim if horizontal else axes.set_ylim)(low / 1.3, high * 1.3)
    else:
        (axes.set_xlim if horizontal else axes.set_ylim)(0, high * 1.12 or 1)
    axis.set_major_formatter(_thousands())


def _thousands() -> Formatter:
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415 - only the report pays

    return FuncFormatter(lambda value, _: f"{value:,.10g}")


def _few_places() -> Locator:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - only the report pays

    return MaxNLocator(4)


def memory_axis(axes: Axes, view: View) -> None:
    """Begin at zero, with room above the highest."""
    axes.set_title("Memory at the peak, MB")
    value_axis(axes, [0.0, *(row.peak_mb for row in view.rows if row.peak_mb is not None)])


def bars(axes: Axes, values: Sequence[tuple[int, float | None]]) -> None:
    """Draw memory as bars, each with its number."""
    for place, value in values:
        axes.barh(place, value or 0, height=0.5, color=COLOURS[4])
        axes.text(value or 0, place, f" {whole(value)}", va="center")
    axes.set_xlim(0, 1.3 * max((value or 0 for _, value in values), default=0) or 1)
    axes.set_title("Memory at the peak, MB")
    axes.xaxis.set_major_formatter(_thousands())
    axes.xaxis.set_major_locator(_few_places())


def legend(figure: Figure, axes: Axes) -> None:
    """Put the legend below both panels."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, max(1, len(labels))))
