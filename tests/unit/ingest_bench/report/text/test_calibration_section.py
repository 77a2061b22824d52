"""What the report and the command say of a calibration."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest_bench.__main__ import main
from ingest_bench.calibration.models import CALIBRATION, Calibration, Score, Virtual, Wall, WallCell, read_calibration
from ingest_bench.errors import AggregationError
from ingest_bench.report.blocks import Paragraph, Table
from ingest_bench.report.templating import blocks, text
from ingest_bench.results.models import Load
from ingest_bench.workflow.identity import file_stamp

COVERAGE = Score(name="intervals", value=0.951, trials=19_304, at_least=0.93, at_most=0.97)
CELL = WallCell(
    name="3 workers",
    measured=2.69,
    low=2.65,
    high=2.72,
    true=2.74,
    pairs=4,
    stop_reason="target_ci_reached",
    limit=0.15,
)


def record(*, score: Score = COVERAGE, cell: WallCell = CELL) -> Calibration:
    """Return a calibration with a score and a cell."""
    load = Load(load_1m=0.1, steal_s=0)
    return Calibration(
        seed=1,
        created_at=1770720000,
        virtual=Virtual(runs=400, seconds=100, scores=[score]),
        wall=Wall(seconds=120, load_before=load, load_after=load, cells=[cell], scores=[]),
    )


def words(calibration: Calibration) -> str:
    """Return everything that the section says."""
    found = []
    for block in blocks("calibration", "answers", record=calibration):
        if isinstance(block, Paragraph):
            found.append(block.text)
        if isinstance(block, Table):
            found += [entry.text for row in block.rows for entry in row]
    return "\n".join(found)


def test_figures_stand_beside_their_limits() -> None:
    """The section gives what was found, the limit, the trials, bias and coverage of real cells, and sums them up."""
    told = words(record())
    for part in ("19,304", "95.1%", "93% to 97%", "2.69x (2.65 to 2.72)", "2.74x", "-1.8%", "every limit was kept"):
        assert part in told
    assert "**no**" not in told


def test_a_range_of_the_truth_is_told() -> None:
    """A truth that is known within some share is shown with it; whether one that isn't known is held, nobody says."""
    assert "2.74x ± 1.8%" in words(record(cell=CELL.model_copy(update={"true_within": 0.018})))
    told = words(record(cell=CELL.model_copy(update={"true_within": None})))
    assert "2.74x\n" in told
    assert "15%\nno\n" not in told
    assert "15%\nno\n" in words(record())


@pytest.mark.parametrize(
    "missed",
    [
        record(score=COVERAGE.model_copy(update={"value": 0.90})),
        record(score=COVERAGE.model_copy(update={"value": None})),
        record(cell=CELL.model_copy(update={"measured": 1.0})),
    ],
)
def test_a_missed_limit_is_said_first(missed: Calibration) -> None:
    """A figure outside its limit, or one that was never found, is named in the opening sentence and in its row."""
    assert len(missed.failures) == 1
    assert missed.failures[0] in text("calibration", "line", record=missed)
    assert "**no**" in words(missed)


def test_a_calibration_is_read_where_there_is_one(tmp_path: Path) -> None:
    """None without a file; the record with one, whose stamp changes with it; one line for a damaged file."""
    assert read_calibration(tmp_path) is None
    assert file_stamp(tmp_path, CALIBRATION) is None
    file = tmp_path / "calibration.json"
    file.write_text(record().model_dump_json())
    assert read_calibration(tmp_path) == record()
    stamp = file_stamp(tmp_path, CALIBRATION)
    file.write_text('{"seed": "x"}')
    assert file_stamp(tmp_path, CALIBRATION) != stamp
    with pytest.raises(AggregationError, match=r"calibration.json: \S+ is not what this version writes"):
        read_calibration(tmp_path)


@pytest.mark.slow
def test_the_command_writes_the_record_and_says_what_is_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One run can't decide: the command writes what it found, names what was missed, and its exit code tells."""
    file = tmp_path / "deep" / "calibration.json"
    code = main(["calibrate", "--skip-wall-clock", "--runs", "1", "--output", str(file)])
    found = Calibration.model_validate_json(file.read_bytes())
    printed = capsys.readouterr().out
    assert found.wall is None
    assert code == (1 if found.failures else 0)
    assert printed.count("MISSED") == len(found.failures)
    assert printed.count("\n") == len(found.scores) + len(found.failures) + 1


def test_no_runs_are_a_bad_setting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command names the option that can't be used."""
    assert main(["calibrate", "--runs", "0", "--output", str(tmp_path / "x.json")]) == 2
    assert "--runs" in capsys.readouterr().err
