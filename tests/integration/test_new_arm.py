"""The documented arm: one file of the user's own, measured as any other by processes that know only its path."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

import factories
from documented import documented_arm, example
from ingest_bench.arms import register_arm
from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.corpora.builder import build_corpus
from ingest_bench.errors import SettingsError
from ingest_bench.harness.measure import measure
from ingest_bench.results.models import Cell
from ingest_bench.workflow.identity import cell_identity

ARM = example("by_size_arm.py")


def importing(module: str) -> str:
    """Return the documented arm, importing a module late."""
    return ARM.replace("            yield", f"            import {module}\n            yield")


def matrix(results: Path, **arm: Any) -> dict[str, Any]:
    """Return a matrix with the arm beside the package's own."""
    arms = {"sequential": factories.arm(), "mine": {**factories.arm(fetcher="by_size"), **arm}}
    return factories.matrix(
        {"files": ("item_files", 60)},
        results=str(results),
        sampling={"budget_seconds": 0.01, "tracemalloc_items": 10},
        small=factories.scenario(arms=arms),
    )


@pytest.fixture
def arm_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of an arm, registered; and have a host lock of its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("ingest_bench.arms.ARMS.further", {})
    path = tmp_path / "my_arm.py"
    path.write_text(ARM)
    register_arm(path)
    return path


def measured(results: Path) -> Cell:
    """Return the cell of the arm."""
    settings = load_settings(matrix(results, settings={"largest_first": True}))
    build_corpus(settings, "files", settings.corpus_folder("files"), settings.manifest_file("files"))
    return measure(settings, find_cell(settings, "small", "mine", 1))


@pytest.mark.slow
def test_a_new_arm_is_one_file(arm_file: Path, tmp_path: Path) -> None:
    """An arm that this repository knows nothing of is measured, delivers the corpus, and is judged by it."""
    cell = measured(tmp_path / "results")
    assert cell.parity.ok, cell.parity.reason
    assert cell.speedup
    mine = [sample for sample in cell.samples if sample.role == "candidate"]
    assert {sample.items for sample in mine} == {60}
    assert [note for sample in mine for note in sample.notes if note.startswith("imported")] == []
    assert (cell.trace.items, cell.trace.skipped) == (10, None)


@pytest.mark.slow
def test_a_configuration_names_the_file_of_an_arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The arm is measured that a configuration has as the page has it, by nothing but the path of its file."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("ingest_bench.arms.ARMS.further", {})
    monkeypatch.chdir(tmp_path)
    Path("by_size_arm.py").write_text(ARM)
    config = matrix(tmp_path / "results")
    config["scenarios"]["small"]["arms"]["mine"] = documented_arm("mine")
    settings = load_settings(config)
    build_corpus(settings, "files", settings.corpus_folder("files"), settings.manifest_file("files"))
    cell = measure(settings, find_cell(settings, "small", "mine", 1))
    assert (cell.parity.ok, cell.settings["fetcher"], cell.settings["settings"]) == (
        True,
        "by_size",
        {"largest_first": True},
    )
    assert load_settings(settings.model_dump()) == settings


def test_two_files_with_an_arm_of_one_name_are_refused(arm_file: Path, tmp_path: Path) -> None:
    """The file of an arm can't be taken for another's of the same name; one that isn't there is told."""
    again = tmp_path / "again.py"
    again.write_text(ARM)
    for path, complaint in ((again, f"an arm of {arm_file} is called by_size already"), ("gone.py", "no such file")):
        config = matrix(tmp_path)
        config["scenarios"]["small"]["arms"]["mine"] = {"python": str(path)}
        with pytest.raises(SettingsError, match=complaint):
            load_settings(config)


@pytest.mark.slow
def test_what_an_arm_imports_late_is_noted(arm_file: Path, tmp_path: Path) -> None:
    """An arm that imports while its clock runs is measured, with a note that names the module in each sample."""
    arm_file.write_text(importing("colorsys"))
    register_arm(arm_file)
    mine = [sample for sample in measured(tmp_path / "results").samples if sample.role == "candidate"]
    assert all("imported while the clock ran: colorsys" in sample.notes for sample in mine)


def test_a_changed_arm_makes_its_cells_stale(arm_file: Path, tmp_path: Path) -> None:
    """What the file of an arm holds is part of the identity of its cells, and of no others."""
    settings = load_settings(matrix(tmp_path))
    names = ("mine", "sequential")
    before = [cell_identity(settings, find_cell(settings, "small", name, 1)) for name in names]
    arm_file.write_text(importing("json"))
    after = [cell_identity(settings, find_cell(settings, "small", name, 1)) for name in names]
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True]


@pytest.mark.parametrize(
    ("arm", "complaint"),
    [
        ({"settings": {"largest_frist": True}}, "largest_frist: unknown key; did you mean largest_first"),
        ({"settings": {"largest_first": "maybe"}}, "largest_first: 'maybe' is not allowed"),
        ({"concurrency": [3]}, "by_size goes up to 2"),
        ({"fetcher": "by_sise"}, "'by_sise' is not allowed; did you mean by_size"),
    ],
)
def test_a_new_arm_is_checked_like_any_other(
    arm_file: Path, tmp_path: Path, arm: dict[str, Any], complaint: str
) -> None:
    """What its record says of settings and levels holds for a configuration that names it."""
    with pytest.raises(SettingsError, match=complaint):
        load_settings(matrix(tmp_path, **arm))
