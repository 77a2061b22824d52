"""Throughput and memory against concurrency or page size."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from xml.etree.ElementTree import Element

import numpy as np

from ingest_bench.analysis.speedup import CONFIDENCE, median_of
from ingest_bench.analysis.usl import Usl
from ingest_bench.report.blocks import Drawing
from ingest_bench.report.formatting import listed, number, safe
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.columns import pages_per_second, way_of_paging
from ingest_bench.report.model.ranking import usable, versus
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.plots.axes import Key, coloured, plane
from ingest_bench.report.plots.bars import NOTHING_USABLE, memory_text
from ingest_bench.report.plots.scales import Scale, place_scale, value_scale
from ingest_bench.report.plots.svg import box, line, mark, path
from ingest_bench.report.templating import text

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
    # As even on an axis that shows ratios; rounding must not lead outside.
    at = np.clip(np.geomspace(fit.levels[0], fit.levels[-1], POINTS), fit.levels[0], fit.levels[-1]).tolist()
    low, high = ((bound * base).tolist() for bound in fit.band(at))
    middle = (fit.curve(at) * base).tolist()
    around = [*zip(at, low, strict=True), *zip(reversed(at), reversed(high), strict=True)]
    return [
        path([(x(level), y(value)) for level, value in around], "band", closed=True),
        path(
            [(x(level), y(value)) for level, value in zip(at, middle, strict=True)],
            "line" if fit.describes else "line dashed",
        ),
    ]


SPREAD = 0.035
"""Markers of several ways at the same place are moved apart by this much, relative."""
Bounded = tuple[float, float, float]
"""A value, and the ends of its interval."""


@dataclass(frozen=True, slots=True)
class Axis:
    """What runs from left to right, and which rows a line joins."""

    name: str
    at: Callable[[CellView], float]
    way: Callable[[CellView], str]


LEVELS = Axis("concurrency", lambda row: row.level, lambda row: row.cell.label)
PAGES = Axis("items a page", lambda row: row.page_size, way_of_paging)


@dataclass(frozen=True, slots=True)
class Dot:
    """A measured value with its interval, and whether the items were the right ones."""

    at: float
    value: float
    low: float
    high: float
    good: bool


def throughput(view: ScenarioView, laws: Laws) -> Drawing:
    """Draw throughput against concurrency, with the intervals of the speed-ups, and the laws fitted to it."""
    base = median_of(sample.items / sample.wall_s for sample in view.baseline_samples) or 1.0
    noise = [bound * base for bound in (view.noise.low, view.noise.high)] if view.noise else []
    plot = _Plot(view, LEVELS, lambda row: _rate(row, base), [base, *noise])
    keys = [Key("base", f"baseline: {view.baseline} at {view.scenario.baseline.concurrency}")]
    canvas, x, y = plot.canvas, plot.x, plot.y
    if noise:
        canvas.add(box(x.start, y(noise[1]), x.end - x.start, y(noise[0]) - y(noise[1]), "noise"))
        keys.append(Key("noise", "noise"))
    canvas.add(line(x.start, y(base), x.end, y(base), "base"))
    fitted = {place: laws[name] for place, name in enumerate(plot.ways) if name in laws}
    plot.draw({place: curve(fit, base, x, y) for place, fit in fitted.items()})
    return canvas.drawing(
        "Throughput, items/s",
        f"{view.title}: throughput by concurrency",
        f"{_throughput_text(view)} {_laws_text(laws)}".strip(),
        [*plot.keys({place for place, fit in fitted.items() if not fit.describes}), *keys],
    )


def page_sizes(view: ScenarioView) -> Drawing:
    """Draw pages per second against page size, a line for each way of paging."""
    plot = _Plot(view, PAGES, _pages)
    plot.draw()
    title = f"{view.title}: pages per second by page size"
    return plot.canvas.drawing("Pages per second", title, _page_sizes_text(view), plot.keys())


def memory_lines(view: ScenarioView, axis: Axis = LEVELS) -> Drawing:
    """Draw the memory at the peak against concurrency, or against page size."""
    plot = _Plot(view, axis, lambda row: _exact(row.peak_mib), [0.0])
    plot.draw()
    title = f"{view.title}: memory at the peak"
    return plot.canvas.drawing("Memory at the peak, MiB", title, memory_text(view), plot.keys())


class _Plot:
    """BulletList of the rows of a scenario on two axes."""

    def __init__(
        self, view: ScenarioView, axis: Axis, value: Callable[[CellView], Bounded | None], marked: Sequence[float] = ()
    ) -> None:
        self.ways: dict[str, list[CellView]] = {}
        for row in view.rows:
            self.ways.setdefault(axis.way(row), []).append(row)
        asides = [1 + SPREAD * (place - (len(self.ways) - 1) / 2) for place in range(len(self.ways))]
        self._series = [
            [Dot(axis.at(row) * aside, *bounds, row.cell.parity.ok) for row in rows if (bounds := value(row))]
            for aside, rows in zip(asides, self.ways.values(), strict=True)
        ]
        values = [
            *marked,
            *(bound for dots in self._series for dot in dots for bound in (dot.low, dot.value, dot.high)),
        ]
        places = sorted({axis.at(row) for row in view.rows})
        self.canvas, self.x, self.y = plane(
            lambda start, end: place_scale(places, start, end),
            lambda low, high: value_scale(values, low, high),
            axis.name,
        )

    def draw(self, curves: Mapping[int, list[Element]] = MappingProxyType({})) -> None:
        """Draw each way's points and intervals with its curve, or joined by lines; crossed out where wrong."""
        for place, dots in enumerate(self._series):
            good = [(self.x(dot.at), self.y(dot.value)) for dot in dots if dot.good]
            joined = [path(good, "line")] if len(good) > 1 else []
            parts = [
                line(self.x(dot.at), self.y(dot.low), self.x(dot.at), self.y(dot.high), "line")
                for dot in dots
                if dot.low < dot.high
            ]
            parts += [mark(place, self.x(dot.at), self.y(dot.value), wrong=not dot.good) for dot in dots]
            self.canvas.add(coloured(place, *curves.get(place, joined), *parts))

    def keys(self, off: Collection[int] = ()) -> list[Key]:
        """Name the ways; those whose place is in `off` have a dashed curve."""
        keys = [Key("dashed" if place in off else "line", name, place) for place, name in enumerate(self.ways)]
        wrong = any(not row.cell.parity.ok for rows in self.ways.values() for row in rows)
        return [*keys, Key("wrong", "not the same items")] if wrong else keys


