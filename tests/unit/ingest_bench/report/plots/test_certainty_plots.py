"""The plots that say how sure something is: the scaling law, what removing a stage gains, the chances of each way."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from ingest_bench.report.blocks import Drawing
from ingest_bench.report.figures import choices_figure, scenario_figure
from ingest_bench.report.model.ranking import advised
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.stages import diagnosed
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.plots.gains import WITHOUT

LEVELS = (1, 5, 10, 20)


def shown(results: Any, name: str, title: str) -> tuple[ReportData, ScenarioView, Drawing | None]:
    """Return a scenario's drawing of some title, where it has one."""
    study = ReportData.from_results(results)
    view = next(view for view in study.views if view.name == name)
    drawings = scenario_figure(study, view).drawings
    return study, view, next((each for each in drawings if each.title == title), None)


def drawn(results: Any, name: str, title: str) -> tuple[ReportData, ScenarioView, Drawing]:
    """Return a scenario's drawing of some title, which it has."""
    study, view, drawing = shown(results, name, title)
    assert drawing is not None
    return study, view, drawing


def rates(given: dict[tuple[str, int], float]) -> Any:
    """Return a change of the truth: these rates for these arms and levels."""
    return lambda _spec, arm, level, truth: replace(truth, rate=given.get((arm, level), truth.rate))


def only(name: str) -> Any:
    """Return a choice of one scenario."""
    return lambda spec: spec.scenario == name


def points(path: Element) -> list[tuple[float, float]]:
    """Return the points that a path goes through."""
    result = re.findall(r"([-\d.]+) ([-\d.]+)", str(path.get("d")))
    return [(float(x), float(y)) for x, y in result]


def of_class(svg: Element, class_: str) -> list[Element]:
    """Return the elements of a class."""
    return [element for element in svg.iter() if element.get("class") == class_]


def texts(svg: Element) -> list[str]:
    """Return what is written in a drawing."""
    return [element.text or "" for element in svg.iter("text")]


def place_of(svg: Element, text: str) -> float:
    """Return where a level is named below the axis."""
    return next(float(str(result.get("x"))) for result in of_class(svg, "soft") if result.text == text)


def groups_with_bands(svg: Element) -> list[Element]:
    """Return the series that have a curve."""
    return [group for group in svg.findall("g") if of_class(group, "band")]


def law(level: int, contention: float, coherency: float) -> float:
    """Return items per second as the Universal Scalability Law has them."""
    return 2_000.0 * level / (1 + contention * (level - 1) + coherency * level * (level - 1))


def test_the_curve_of_the_law_ends_where_the_data_do(make: Any) -> None:
    """A curve and a band for each way that a law was fitted to, from the lowest level measured to the highest."""
    study, view, drawing = drawn(make(), "small_files_warm", "Throughput, items/s")
    groups = groups_with_bands(drawing.svg)
    assert len(groups) == len(study.laws(view)) == 3
    first, last = place_of(drawing.svg, "1"), place_of(drawing.svg, "20")
    for group in groups:
        curves = [path for path in group if len(points(path)) > len(LEVELS) and "line" in str(path.get("class"))]
        assert len(curves) == 1
        for path in (*curves, *of_class(group, "band")):
            xs = [x for x, _ in points(path)]
            assert min(xs) == pytest.approx(first, abs=0.1)
            assert max(xs) == pytest.approx(last, abs=0.1)


