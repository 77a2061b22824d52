"""The examples of `docs/extending.md` that change the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from documented import defined_by
from ingest_bench.report import figures, kinds, write_report
from ingest_bench.report.kinds.files import FILES
from ingest_bench.report.model.study import ReportData

COLD = "small_files_cold"


def test_a_new_kind_of_scenario_is_an_object(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documented kind takes the scenarios that fit it, and the report has its column and its finding."""
    kind = defined_by("cold_files.py", "COLD_FILES")
    monkeypatch.setattr(kinds, "KINDS", (kind, *kinds.KINDS))
    results = make(lambda spec: spec.scenario in (COLD, "small_files_warm"))
    found = {view.name: kinds.kind_of(view) for view in ReportData.from_results(results).views}
    assert found == {COLD: kind, "small_files_warm": FILES}
    write_report(results, tmp_path / "report.md", tmp_path / "report.html", tmp_path / "figures")
    text = (tmp_path / "report.md").read_text()
    assert text.count("ways read from the disk.") == 1
    assert text.count("First item (s)") == 1


def test_a_new_plot_is_a_function(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documented plot is drawn beside the others of a scenario, with what it shows."""
    monkeypatch.setattr(figures, "FURTHER", (*figures.FURTHER, defined_by("first_items.py", "first_items")))
    study = ReportData.from_results(make(lambda spec: spec.scenario == COLD))
    drawing = figures.scenario_figure(study, study.views[0]).drawings[-1]
    assert drawing.title == "First item, s"
    assert drawing.shows.startswith("The first item comes after")