def _rate(row: CellView, base: float) -> Bounded | None:
    """Give the throughput that the speed-up means on the baseline's, and its bounds."""
    ratio = row.cell.speedup
    return (ratio.median * base, ratio.low * base, ratio.high * base) if ratio else None


def _pages(row: CellView) -> Bounded | None:
    pages, ratio = pages_per_second(row), row.cell.speedup
    if pages is None or ratio is None:
        return _exact(pages)
    return (pages, pages * ratio.low / ratio.median, pages * ratio.high / ratio.median)


def _exact(value: float | None) -> Bounded | None:
    return None if value is None else (value, value, value)


def _laws_text(laws: Laws) -> str:
    """Say where each curve is highest, and which of them doesn't describe its points."""
    off = [safe(label) for label, fit in laws.items() if not fit.describes]
    return text("plots", "laws", laws=laws, off=off, confidence=CONFIDENCE)


def _throughput_text(view: ScenarioView) -> str:
    """Say how throughput changes from the lowest to the highest level of each arm."""
    arms: dict[str, list[CellView]] = {}
    for row in usable(view):
        arms.setdefault(row.cell.arm, []).append(row)
    ordered = [sorted(rows, key=lambda row: row.level) for rows in arms.values() if len(rows) > 1]
    ends = [(rows[0], rows[-1], versus(rows[-1], rows[0])) for rows in ordered]
    return text("plots", "throughput", ends=ends) if ends else NOTHING_USABLE


def _page_sizes_text(view: ScenarioView) -> str:
    """Say how many pages a second there are at the smallest and the largest page."""
    rows = usable(view)
    if not rows:
        return NOTHING_USABLE
    parts = []
    for size in sorted({row.page_size for row in rows})[:: max(1, len({row.page_size for row in rows}) - 1)]:
        top = max((row for row in rows if row.page_size == size), key=lambda row: pages_per_second(row) or 0.0)
        rate = number(pages_per_second(top))
        parts.append(f"{rate} pages a second of {size:,} items ({safe(way_of_paging(top))})")
    return f"At the most {listed(parts)}; small pages come faster, large ones carry more."
