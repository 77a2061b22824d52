"""Tools beside ours: how each stands, and what is said of it in the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring, tostring

import pytest
from matplotlib.markers import MarkerStyle

from factories import tools
from ingest_bench.report.figures import tools_figure
from ingest_bench.report.markdown import markdown
from ingest_bench.report.model.ranking import TIES
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.model.tools import Task, compared
from ingest_bench.report.outline import whole_report
from ingest_bench.report.plots.axes import draw
from ingest_bench.report.plots.tools import MARKERS
from ingest_bench.results.models import Cell, Parity

MATRIX = tools(files_ndjson=("files to NDJSON", "files", {}))


def data(make_of: Any, rate: float, **more: Any) -> ReportData:
    """Return results in which the other tool delivers so many items a second, and ours 8,000."""

    def change(cell: Any, arm: str, level: int, cost: Any) -> Any:
        return replace(cost, rate=rate if arm == "rustac" else 8_000.0)

    return ReportData.from_results(make_of(MATRIX)(truth=change, **more))


@pytest.mark.parametrize(
    ("rate", "standing", "words"),
    [
        (16_000, "faster", "faster**"),
        (8_000, "open", "not told apart ("),
        (4_000, "slower", "2.1x ("),
    ],
)
def test_a_tool_stands_as_its_speed_up_says(make_of: Any, rate: float, standing: str, words: str) -> None:
    """The ratio of times is the inverse of that of speeds, with its bounds; below 1, beyond noise, it is faster."""
    found = data(make_of, rate)
    (task,) = compared(found)
    (row,) = [row for row in task.rows if row.standing != "baseline"]
    speed = next(cell.speedup for cell in found.results.cells if cell.arm == "rustac")
    assert speed
    assert row.ratio
    assert row.standing == standing
    assert row.ratio.median == pytest.approx(8_000 / rate, rel=0.1)
    assert (row.ratio.low, row.ratio.high) == (1 / speed.high, 1 / speed.low)
    text = markdown([whole_report(found)])
    section = text.partition("\n## Tools compared\n")[2].partition("\n## ")[0]
    assert ("another tool is faster than stac-ingest" in section) is (standing == "faster")
    (line,) = [line for line in section.splitlines() if line.startswith("| files to NDJSON | rustac translate")]
    assert words in line


def test_no_difference_is_said_where_the_whole_interval_is_small(make_of: Any) -> None:
    """A tool whose interval lies within 5% of the baseline is known to take as long; nothing about it is open."""

    def narrow(cell: Cell) -> Cell:
        assert cell.speedup
        return cell.model_copy(
            update={"speedup": cell.speedup.model_copy(update={"low": 0.99, "median": 1.0, "high": 1.01})}
        )

    found = data(make_of, 8_000, edit=narrow)
    (task,) = compared(found)
    (row,) = [row for row in task.rows if row.standing != "baseline"]
    assert (row.standing, task.open) == ("same", False)
    section = markdown([whole_report(found)]).partition("\n## Tools compared\n")[2].partition("\n## ")[0]
    assert "no difference (0.99 to 1.01)" in section
    assert "rustac translate takes as long as stac-ingest" in " ".join(section.split())


def test_the_glossary_has_the_words_of_the_tables(make_of: Any) -> None:
    """What is said of a speed-up that isn't beyond the noise is explained."""
    glossary = markdown([whole_report(data(make_of, 8_000))]).partition("Glossary and method")[2]
    for words in TIES.values():
        assert f"*{words}*" in " ".join(glossary.split())


@pytest.mark.parametrize("standing", MARKERS)
def test_each_standing_has_a_mark_that_can_be_seen(standing: str) -> None:
    """Marks are filled and have no outline, so one that is a mere line would leave no trace."""
    assert MarkerStyle(MARKERS[standing]).is_filled()


def test_the_fastest_stands_first_and_what_is_not_the_corpus_last(make_of: Any) -> None:
    """A tool that delivers something else has no place among those that are compared, however fast it is."""
    (task,) = compared(data(make_of, 16_000))
    assert [row.tool for row in task.rows] == ["rustac translate", "stac-ingest"]

    def wrong(cell: Cell) -> Cell:
        parity = Parity(ok=cell.is_null_cell, reason=None if cell.is_null_cell else "content differs in class 3")
        return cell.model_copy(update={"parity": parity})

    (task,) = compared(data(make_of, 16_000, edit=wrong))
    assert [(row.tool, row.standing) for row in task.rows] == [
        ("stac-ingest", "baseline"),
        ("rustac translate", "wrong"),
    ]
    assert (task.rows[1].lost, task.rows[1].remark) == (0, "content differs in class 3")
    assert not task.beaten