def test_the_curve_goes_where_the_truth_is(make: Any) -> None:
    """Rates that follow a law with its maximum at 7.7 are drawn on a curve that passes by its points and says so."""
    make.noise = 0.005
    given = {("time_chunks", level): law(level, 0.1, 0.015) for level in LEVELS}
    _, _, drawing = drawn(make(only("large_api"), rates(given)), "large_api", "Throughput, items/s")
    (group,) = groups_with_bands(drawing.svg)
    curve = max(of_class(group, "line"), key=lambda path: len(points(path)))
    marks = [points(path)[0] for path in of_class(group, "fill")]
    assert len(marks) == len(LEVELS)
    for level, (_, height) in zip(LEVELS, marks, strict=True):
        near = min(points(curve), key=lambda point: abs(point[0] - place_of(drawing.svg, str(level))))
        assert near[1] == pytest.approx(height, abs=4)
    told = re.search(r"time chunks is highest at ([\d.]+) \(([\d.]+) to ([\d.]+)\)", drawing.shows)
    assert told
    peak, low, high = map(float, told.groups())
    assert low <= peak <= high
    assert peak == pytest.approx(math.sqrt((1 - 0.1) / 0.015), rel=0.1)


def test_points_that_follow_no_law_get_a_dashed_curve(make: Any) -> None:
    """Where the law doesn't describe the points, its curve is dashed, and the sentence says so."""
    make.noise = 0.005
    zigzag = {("time_chunks", level): rate for level, rate in zip(LEVELS, (2e3, 9e3, 3e3, 9e3), strict=True)}
    straight = {("time_chunks", level): law(level, 0.1, 0.015) for level in LEVELS}
    result = {}
    for name, given in (("zigzag", zigzag), ("straight", straight)):
        _, _, drawing = drawn(make(only("large_api"), rates(given)), "large_api", "Throughput, items/s")
        result[name] = (bool(of_class(drawing.svg, "line dashed")), "doesn't describe the points of" in drawing.shows)
    assert result == {"zigzag": (True, True), "straight": (False, False)}


def test_ways_with_few_levels_are_joined_and_no_law_is_told(make: Any) -> None:
    """With three levels there is no curve, no band and no word of a law: straight lines join the points."""
    _, _, drawing = drawn(make(), "rate_limited", "Throughput, items/s")
    assert groups_with_bands(drawing.svg) == []
    assert "Scalability Law" not in drawing.shows
    joined = [path for path in of_class(drawing.svg, "line") if len(points(path)) == 3]
    assert len(joined) == 1


REMOVAL = "Times as fast without a stage, at most"


def test_bars_are_as_long_as_removing_a_stage_gains(make: Any) -> None:
    """A bar, an interval and a number for each stage, in the order of the gain, as long as its logarithm says."""
    make.noise = 0.01
    given = {("reading", 20): 40_000.0, ("no_think", 20): 12_000.0, ("parsing", 1): 30_000.0}
    given |= {("time_chunks", 20): 10_000.0}
    _, view, drawing = drawn(make(only("stages_large_api"), rates(given)), "stages_large_api", REMOVAL)
    result = diagnosed(view)
    assert result is not None
    bars = [box for group in drawing.svg.findall("g") for box in of_class(group, "fill") if box.get("height") == "12"]
    wide = [float(str(bar.get("width"))) for bar in bars][: len(result.gains)]
    logs = [abs(math.log(gain.median)) for gain in result.gains.values()]
    assert wide == sorted(wide, reverse=True)
    assert [width / wide[0] for width in wide] == pytest.approx([each / logs[0] for each in logs], abs=0.01)
    assert len(of_class(drawing.svg, "whisker")) == len(result.gains) + 1  # and one in the legend
    named = [text for text in texts(drawing.svg) if text in WITHOUT.values()]
    assert named == [WITHOUT[stage] for stage in result.gains]


def test_the_bottleneck_is_named_and_has_a_colour_of_its_own(make: Any) -> None:
    """The planted bottleneck is the coloured bar, the legend and the sentence; without one, no bar is."""
    make.noise = 0.01
    slow = {("reading", 1): 60_000.0, ("parsing", 1): 22_000.0, ("sequential", 1): 20_000.0}
    none = dict.fromkeys([("reading", 1), ("parsing", 1), ("sequential", 1)], 20_000.0)
    _, _, named = drawn(make(only("stages_small_files"), rates(slow)), "stages_small_files", REMOVAL)
    assert "The bottleneck is **CPU**: at most 3.0x" in named.shows
    assert "the bottleneck" in texts(named.svg)
    _, _, mixed = drawn(make(only("stages_small_files"), rates(none)), "stages_small_files", REMOVAL)
    assert "no single stage" in mixed.shows
    assert "the bottleneck" not in texts(mixed.svg)
    assert "no single bottleneck" in texts(mixed.svg)


