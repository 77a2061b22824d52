"""Throughput and memory against concurrency or page size."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from xml.etree.ElementTree import Element

from ingest_bench.reporting.columns import pages_per_second, way_of_paging
from ingest_bench.reporting.compare import usable, versus
from ingest_bench.reporting.content import Drawing
from ingest_bench.reporting.plots.bars import NOTHING_USABLE, memory_told
from ingest_bench.reporting.plots.frame import Canvas, Key, coloured, plane
from ingest_bench.reporting.plots.law import Laws, curve, told
from ingest_bench.reporting.plots.scales import Scale, place_scale, value_scale
from ingest_bench.reporting.plots.svg import box, line, mark, path
from ingest_bench.reporting.rows import Row
from ingest_bench.reporting.view import View
from ingest_bench.reporting.wording import listed, number, safe, speed_up
from ingest_bench.statistics import middle

SPREAD = 0.035
"""Markers of several arms at the same place are moved apart by this much, relative."""
Lines = dict[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Dot:
    """A measured value with its interval."""

    at: float
    value: float
    low: float
    high: float
    good: bool


def throughput(view: View, laws: Laws) -> Drawing:
    """Draw throughput against concurrency, with the intervals of the speed-ups, and the laws fitted to it."""
    base = _baseline_rate(view)
    lines = by_label(view)
    series = [_dots(rows, lambda row: row.level, lambda row: _rate(row, base)) for rows in lines.values()]
    noise = [bound * base for bound in (view.noise.low, view.noise.high)] if view.noise else []
    canvas, x, y = _plane(view, lambda row: row.level, "concurrency", [*_bounds(series), base, *noise])
    keys = _baseline(canvas, view, base, x, y)
    fitted = {place: laws[name] for place, name in enumerate(lines) if name in laws}
    _draw(canvas, series, x, y, {place: curve(fit, base, x, y) for place, fit in fitted.items()})
    off = {place for place, fit in fitted.items() if not fit.describes}
    return canvas.drawing(
        "Throughput, items/s",
        f"{view.title}: throughput by concurrency",
        f"{_throughput_told(view)} {told(laws)}".strip(),
        [*_keys(lines, off), *keys],
    )


def page_sizes(view: View) -> Drawing:
    """Draw pages per second against page size, a line for each way of paging."""
    lines = _by(view, way_of_paging)
    series = [_dots(rows, lambda row: row.page_size, _pages) for rows in lines.values()]
    canvas, x, y = _plane(view, lambda row: row.page_size, "items a page", _bounds(series))
    _draw(canvas, series, x, y)
    title = f"{view.title}: pages per second by page size"
    return canvas.drawing("Pages per second", title, _page_sizes_told(view), _keys(lines))


def memory_lines(view: View, *, by_page: bool = False) -> Drawing:
    """Draw the memory at the peak against concurrency, or against page size."""
    at: Callable[[Row], float] = (lambda row: row.page_size) if by_page else (lambda row: row.level)
    lines = _by(view, way_of_paging) if by_page else by_label(view)
    series = [_dots(rows, at, lambda row: _exact(row.peak_mb)) for rows in lines.values()]
    canvas, x, y = _plane(view, at, "items a page" if by_page else "concurrency", [0.0, *_bounds(series)])
    _draw(canvas, series, x, y)
    return canvas.drawing(
        "Memory at the peak, MB", f"{view.title}: memory at the peak", memory_told(view), _keys(lines)
    )


def by_label(view: View) -> Lines:
    """Group the rows of a scenario by arm."""
    return _by(view, lambda row: row.cell.label)


def _by(view: View, key: Callable[[Row], str]) -> Lines:
    lines: Lines = {}
    for row in view.rows:
        lines.setdefault(key(row), []).append(row)
    return lines


def _baseline_rate(view: View) -> float:
    return middle(sample.items / sample.wall_s for sample in view.baseline_samples) or 1.0


def _rate(row: Row, base: float) -> tuple[float, float, float] | None:
    """Give the throughput that the speed-up means on the baseline's, and its bounds."""
    ratio = row.cell.ratio
    return (ratio.median * base, ratio.low * base, ratio.high * base) if ratio else None


def _pages(row: Row) -> tuple[float, float, float] | None:
    pages, ratio = pages_per_second(row), row.cell.ratio
    if pages is None:
        return None
    return (pages, pages * ratio.low / ratio.median, pages * ratio.high / ratio.median) if ratio else _exact(pages)


