"""The curve of the scaling law through the points that it was fitted to, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

import numpy as np

from ingest_bench.analysis.usl import CONFIDENCE, Usl
from ingest_bench.report.formatting import listed, number, percent, safe
from ingest_bench.report.plots.scales import Scale
from ingest_bench.report.plots.svg import path

Laws = Mapping[str, Usl]
"""By the label of the way that they were fitted to."""
POINTS = 40


def curve(fit: Usl, base: float, x: Scale, y: Scale) -> list[Element]:
    """Draw the law with its band, from the lowest level measured to the highest: nothing is known beyond.

    Args:
        fit: relative to the baseline.
        base: items per second of the baseline.
        x: scale of concurrency.
        y: scale of items per second; what lies outside of it is drawn on its rim.

    """
    at = levels(fit)
    low, high = ((bound * base).tolist() for bound in fit.band(at))
    middle = (fit.curve(at) * base).tolist()
    around = [*zip(at, low, strict=True), *zip(reversed(at), reversed(high), strict=True)]
    return [
        path([(x(level), y(value)) for level, value in around], "band", closed=True),
        path([(x(level), y(value)) for level, value in zip(at, middle, strict=True)], stroke(fit)),
    ]


def levels(fit: Usl) -> list[float]:
    """Give the levels at which the curve is drawn, as even on an axis that shows ratios."""
    found = np.geomspace(fit.levels[0], fit.levels[-1], POINTS)
    return [float(level) for level in np.clip(found, fit.levels[0], fit.levels[-1])]


def stroke(fit: Usl) -> str:
    """Give the style of a curve: dashed where the law doesn't describe the points."""
    return "line" if fit.describes else "line dashed"


def told(laws: Laws) -> str:
    """Say where each curve is highest, and which of them doesn't describe its points."""
    if not laws:
        return ""
    parts = [f"{safe(label)} {_peak(fit)}" for label, fit in laws.items()]
    off = [safe(label) for label, fit in laws.items() if not fit.describes]
    doubt = f" It doesn't describe the points of {listed(off)} (dashed)." if off else ""
    law = f"the Universal Scalability Law with its {percent(CONFIDENCE)} band"
    return f"The curves are {law}: {'; '.join(parts)}.{doubt}"


def _peak(fit: Usl) -> str:
    if fit.peak_at == "highest level":
        return f"still rises at {fit.levels[-1]}"
    bounds = f" ({number(fit.peak.low)} to {number(fit.peak.high)})" if fit.peak.low < fit.peak.high else ""
    return f"is highest at {fit.levels[0] if fit.peak_at == 'lowest level' else number(fit.peak.value)}{bounds}"