def test_stages_that_were_not_measured_are_not_drawn(make: Any) -> None:
    """Where no arm without a stage is usable, no gain is claimed, and the ways are drawn as elsewhere."""
    results = make(only("stages_small_files"), edit=lambda cell: cell.model_copy(update={"speedup": None}))
    assert shown(results, "stages_small_files", REMOVAL)[2] is None
    assert shown(results, "stages_small_files", "Speed-up")[2] is not None


CLOSE = {("queue", 10): 30_000.0, ("queue", 20): 30_300.0, ("semaphore", 20): 29_500.0, ("sequential", 1): 20_000.0}
CHANCES = "Probability to be the best"


def test_bars_are_as_long_as_the_chances_and_the_losses(make: Any) -> None:
    """Two bars for each way that has a chance: to be the best, and what it loses if it isn't, on one scale."""
    make.noise = 0.05
    _, view, drawing = drawn(make(only("small_files_warm"), rates(CLOSE)), "small_files_warm", CHANCES)
    verdict = advised(view).verdict
    bars = [box for group in drawing.svg.findall("g") for box in of_class(group, "fill") if box.get("height") == "9"]
    assert len(bars) == 2 * len(verdict.chances) > 2
    unit = place_of(drawing.svg, "100%") - place_of(drawing.svg, "0%")
    told = [share for chance in verdict.chances.values() for share in (chance.p_best, chance.loss_if_not_best)]
    assert [float(str(bar.get("width"))) / unit for bar in bars] == pytest.approx(told, abs=0.001)
    assert sum(chance.p_best for chance in verdict.chances.values()) == pytest.approx(1, abs=0.01)


def test_the_choice_is_marked_and_the_hopeless_are_told(make: Any) -> None:
    """One row bears the choice, marked provisional while it is undecided; ways without a chance are in the sentence."""
    make.noise = 0.05
    _, view, drawing = drawn(make(only("small_files_warm"), rates(CLOSE)), "small_files_warm", CHANCES)
    verdict = advised(view).verdict
    assert verdict.use is not None
    marked = [text for text in texts(drawing.svg) if text.endswith(("(the choice)", "(provisional)"))]
    assert marked == [
        f"{advised(view).options[verdict.use].label} ({'the choice' if verdict.decided else 'provisional'})"
    ]
    assert len(verdict.left_out) > 0
    assert "Under 1% to be as good: " in drawing.shows
    assert "to be within 5% of it" in drawing.shows


def test_a_choice_without_a_contender_needs_no_plot(make: Any) -> None:
    """Where one way alone has a chance, its scenario has no plot of chances."""
    make.noise = 0.005
    results = make(only("small_files_warm"), rates({("queue", 20): 300_000.0}))
    assert shown(results, "small_files_warm", CHANCES)[2] is None


def test_every_mode_shows_how_sure_its_choice_is(make: Any) -> None:
    """A plot for each mode with a choice, whose sentence is that of the advice; none where there was no choice."""
    results = make()
    figure = choices_figure(ReportData.from_results(results))
    assert figure is not None
    assert [drawing.title for drawing in figure.drawings] == ["JSON files", "GeoParquet", "API"]
    for drawing, advice in zip(figure.drawings, ReportData.from_results(results).modes.values(), strict=True):
        assert advice.use is not None
        assert drawing.shows.lower().startswith(f"{advice.use.label.lower()}. ")
    assert choices_figure(ReportData.from_results(make(lambda spec: spec.scenario == "small_api"))) is None
