"""Plots show what was measured, where it was measured, and say so."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_bench.report.blocks import Figure
from ingest_bench.report.figures import scenario_figure
from ingest_bench.report.formatting import plain
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.plots import bars, lines
from ingest_bench.report.plots.axes import plane
from ingest_bench.report.plots.drift import Pair, drift, pairs, shows, spread
from ingest_bench.report.plots.gains import effects, largest
from ingest_bench.report.plots.scales import log_scale, place_scale, ratio_scale, value_scale
from ingest_bench.report.plots.svg import node, width_of, wrapped

VALUES = st.lists(st.floats(0.001, 1e7), min_size=1, max_size=20)


def view_of(results: Any, name: str) -> ScenarioView:
    """Return a scenario's view."""
    return next(view for view in ReportData.from_results(results).views if view.name == name)


def figure_of(results: Any, name: str) -> Figure:
    """Return a scenario's figure."""
    study = ReportData.from_results(results)
    return scenario_figure(study, next(view for view in study.views if view.name == name))


def texts(svg: Element) -> list[str]:
    """Return what is written in a drawing."""
    return [node.text or "" for node in svg.iter("text")]


def marks(svg: Element, colour: str) -> list[tuple[float, float]]:
    """Return where the markers of a series stand, above the legend."""
    (group, *_) = [node for node in svg.findall("g") if node.get("class") == colour]
    result = [re.match(r"M([\d.]+) ([\d.]+)", str(node.get("d"))) for node in group if node.get("class") == "fill"]
    return [(float(place[1]), float(place[2])) for place in result if place]


@given(VALUES, st.booleans())
def test_larger_values_stand_farther_and_inside(values: list[float], ratios: bool) -> None:
    """A scale keeps the order, stays between its ends, and marks only what lies within."""
    scale = (ratio_scale if ratios else value_scale)(values, 200.0, 10.0)
    places = [scale(value) for value in sorted(values)]
    assert places == sorted(places, reverse=True)
    assert all(10.0 <= place <= 200.0 for place in places)
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks)
    assert 1 <= len(scale.ticks) <= 12


def test_a_scale_is_as_long_as_it_says() -> None:
    """From zero, half of the value is half of the way; on a logarithmic one, equal factors are equal distances."""
    linear = value_scale([40.0, 50.0], 0.0, 100.0)
    assert linear(25.0) == pytest.approx(linear(50.0) / 2)
    factors = log_scale(1.0, 100.0, 0.0, 100.0)
    assert [factors(value) for value in (1.0, 10.0, 100.0)] == pytest.approx([0.0, 50.0, 100.0])
    assert value_scale([1.0, 100.0], 0.0, 1.0).log
    assert not value_scale([20.0, 100.0], 0.0, 1.0).log
    assert place_scale([1, 5, 10], 0.0, 1.0).ticks == [1, 5, 10]


def test_marked_values_leave_each_other_room() -> None:
    """Of fifty levels side by side only as many are named as can be read."""
    levels = list(range(1, 51))
    canvas, x, _ = plane(
        lambda start, end: place_scale(levels, start, end), lambda a, b: value_scale([1000.0], a, b), "n"
    )
    named = [text for text in texts(node("svg", *canvas.parts)) if text in set(map(str, levels))]
    places = [(x(float(text)), width_of(text) / 2) for text in named]
    assert 5 < len(places) < 40
    assert all(there - half > here + other for (here, other), (there, half) in pairwise(places))


@given(st.text(max_size=200), st.floats(60, 360))
def test_wrapping_drops_no_letter(text: str, width: float) -> None:
    """However long a label is, every letter of it is written, in lines that fit."""
    result = wrapped(text, width)
    assert "".join("".join(result).split()) == "".join(plain(text).split())
    assert all(width_of(line) <= width for line in result)


def test_throughput_stands_at_its_level_and_height(make: Any) -> None:
    """Time chunks of an API rise from level to level, and their markers are as far apart as their speed-ups."""
    view = view_of(make(), "large_api")
    drawing = lines.throughput(view, {})
    arms = list(dict.fromkeys(row.cell.label for row in view.rows))
    places = marks(drawing.svg, f"c{arms.index('time chunks')}")
    rows = [row for row in view.rows if row.cell.label == "time chunks"]
    assert len(places) == len(rows) == 4
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    heights = [y for _, y in places]
    rises = [math.log(later.standing.median / earlier.standing.median) for earlier, later in pairwise(rows)]
    steps = [(earlier - later) / rise for (earlier, later), rise in zip(pairwise(heights), rises, strict=True)]
    assert steps == pytest.approx([steps[0]] * 3, rel=0.02)
    assert {*arms, "noise"} <= set(texts(drawing.svg))
    assert re.search(r"time chunks \d[\d.]*x \([\d.]+ to [\d.]+\) from 1 to 20", drawing.shows)


def test_what_delivered_something_else_is_crossed_out(make: Any) -> None:
    """A wrong cell has a cross instead of its marker, and the legend says what that means."""

    def wrong(cell: Any) -> Any:
        bad = cell.parity.model_copy(update={"ok": False, "reason": "one is missing"})
        return cell.model_copy(update={"parity": bad}) if cell.concurrency == 20 else cell

    right = lines.throughput(view_of(make(), "large_api"), {})
    crossed = lines.throughput(view_of(make(edit=wrong), "large_api"), {})
    labels = dict.fromkeys(row.cell.label for row in view_of(make(), "large_api").rows)
    place = list(labels).index("time chunks")
    assert len(marks(crossed.svg, f"c{place}")) == len(marks(right.svg, f"c{place}")) - 1
    assert "not the same items" in texts(crossed.svg)
    assert "not the same items" not in texts(right.svg)


