"""Figures of the scaling law: what was measured, the curve and its band, from the lowest level to the highest."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ingest_bench.estimates import Estimate
from ingest_bench.reporting.wording import plain
from ingest_bench.results import Results
from ingest_bench.scaling import Series, Usl
from ingest_bench.statistics import speed_up

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9")
STYLE = {
    "svg.fonttype": "path",  # the same letters everywhere
    "svg.hashsalt": "ingest-bench",  # the same bytes for the same data
    "text.parse_math": False,  # a dollar sign in a label is a dollar sign
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
POINTS = 100
APART = 0.15


def draw_curves(results: Results, series: Sequence[Series]) -> dict[str, bytes]:
    """Draw an SVG for each scenario that a law was fitted to; the same data give the same bytes."""
    fitted: dict[str, list[Series]] = {}
    for each in series:
        if isinstance(each.fit, Usl):
            fitted.setdefault(each.scenario, []).append(each)
    titles = {name: plain(str(scenario["title"])) for name, scenario in results.config["scenarios"].items()}
    return {name: _draw(titles[name], mine) for name, mine in fitted.items()}


def _draw(title: str, series: Sequence[Series]) -> bytes:
    import matplotlib as mpl  # noqa: PLC0415 - half a second that only who draws pays
    from matplotlib.figure import Figure  # noqa: PLC0415 - same

    stream = io.BytesIO()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)  # type: ignore[arg-type] # a dict of known names
        figure = Figure(figsize=(7.6, 4.4), layout="constrained")
        axes = figure.subplots()
        for place, each in enumerate(series):
            # Markers of several strategies at the same level stand beside each other.
            _one(axes, each, COLOURS[place % len(COLOURS)], APART * (place - (len(series) - 1) / 2))
        axes.set_title(title, loc="left", fontweight="bold", fontsize=11)
        axes.set_xlabel("Concurrency")
        axes.set_ylabel("Items per second")
        axes.set_xticks(sorted({level for each in series for level in each.ratios}))
        axes.set_ylim(bottom=0)
        axes.grid(visible=True, color="#e4e4e4")
        figure.legend(loc="outside lower center", ncols=min(3, len(series)))
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def _one(axes: Axes, series: Series, colour: str, shift: float) -> None:
    fit = series.fit
    if not isinstance(fit, Usl):
        return
    at = np.linspace(fit.levels[0], fit.levels[-1], POINTS)
    low, high = fit.band(at.tolist())
    axes.fill_between(at, low * series.baseline_rate, high * series.baseline_rate, color=colour, alpha=0.15, lw=0)
    label = plain(series.label) + ("" if fit.describes else " (the law doesn't describe it)")
    curve = fit.curve(at.tolist()) * series.baseline_rate
    axes.plot(at, curve, color=colour, lw=1.4, ls="-" if fit.describes else "--", label=label)
    for level, logs in series.ratios.items():
        if Estimate.of(logs) is None:
            continue
        ratio = speed_up(np.exp(logs).tolist(), fit.confidence)
        if ratio is not None:
            base = series.baseline_rate
            axes.vlines(level + shift, ratio.low * base, ratio.high * base, color=colour, lw=1.8)
            axes.plot([level + shift], [ratio.median * base], "o", color=colour, ms=5)
