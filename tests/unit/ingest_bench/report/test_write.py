"""The report and its figures as files."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from factories import arm, matrix, scenario
from ingest_bench.config.matrix import load_settings
from ingest_bench.errors import AggregationError
from ingest_bench.report import write_report, write_report_files
from ingest_bench.report.figures import (
    ALL,
    CHOICES,
    TOOLS,
    alternative_text,
    choices_figure,
    overall_figure,
    scenario_figure,
)
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.plots.axes import draw

URL = matrix(
    {"theirs": {"kind": "api", "url": "https://example.com/stac", "collection": "c-1", "max_items": 500}},
    remote={"allow": True},
    their_api=scenario(
        "theirs",
        {"sequential": arm(), "time_chunks": arm(2, 4, settings={"worker_strategy": "time_chunks"})},
        title="Their API",
        group="theirs",
    ),
)


def written(results: Any, folder: Path) -> None:
    """Write a report below a folder."""
    write_report(results, folder / "report.md", folder / "report.html", folder / "figures")


def drawn(data: ReportData) -> list[bytes]:
    """Return the files of all figures."""
    overall = [figure for figure in (overall_figure(data), choices_figure(data)) if figure]
    figures = [scenario_figure(data, view) for view in data.views]
    return [draw(figure) for figure in [*figures, *overall]]


def test_the_whole_matrix_is_written(make: Any, tmp_path: Path) -> None:
    """A report with every scenario in the configuration's groups, and a figure for each and all that it points to."""
    results = make()
    written(results, tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    links = re.findall(r"^!\[.*\]\((figures/[\w-]+\.svg)\)$", text, re.MULTILINE)
    assert sorted(links) == sorted(
        f"figures/{name}.svg" for name in (ALL, CHOICES, TOOLS, *results.config["scenarios"])
    )
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == sorted(Path(link).name for link in links)
    assert text.count("**Findings:** ") == len(links) - 3
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    first = ["Recommendations", "Tools compared", "Confidence", "By source", "Summary"]
    assert headings[: len(first)] == first
    assert headings[-1] == "Glossary and method"
    assert [line for line in text.split("\n") if not line.startswith(("|", "!")) and len(line) > 102] == []
    assert "\nnan" not in text
    assert "None" not in text.replace("None.", "").replace("None, in", "")


def test_figures_are_the_same_bytes_each_time(make: Any) -> None:
    """The same data give the same file, so that a rerun changes nothing."""
    pick = lambda spec: spec.scenario in ("large_api", "small_api", "pagination_page", "mixed_api_items")  # noqa: E731 - a choice of scenarios
    first, second = ReportData.from_results(make(pick)), ReportData.from_results(make(pick))
    assert drawn(first) == drawn(second)


def test_figures_are_valid_and_hold_nothing_foreign(make: Any) -> None:
    """Titles are drawn, not interpreted: neither as XML nor as formulas; nothing is loaded from elsewhere."""

    def named(cell: Any) -> Any:
        return cell.model_copy(update={"label": "$x_1^{$ <script>\x00& \u202e"})

    results = make(lambda spec: spec.scenario in ("large_api", "small_api", "mixed_api_items"), edit=named)
    for data in drawn(ReportData.from_results(results)):
        assert ET.fromstring(data).tag.endswith("svg")
        assert b"<script" not in data
        assert b'href="http' not in data


def test_the_text_for_who_cannot_see_a_figure_says_what_it_shows(make: Any) -> None:
    """It names the scenario and the kind of figure."""
    texts = {view.name: alternative_text(view) for view in ReportData.from_results(make()).views}
    assert (
        texts["large_api"] == "10,000 items over an API with 50 ms think time: throughput by concurrency, with memory"
    )
    assert "speed-up of every way" in texts["small_api"]
    assert "pages per second by page size" in texts["pagination_page"]
    assert "what removing each stage gains at most" in texts["stages_large_api"]


@pytest.mark.parametrize("name", ["small_files_cold", "large_collection_api", "mixed_api_items", "pagination_page"])
def test_a_part_of_the_matrix_is_enough(make: Any, name: str, tmp_path: Path) -> None:
    """A report of one scenario is whole, and silent about the others."""
    written(make(lambda spec: spec.scenario == name), tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert f"`{name}`: " in text
    assert {path.name for path in (tmp_path / "figures").iterdir()} - {
        f"{overall}.svg" for overall in (ALL, CHOICES)
    } == {f"{name}.svg"}


def test_cells_without_valid_pairs_are_no_obstacle(make: Any, tmp_path: Path) -> None:
    """Where every sample is invalid, tables and figures are drawn all the same, and claim nothing."""

    def invalidated(cell: Any) -> Any:
        samples = [sample.model_copy(update={"invalid": "no items were delivered"}) for sample in cell.samples]
        return cell.model_copy(update={"samples": samples, "speedup": None, "stop_reason": "no_valid_pair"})

    kinds = ("large_file", "large_api", "pagination_page", "rate_limited", "large_collection_api", "mixed_api_items")
    written(make(lambda spec: spec.scenario in kinds, edit=invalidated), tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert text.count("Nothing can be said: no cell has enough pairs.") == len(kinds)
    assert "Fastest is" not in text


def test_a_server_of_someone_else_is_reported(make_of: Any, tmp_path: Path) -> None:
    """What only our own server counts is left out, and how many items there are is not made up."""
    written(make_of(URL)(), tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "items of c-1 at https://example.com/stac" in text
    assert "| time chunks" in text


def test_files_of_ones_own_are_reported(make_of: Any, tmp_path: Path) -> None:
    """A folder of the user's own has a section like any other."""
    arms = {"upstream": arm(fetcher="stac_manager"), "sequential": arm()}
    about = {"title": "My files | of <mine>", "group": "my_api_files"}
    config = matrix({"mine": {"kind": "item_files", "path": str(tmp_path)}}, my_files=scenario("mine", arms, **about))
    out = tmp_path / "out"
    write_report(make_of(config)(), out / "report.md", out / "report.html", tmp_path / "elsewhere" / "figures")
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "## My API files" in text
    assert r"### My files \| of \<mine\>" in text
    assert "500 items of your own" in text
    assert "(../elsewhere/figures/my_files.svg)" in text


def test_captions_come_from_the_settings_of_now(make: Any, tmp_path: Path) -> None:
    """A title or a label that was changed after measuring needs a new report, not a new measurement."""
    (tmp_path / "results.json").write_text(make(lambda spec: spec.scenario == "small_api").model_dump_json())
    config = make.settings.model_dump(mode="json")
    config["scenarios"]["small_api"]["title"] = "A new title"
    config["scenarios"]["small_api"]["arms"]["direct"]["label"] = "a new label"
    write_report_files(
        load_settings(config),
        results=tmp_path / "results.json",
        report=tmp_path / "report.md",
        html=tmp_path / "report.html",
        figures=tmp_path / "figures",
        comparison=tmp_path / "comparison.html",
    )
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert ">A new title</h3>" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "### A new title" in text
    assert "| a new label" in text
    assert "direct aiohttp" not in text


def test_cells_of_another_configuration_are_refused(make: Any) -> None:
    """A report that can't say what a cell was is not written."""
    results = make(lambda spec: spec.scenario == "small_api")
    del results.config["scenarios"]["small_api"]
    with pytest.raises(AggregationError, match="small_api/pystac_client"):
        ReportData.from_results(results)
