"""Figures of the scaling law: what was measured, the curve and its band, from the lowest level to the highest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ingest_bench.estimates import Estimate
from ingest_bench.reporting.content import Drawing, Figure
from ingest_bench.reporting.figures import draw
from ingest_bench.reporting.plots.frame import Key, coloured, plane
from ingest_bench.reporting.plots.law import curve, levels
from ingest_bench.reporting.plots.lines import Dot, dot_parts
from ingest_bench.reporting.plots.scales import place_scale, value_scale
from ingest_bench.results import Results
from ingest_bench.scaling import Series, Usl
from ingest_bench.statistics import speed_up


def draw_curves(results: Results, series: Sequence[Series]) -> dict[str, bytes]:
    """Draw an SVG for each scenario that a law was fitted to; the same data give the same bytes."""
    fitted: dict[str, list[tuple[Series, Usl]]] = {}
    for each in series:
        if isinstance(each.fit, Usl):
            fitted.setdefault(each.scenario, []).append((each, each.fit))
    titles = {name: str(scenario["title"]) for name, scenario in results.config["scenarios"].items()}
    return {name: draw(Figure(name, "", [_drawing(titles[name], mine)], titles[name])) for name, mine in fitted.items()}


def _drawing(title: str, fitted: Sequence[tuple[Series, Usl]]) -> Drawing:
    dots = [_dots(series, fit) for series, fit in fitted]
    bands = [fit.band(levels(fit))[1] * series.baseline_rate for series, fit in fitted]
    values = [*(dot.high for each in dots for dot in each), *(float(band.max()) for band in bands), 0.0]
    places = sorted({level for series, _ in fitted for level in series.ratios})
    canvas, x, y = plane(
        lambda start, end: place_scale(places, start, end),
        lambda low, high: value_scale(values, low, high),
        "concurrency",
    )
    for place, ((series, fit), mine) in enumerate(zip(fitted, dots, strict=True)):
        canvas.add(coloured(place, *curve(fit, series.baseline_rate, x, y), *dot_parts(place, mine, len(fitted), x, y)))
    alternative = f"{title}: throughput by concurrency, with the fitted law"
    return canvas.drawing("Throughput, items/s", alternative, "", [_key(*each, n) for n, each in enumerate(fitted)])


def _dots(series: Series, fit: Usl) -> list[Dot]:
    found = []
    for level, logs in series.ratios.items():
        ratio = speed_up(np.exp(logs).tolist(), fit.confidence) if Estimate.of(logs) else None
        if ratio is not None:
            rate = series.baseline_rate
            found.append(Dot(level, ratio.median * rate, ratio.low * rate, ratio.high * rate, good=True))
    return found


def _key(series: Series, fit: Usl, place: int) -> Key:
    name = series.label + ("" if fit.describes else " (the law doesn't describe it)")
    return Key("line" if fit.describes else "dashed", name, place)