def test_a_cell_without_an_interval_says_why(make: Any) -> None:
    """It has too few pairs, in words; its row has no marker."""
    results = make(lambda spec: spec.scenario == "stages_small_files", edit=without_interval)
    drawing = bars.ways(view_of(results, "stages_small_files"))
    assert drawing
    assert texts(drawing.svg).count("too few pairs") == len(results.cells)
    assert not [text for text in texts(drawing.svg) if "_" in text]


def without_interval(cell: Any) -> Any:
    """Return a cell as one that has a single pair."""
    return cell.model_copy(update={"speedup": None, "stop_reason": "no_valid_pair"})


def test_stages_are_as_long_as_they_take(make: Any) -> None:
    """A bar is divided as the time is, and its sentence names the longest stage."""

    def given_stages(cell: Any) -> Any:
        stages = {"ingest": 2.0, "transform": 0.5, "output": 7.5}
        samples = [sample.model_copy(update={"stages": stages, "wall_s": 10.0}) for sample in cell.samples]
        return cell.model_copy(update={"samples": samples})

    drawing = bars.stages(view_of(make(edit=given_stages), "mixed_api_items"))
    boxes = [float(str(box.get("width"))) for group in drawing.svg.findall("g") for box in group.findall("rect")]
    first = boxes[:3]
    assert [width / sum(first) for width in first] == pytest.approx([0.2, 0.05, 0.75], abs=0.01)
    assert "output: 75%" in texts(drawing.svg)
    assert drawing.shows.startswith("Output takes 75% of 10.0 s with sequential at 1")


def test_latencies_are_the_servers(make: Any) -> None:
    """Each cell has its two percentiles, and where no server's record is, there is no plot."""
    view = view_of(make(), "large_api")
    drawing = bars.latency(view)
    assert texts(drawing.svg).count("52.0 / 62.4") == len(view.rows)
    assert "The server was asked to think 50.0 ms; the slowest 5% of answers take up to 1.20x" in drawing.shows
    titles = {name: [each.title for each in figure_of(make(), name).drawings] for name in FIGURES}
    assert titles == FIGURES


FIGURES = {
    "small_files_warm": [
        "Throughput, items/s",
        "Memory at the peak, MiB",
        "Probability to be the best",
        "Drift, relative to the median",
    ],
    "stages_large_api": [
        "Times as fast without a stage, at most",
        "Memory at the peak, MiB",
        "Response time at the server, ms",
        "Drift, relative to the median",
    ],
    "large_api": [
        "Throughput, items/s",
        "Memory at the peak, MiB",
        "Response time at the server, ms",
        "Drift, relative to the median",
    ],
    "small_api": [
        "Speed-up",
        "Memory at the peak, MiB",
        "Response time at the server, ms",
        "Drift, relative to the median",
    ],
    "mixed_files_items": [
        "End-to-end time by stage, s",
        "Speed-up",
        "Memory at the peak, MiB",
        "Probability to be the best",
        "Drift, relative to the median",
    ],
}


def test_drift_of_the_machine_is_not_in_the_ratios(make: Any) -> None:
    """A machine that gets four times slower moves the baseline's speed, and leaves the pairs' ratios alone."""
    make.noise = 0.01

    def slowing(cell: Any) -> Any:
        samples = [
            sample.model_copy(
                update={"wall_s": sample.wall_s * (1 + sample.pair / 2), "started_at": float(sample.pair)}
            )
            for sample in cell.samples
        ]
        return cell.model_copy(update={"samples": samples})

    result = pairs(view_of(make(lambda spec: spec.scenario == "large_api", edit=slowing), "large_api"))
    assert [pair.started_at for pair in result] == sorted(pair.started_at for pair in result)
    assert spread([pair.speed for pair in result]) > 1.3
    assert spread([pair.ratio for pair in result]) < 1.05


def test_drift_within_the_ratios_is_told() -> None:
    """Ratios that are a fifth higher later on are said to be."""
    result = [Pair(float(place), 1.0, 1.2 if place >= 5 else 1.0) for place in range(10)]
    assert "the later half of the ratios is 1.20x the earlier half" in shows(result)


def test_invalid_samples_make_no_pair(make: Any) -> None:
    """A pair of which one side is invalid is not drawn."""

    def invalidated(cell: Any) -> Any:
        samples = [
            sample.model_copy(update={"invalid": "saturated"})
            if sample.pair == 2 and sample.role == "baseline"
            else sample
            for sample in cell.samples
        ]
        return cell.model_copy(update={"samples": samples})

    view = view_of(make(lambda spec: spec.scenario == "small_api", edit=invalidated), "small_api")
    assert len(pairs(view)) == 5 * len(view.rows)
    assert drift(view).svg.get("role") == "img"


def test_the_largest_effect_comes_first(make: Any) -> None:
    """Scenarios stand in the order of what is gained, and a baseline that is best is none of them."""
    fast = {("time_chunks", 20): 90_000.0}
    truth = lambda spec, arm, level, result: (  # noqa: E731 - a change of the truth
        replace(result, rate=fast[arm, level]) if spec.scenario == "large_api" and (arm, level) in fast else result
    )
    study = ReportData.from_results(make(truth=truth))
    result = largest(study)
    assert result[0][0].name == "large_api"
    gains = [row.standing.median for _, row in result]
    assert gains == sorted(gains, reverse=True)
    assert not any(row.cell.is_null_cell for _, row in result)
    drawing = effects(study)
    assert drawing is not None
    assert "10,000 items over an API with 50 ms think time" in drawing.shows
    assert drawing.title == "The 8 largest speed-ups"