def test_a_command_that_fails_is_not_compared(make_of: Any) -> None:
    """Without a sample that can be used there is no number, and the first reason is told."""

    def failing(cell: Cell) -> Cell:
        if cell.is_null_cell:
            return cell
        bad = [sample.model_copy(update={"invalid": "the command ended with exit code 3"}) for sample in cell.samples]
        return cell.model_copy(update={"samples": bad, "speedup": None})

    found = data(make_of, 8_000, edit=failing)
    (task,) = compared(found)
    row = task.rows[-1]
    assert (row.standing, row.ratio, row.time_s, row.lost) == ("failed", None, None, None)
    assert "rustac translate, files to NDJSON: the command ended with exit code 3." in markdown([whole_report(found)])


@pytest.mark.parametrize(("right", "standing", "words"), [(True, "few", "too few pairs"), (False, "wrong", "~~")])
def test_a_tool_with_a_single_pair_did_not_fail(make_of: Any, right: bool, standing: str, words: str) -> None:
    """One pair has no interval, and says so. Its time stands, and what it delivers is judged; ours is the baseline."""
    found = data(make_of, 16_000)

    def single(cell: Cell) -> Cell:
        parity = {} if right or cell.arm != "rustac" else {"parity": Parity(ok=False, reason="x differs")}
        samples = [sample for sample in cell.samples if sample.pair == 0]
        return cell.model_copy(update={"speedup": None, "samples": samples, **parity})

    results = found.results.model_copy(update={"cells": [single(cell) for cell in found.results.cells]})
    one_pair = ReportData.from_results(results)
    (task,) = compared(one_pair)
    rows = {row.tool: row for row in task.rows}
    assert rows.pop("stac-ingest").standing == "baseline"
    (row,) = rows.values()
    assert (row.standing, row.ratio, row.lost) == (standing, None, 0)
    assert row.time_s
    section = markdown([whole_report(one_pair)]).partition("\n## Tools compared\n")[2].partition("\n## ")[0]
    assert "failed" not in section
    assert (
        "The pairs are too few or too noisy to tell every tool from the baseline in files to NDJSON."
        in " ".join(section.split())
    ) is right
    (line,) = [line for line in section.splitlines() if "rustac translate" in line and line.startswith("|")]
    assert words in line


def test_without_commands_there_is_no_section(make: Any) -> None:
    """A matrix of other groups has nothing to compare tools by."""
    found = ReportData.from_results(make(lambda spec: spec.scenario == "small_api"))
    assert compared(found) == []
    assert "Tools compared" not in markdown([whole_report(found)])


def test_the_figure_has_no_style_of_its_own(make_of: Any, tmp_path: Path) -> None:
    """The same data give the same bytes, and what is drawn takes its colours from the report's style alone."""
    tasks: list[Task] = compared(data(make_of, 16_000))
    drawn = draw(tools_figure(tasks))
    assert drawn == draw(tools_figure(tasks))
    assert b"<metadata" not in drawn
    (drawing,) = tools_figure(tasks).drawings
    elements = [*fromstring(tostring(drawing.svg)).iter()]
    assert not [each for each in elements if each.get("style") or each.tag == "style"]
    assert {each.get("class") for each in elements if each.get("transform")} == {"c1 fill", "c7 fill"}
    first = next(each.text for each in elements if each.get("class") == "name")
    assert first
    assert first.startswith("rustac translate: 0.")


def test_several_baselines_are_not_taken_for_one(make_of: Any) -> None:
    """Where tasks have other baselines, the first sentence speaks of the baseline, and the next one names them."""
    config = tools(files_ndjson=("files to NDJSON", "files", {}), api=("API to NDJSON", "api", {"server": {}}))
    config["scenarios"]["api"]["baseline"] = {"arm": "rustac"}

    def faster(cell: Any, arm: str, level: int, cost: Any) -> Any:
        return replace(cost, rate=16_000 if arm == "rustac" else 8_000.0)

    found = ReportData.from_results(make_of(config)(truth=faster))
    text = " ".join(markdown([whole_report(found)]).split())
    assert "**In 1 of 2 tasks another tool is faster than the baseline**" in text
    assert "in pairs of runs with the baseline, stac-ingest or rustac translate: below 1x" in text
