"""Repeats of the lane on the wall clock: they go on where they ended, and too few intervals that hold are noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from factories import LOAD
from ingest_bench.__main__ import main
from ingest_bench.calibration import wall_repeats
from ingest_bench.calibration.models import Wall, WallCell
from ingest_bench.calibration.wall_repeats import claims_hold, coverage_lines, repeat_wall
from ingest_bench.errors import MeasurementError


def wall(*true: float) -> Wall:
    """Return a lane whose intervals reach from 1.9 to 2.1, and what is true of each cell."""
    cells = [
        WallCell(
            name=f"cell {number}",
            measured=2.0,
            low=1.9,
            high=2.1,
            true=each,
            pairs=3,
            stop_reason="time_limit",
            limit=0.15,
        )
        for number, each in enumerate(true)
    ]
    return Wall(seconds=1.0, load_before=LOAD, load_after=LOAD, cells=cells, scores=[])


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the seeds of the lanes that were measured."""
    seeds: list[int] = []

    def run(seed: int) -> Wall:
        if len(seeds) == 2:
            raise MeasurementError("the server doesn't start")
        seeds.append(seed)
        return wall(2.0)

    monkeypatch.setattr(wall_repeats, "run_wall", run)
    return seeds


@pytest.mark.slow
def test_repeats_go_on_after_the_last_one(measured: list[int], tmp_path: Path) -> None:
    """What was measured before a failure is kept, and isn't measured again."""
    with pytest.raises(MeasurementError):
        repeat_wall(tmp_path, 3, 7)
    assert measured == [7, 8]
    measured.clear()
    assert len(repeat_wall(tmp_path, 3, 7)) == 3
    assert measured == [9]


@pytest.mark.slow
def test_what_is_damaged_or_has_another_seed_is_measured_again(measured: list[int], tmp_path: Path) -> None:
    """A file that isn't whole, and one of another seed, say nothing of this run."""
    repeat_wall(tmp_path, 2, 7)
    measured.clear()
    (tmp_path / "repeat-001.json").write_text("{")
    repeat_wall(tmp_path, 2, 7)
    assert measured == [7]
    measured.clear()
    repeat_wall(tmp_path, 2, 8)
    assert measured == [8, 9]


@pytest.mark.slow
def test_what_other_code_measured_is_measured_again(
    measured: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Repeats are of one and the same code."""
    repeat_wall(tmp_path, 1, 7)
    monkeypatch.setattr(wall_repeats, "changed", lambda _: "its code has changed")
    repeat_wall(tmp_path, 1, 7)
    assert measured == [7, 7]


def test_coverage_is_told_for_each_cell_and_for_all() -> None:
    """Of two cells in two repeats the first holds its truth once, the second never."""
    lines = coverage_lines([wall(2.0, 2.5), wall(1.0, 2.5)])
    assert lines[0].startswith("cell 0: 1 of 2 hold the truth; bias +0.00% to +100.00%, median +50.00%")
    assert lines[1].startswith("cell 1: 0 of 2")
    assert lines[2] == "95% intervals that hold the truth: 1 of 4 (25.0%)"


@pytest.mark.parametrize(
    ("true", "within", "holds"),
    [(2.0, 0.0, True), (2.2, 0.0, False), (2.2, 0.05, True), (1.8, 0.05, False), (1.8, 0.06, True), (2.2, None, None)],
)
def test_an_interval_holds_some_of_the_range_of_the_truth(
    true: float, within: float | None, holds: bool | None
) -> None:
    """It holds the truth where both have something in common; where the truth is not known, nobody can tell."""
    (cell,) = wall(true).cells
    cell = cell.model_copy(update={"true_within": within})
    assert cell.covered is holds


def test_a_cell_whose_truth_is_not_known_counts_for_nothing() -> None:
    """Its bias is told, and of the others how many hold the truth."""
    known, unknown = wall(2.0, 2.5).cells
    both = wall().model_copy(update={"cells": [known, unknown.model_copy(update={"true_within": None})]})
    assert coverage_lines([both])[1] == "cell 1: bias -20.00% to -20.00%, median -20.00%"
    assert coverage_lines([both])[2] == "95% intervals that hold the truth: 1 of 1 (100.0%)"


@pytest.mark.parametrize(("held", "holds"), [(80, True), (76, True), (72, True), (71, False), (60, False)])
def test_too_few_intervals_that_hold_are_noticed(held: int, holds: bool) -> None:
    """Of 80 intervals that claim 95%, 72 may hold the truth by chance, but not 71."""
    assert claims_hold([wall(2.0) for _ in range(held)] + [wall(3.0) for _ in range(80 - held)]) is holds


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--wall-repeats", "0"], "--wall-repeats: 0 is less than 1"),
        (["--pairs-here", "-1"], "--pairs-here: -1 is less than 1"),
        (
            ["--alternatives", "--wall-repeats", "2"],
            "--alternatives, --wall-repeats and --pairs-here exclude each other",
        ),
        (
            ["--skip-wall-clock", "--wall-repeats", "2"],
            "--wall-repeats measures the cells that --skip-wall-clock leaves out",
        ),
    ],
)
def test_bad_usage_is_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    """A number that can't be, or two things instead of one, end the command with code 2 before anything is measured."""
    assert main(["calibrate", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_says_how_many_intervals_hold(
    measured: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 0 where they hold what they claim, 1 where they don't; the files lie beside the output."""
    call = ["calibrate", "--output", str(tmp_path / "calibration.json"), "--wall-repeats", "2"]
    assert main(call) == 0
    assert capsys.readouterr().out.endswith("95% intervals that hold the truth: 2 of 2 (100.0%)\n")
    assert len(list((tmp_path / "calibration-wall").iterdir())) == len(measured) == 2
    monkeypatch.setattr(wall_repeats, "_kept", lambda *_: wall(3.0))
    assert main(call) == 1
