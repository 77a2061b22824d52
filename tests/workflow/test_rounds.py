"""A run in two passes, by the real workflow: what the second adds, and what a later run does again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingest_bench.receipt.verify import verify

pytestmark = pytest.mark.slow

Checkout = Any
"""The class of that name in `conftest.py`."""

BUDGET_MINUTES = 30
"""Far more than the small matrix takes, so that what is planned doesn't depend on the machine."""


@pytest.fixture(scope="module")
def two_passes(measured: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Measure the small matrix once, in two passes. Nothing that changes its files may use it."""
    made = _copy(measured, tmp_path_factory.mktemp("two_passes") / "checkout")
    made.set("budget_minutes", BUDGET_MINUTES)
    made.set("sampling.pairs", {"min": 3, "max": 3})
    made.snakemake("--cores", "2")
    return made


@pytest.fixture
def changing(two_passes: Checkout, tmp_path: Path) -> Checkout:
    """Return a copy of it to change."""
    return _copy(two_passes, tmp_path / "checkout")


def _copy(checkout: Checkout, folder: Path) -> Checkout:
    shutil.copytree(checkout.folder, folder)
    return replace(checkout, folder=folder)


def plans(checkout: Checkout) -> list[dict[str, Any]]:
    """Return the plans of all rounds."""
    files = sorted((checkout.results / "rounds").glob("*.json"), key=lambda path: int(path.stem))
    return [json.loads(path.read_text())["round"] for path in files]


def measurements(checkout: Checkout) -> dict[Path, tuple[int, bytes]]:
    """Return what was measured, with the times of the files."""
    files = [*(checkout.results / "cells").rglob("*.json"), *(checkout.results / "pairs").rglob("*.json")]
    return {path.relative_to(checkout.folder): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_rounds_add_to_the_first_pass(two_passes: Checkout) -> None:
    """The first pass has one pair of each cell; rounds bring each to three, in files of their own."""
    pairs = {
        path: {sample["pair"] for sample in json.loads(data)["samples"]}
        for path, (_, data) in measurements(two_passes).items()
    }
    first = {path: taken for path, taken in pairs.items() if path.parts[1] == "cells"}
    assert set(map(frozenset, first.values())) == {frozenset({0})}
    assert all(0 not in taken for path, taken in pairs.items() if path.parts[1] == "pairs")
    # What looks far behind in the first pass is raced in a round of its own, which depends on the machine.
    first_purpose, *others, last_purpose = [plan["purpose"] for plan in plans(two_passes)]
    assert (first_purpose, last_purpose) == ("choices", "nothing")
    assert others == sorted(others)
    results = json.loads((two_passes.results / "benchmark_results.json").read_text())
    assert {cell["speedup"]["pairs"] for cell in results["cells"]} == {3}
    assert results["rounds"] == plans(two_passes)


def test_the_second_pass_leaves_the_first_as_it_was(two_passes: Checkout) -> None:
    """No file is written any more once the next round is planned."""
    written = {path: time for path, (time, _) in measurements(two_passes).items()}
    planned = [path.stat().st_mtime_ns for path in sorted((two_passes.results / "rounds").glob("*.json"))]
    assert max(time for path, time in written.items() if path.parts[1] == "cells") < planned[0]
    for path, time in written.items():
        if path.parts[1] == "pairs":
            number = int(path.stem.removeprefix("round-"))
            assert planned[number - 1] < time < planned[number]


def test_the_report_says_what_the_rounds_settled(two_passes: Checkout) -> None:
    """With how many pairs, and why they ended."""
    said = " ".join((two_passes.results / "benchmark_report.md").read_text().split())
    assert "A first pass took one pair of each of 3 cells; " in said
    assert "then added 6 pairs where they were needed" in said
    assert "of the 30 min of the budget" in said


def test_a_second_run_plans_no_job(two_passes: Checkout) -> None:
    """Right after a run nothing is left to do."""
    assert two_passes.plan() == set()


def test_a_changed_cell_alone_is_measured_again(changing: Checkout) -> None:
    """The other cells keep their files, of the first pass and of the rounds."""
    before = measurements(changing)
    changing.set("scenarios.api.arms.sequential.settings", {"limit": 11})
    changing.snakemake("--cores", "2")
    after = measurements(changing)
    again = {path for path in after if after[path] != before.get(path)}
    assert {path.parts[2] for path in again} == {"api"}
    assert {path.parts[1] for path in again} == {"cells", "pairs"}
    assert changing.plan() == set()


@pytest.mark.parametrize(
    ("what", "planned"),
    [
        pytest.param(
            lambda results: next((results / "pairs/files").rglob("round-1.json")).unlink(),
            "files: ",
            id="pairs of a round deleted",
        ),
        pytest.param(lambda results: (results / "rounds/2.json").unlink(), "round 2", id="a plan deleted"),
    ],
)
def test_what_is_lost_is_made_again(changing: Checkout, what: Callable[[Path], None], planned: str) -> None:
    """A file of a round that is gone is made again, and no cell of the first pass is measured for that."""
    what(changing.results)
    jobs = changing.plan()
    assert any(planned in job for job in jobs)
    assert not jobs & {
        "files: sequential at 1",
        "files: queue at 2",
        "api: sequential at 1",
        "corpus files",
        "corpus api",
    }


def test_the_receipt_holds(two_passes: Checkout) -> None:
    """The receipt has plans and pairs of all rounds, and everything is made again from them."""
    found = verify(two_passes.results / "receipt.zip")
    assert found.problems == []


@pytest.fixture(scope="module")
def short_of_time(measured: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Measure the small matrix and a scenario of stages with a budget that the first cells spend."""
    made = _copy(measured, tmp_path_factory.mktemp("short_of_time") / "checkout")
    made.set("budget_minutes", 0.01)
    made.set("sampling.pairs", {"min": 3, "max": 3})
    stages = {"sequential": {"concurrency": [1]}, "reading": {"fetcher": "read_only", "concurrency": [1]}}
    made.set(
        "scenarios.parts",
        {"title": "Parts", "group": "stages", "corpus": "files", "baseline": {"arm": "sequential"}, "arms": stages},
    )
    made.snakemake("--cores", "2")
    return made


def test_what_no_recommendation_rests_on_is_deferred(short_of_time: Checkout) -> None:
    """Where time is short, choices are measured before all else, and files and report say what was left out."""
    cells = [json.loads(data) for _, data in measurements(short_of_time).values()]
    off = {cell["scenario"] for cell in cells if cell["stop_reason"] == "deferred"}
    assert off == {"parts"}
    last_choice = max(cell["started_at"] for cell in cells if cell["scenario"] != "parts")
    assert all(cell["started_at"] > last_choice for cell in cells if cell["scenario"] == "parts")
    said = " ".join((short_of_time.results / "benchmark_report.md").read_text().split())
    assert "A first pass took one pair of each of 3 cells, and deferred 2 others" in said
    assert "2 cells were deferred and not measured; with a larger budget the next run does so" in said
    assert "sequential at 1: not measured. No recommendation rests on it, and the first pass had taken" in said
    assert short_of_time.plan() == set()
    assert verify(short_of_time.results / "receipt.zip").problems == []


def test_a_larger_budget_measures_what_was_deferred(short_of_time: Checkout, tmp_path: Path) -> None:
    """The next run adds it by a round, after the choices, and leaves every file of before as it was."""
    made = _copy(short_of_time, tmp_path / "checkout")
    before = measurements(made)
    made.set("budget_minutes", BUDGET_MINUTES)
    made.snakemake("--cores", "2")
    after = measurements(made)
    assert {path: after[path] for path in before} == before
    purposes = [plan["purpose"] for plan in plans(made)]
    assert purposes[-3:] == ["deferred", "intervals", "nothing"]
    assert set(purposes[:-3]) == {"choices"}
    results = json.loads((made.results / "benchmark_results.json").read_text())
    parts = [cell for cell in results["cells"] if cell["scenario"] == "parts"]
    assert [(cell["speedup"]["pairs"], cell["stop_reason"], cell["unavailable"]) for cell in parts] == [
        (3, "rounds_ended", None)
    ] * 2
    assert all(cell["trace"]["skipped"] != "traced with the first pairs" for cell in parts)
    said = " ".join((made.results / "benchmark_report.md").read_text().split())
    assert "and deferred 2 others" in said
    assert "deferred and not measured" not in said
    assert made.plan() == set()
    assert verify(made.results / "receipt.zip").problems == []