def _exact(value: float | None) -> tuple[float, float, float] | None:
    return None if value is None else (value, value, value)


def _dots(
    rows: Iterable[Row], at: Callable[[Row], float], value: Callable[[Row], tuple[float, float, float] | None]
) -> list[Dot]:
    return [Dot(at(row), *found, row.cell.parity.ok) for row in rows if (found := value(row))]


def _bounds(series: Iterable[Sequence[Dot]]) -> list[float]:
    return [bound for dots in series for dot in dots for bound in (dot.low, dot.value, dot.high)]


def _plane(view: View, at: Callable[[Row], float], name: str, values: Sequence[float]) -> tuple[Canvas, Scale, Scale]:
    places = sorted({at(row) for row in view.rows})
    return plane(
        lambda start, end: place_scale(places, start, end), lambda low, high: value_scale(values, low, high), name
    )


def _draw(
    canvas: Canvas,
    series: Sequence[Sequence[Dot]],
    x: Scale,
    y: Scale,
    curves: Mapping[int, list[Element]] = MappingProxyType({}),
) -> None:
    """Draw the points of each series with its curve, or joined by lines where it has none."""
    for place, dots in enumerate(series):
        good = [(x(dot.at), y(dot.value)) for dot in shifted(place, dots, len(series)) if dot.good]
        joined = [path(good, "line")] if len(good) > 1 else []
        canvas.add(coloured(place, *curves.get(place, joined), *dot_parts(place, dots, len(series), x, y)))


def shifted(place: int, dots: Sequence[Dot], series: int) -> list[Dot]:
    """Move the points of one of several series aside, so that those at the same place can be told apart."""
    shift = 1 + SPREAD * (place - (series - 1) / 2)
    return [replace(dot, at=dot.at * shift) for dot in dots]


def dot_parts(place: int, dots: Sequence[Dot], series: int, x: Scale, y: Scale) -> list[Element]:
    """Draw a marker and an interval at every point of a series, crossed out where it delivered something else."""
    dots = shifted(place, dots, series)
    parts = [line(x(dot.at), y(dot.low), x(dot.at), y(dot.high), "line") for dot in dots if dot.low < dot.high]
    return parts + [mark(place, x(dot.at), y(dot.value), wrong=not dot.good) for dot in dots]


def _baseline(canvas: Canvas, view: View, base: float, x: Scale, y: Scale) -> list[Key]:
    keys = [Key("base", f"baseline: {view.baseline} at {view.scenario.baseline.concurrency}")]
    if view.noise:
        low, high = y(view.noise.low * base), y(view.noise.high * base)
        canvas.add(box(x.start, high, x.end - x.start, low - high, "noise"))
        keys.append(Key("noise", "noise"))
    canvas.add(line(x.start, y(base), x.end, y(base), "base"))
    return keys


def _keys(lines: Lines, off: Collection[int] = ()) -> list[Key]:
    keys = [Key("dashed" if place in off else "line", name, place) for place, name in enumerate(lines)]
    wrong = any(not row.cell.parity.ok for rows in lines.values() for row in rows)
    return [*keys, Key("wrong", "not the same items")] if wrong else keys


def _throughput_told(view: View) -> str:
    """Say how throughput changes from the lowest to the highest level of each arm."""
    arms: dict[str, list[Row]] = {}
    for row in usable(view):
        arms.setdefault(row.cell.arm, []).append(row)
    ordered = [sorted(rows, key=lambda row: row.level) for rows in arms.values() if len(rows) > 1]
    ends = [(rows[0], rows[-1]) for rows in ordered]
    if not ends:
        return NOTHING_USABLE
    told = [
        f"{safe(high.cell.label)} {speed_up(versus(high, low))} from {low.level} to {high.level}" for low, high in ends
    ]
    return f"What more concurrency does to throughput: {'; '.join(told)}."


def _page_sizes_told(view: View) -> str:
    """Say how many pages a second there are at the smallest and the largest page."""
    rows = usable(view)
    if not rows:
        return NOTHING_USABLE
    told = []
    for size in sorted({row.page_size for row in rows})[:: max(1, len({row.page_size for row in rows}) - 1)]:
        top = max((row for row in rows if row.page_size == size), key=lambda row: pages_per_second(row) or 0.0)
        rate = number(pages_per_second(top))
        told.append(f"{rate} pages a second of {size:,} items ({safe(way_of_paging(top))})")
    return f"At the most {listed(told)}; small pages come faster, large ones carry more."
