"""`python -m ingest_bench compare`: what it prints, writes, refuses and returns."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ingest_bench.__main__ import main
from ingest_bench.comparison import Comparison, as_text, compare, stop_at_regression
from ingest_bench.comparison.render import as_markdown
from ingest_bench.errors import ComparisonError, RegressionError
from ingest_bench.results.models import Parity

SCHEMAS = Path(__file__).parents[4] / "workflow/schemas"
SLOWER = {("s0", "arm_1"): 1.5}


@pytest.fixture
def write(truth: Any, tmp_path: Path) -> Callable[..., Path]:
    """Give a writer of results: of a small world, with cells that are slower."""
    world = truth(scenarios=3, arms=2, spread=lambda rng: 0.01)

    def written(name: str, number: int, slower: dict[tuple[str, str], float] | None = None) -> Path:
        path = tmp_path / name / "benchmark_results.json"
        path.parent.mkdir()
        path.write_text(world.run(number, slower).results.model_dump_json())
        return path

    return written


def test_nothing_worse_is_exit_code_0(write: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Two runs of the same give 0, a table of every cell, and a last line that says how much could be unseen."""
    assert main(["compare", str(write("earlier", 0)), str(write("current", 1))]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert told.out.count("\nno difference ") == 6
    last = told.out.splitlines()[-1]
    assert last.startswith("No regression beyond noise (0 worse, 0 better, 0 undecided, 6 no difference,")
    assert "Median minimum detectable change: " in last


def test_a_regression_is_exit_code_1(write: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A cell that got slower gives 1; it stands right above the last line, which names it and its change."""
    earlier, current = write("earlier", 0), write("current", 1, SLOWER)
    assert main(["compare", str(earlier), str(current)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("Worse: s0/arm_1-1 0.6")
    assert lines[-3].split()[:4] == ["worse", "s0", "arm", "1,"]
    assert main(["compare", str(current), str(earlier)]) == 0
    assert "1 better" in capsys.readouterr().out


def test_both_files_are_written_beside_the_current_run(write: Callable[..., Path], tmp_path: Path) -> None:
    """`compare.json` keeps what was found, as its schema says; `compare.md` tells it; `--output` moves both."""
    earlier, current = write("earlier", 0), write("current", 1, SLOWER)
    main(["compare", str(earlier), str(current)])
    text = (current.parent / "compare.json").read_text()
    jsonschema.validate(json.loads(text), json.loads((SCHEMAS / "compare.schema.json").read_text()))
    found = Comparison.model_validate_json(text)
    assert [cell.arm for cell in found.with_verdict("worse")] == ["arm_1"]
    report = (current.parent / "compare.md").read_text()
    assert report.startswith("# Against an earlier run\n\nWorse: s0/arm_1-1")
    assert not (earlier.parent / "compare.json").exists()
    main(["compare", str(earlier), str(current), "--output", str(tmp_path / "other/place")])
    assert (tmp_path / "other/place/compare.json").read_text() == text


def test_the_gate_of_the_workflow_names_what_is_worse(write: Callable[..., Path]) -> None:
    """What the workflow's own gate reads from `compare.json` stops it where a cell is worse, and only there."""
    earlier, current = write("earlier", 0), write("current", 1, SLOWER)
    main(["compare", str(earlier), str(current)])
    with pytest.raises(RegressionError, match="s0/arm_1-1"):
        stop_at_regression(current.parent / "compare.json")
    main(["compare", str(earlier), str(earlier)])
    stop_at_regression(earlier.parent / "compare.json")


def test_the_gate_refuses_a_comparison_of_another_version(tmp_path: Path) -> None:
    """A `compare.json` with the fields of version 1.0 is an error that names the file and what to do."""
    old = tmp_path / "compare.json"
    old.write_text('{"schema_version": "1.0", "alarm": 0.01, "unrest": 1.0}')
    with pytest.raises(ComparisonError, match=r"compare\.json: not of this version: .*; remove it and compare again"):
        stop_at_regression(old)


def test_a_busy_machine_is_exit_code_2(write: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A cell that is slower while other work ran is neither passed nor a regression, here and in the workflow."""
    earlier, current = write("earlier", 0), write("current", 1, SLOWER)
    current.write_text(current.read_text().replace('"load_1m":0.1', '"load_1m":5.0'))
    assert main(["compare", str(earlier), str(current)]) == 2
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("No answer: 1 cell slower, but other work ran beside the measurement (0 worse,")
    with pytest.raises(ComparisonError, match="No answer"):
        stop_at_regression(current.parent / "compare.json")
    assert main(["compare", str(current), str(earlier)]) == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "can't be read: No such file or directory; expected the benchmark_results.json of a run"),
        ("folder", "can't be read: Is a directory"),
        ("", "is not JSON"),
        ("{'a': 1}", "is not JSON"),
        ("[" * 1_100, "is not JSON"),
        ("[]", "is JSON, but has no schema_version"),
        ('{"a": 1}', "is JSON, but has no schema_version"),
        (
            '{"schema_version": "3.0"}',
            "has the schema_version 3.0, of which this version can read 1.0, 1.1, 2.0 to 2.4",
        ),
        ('{"schema_version": "2.0"}', "is not a whole results file: seed: missing"),
    ],
)
@pytest.mark.parametrize("place", ["earlier", "current"])
def test_a_file_that_is_no_run_is_exit_code_2(
    write: Callable[..., Path],
    *,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str | None,
    words: str,
    place: str,
) -> None:
    """What can't be used is told in one line: which file, what is wrong with it, what was expected."""
    good, bad = write("good", 0), tmp_path / "bad.json"
    if content == "folder":
        bad.mkdir()
    elif content is not None:
        bad.write_text(content)
    pair = (bad, good) if place == "earlier" else (good, bad)
    assert main(["compare", *map(str, pair)]) == 2
    told = capsys.readouterr()
    (line,) = told.err.splitlines()
    assert line.startswith(str(bad))
    assert words in line
    assert told.out == ""


def test_runs_with_nothing_in_common_are_exit_code_2(
    write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A gate that could compare nothing says so, and doesn't pass."""
    earlier = write("earlier", 0)
    current = tmp_path / "current.json"
    current.write_text(earlier.read_text().replace('"cores":2', '"cores":64'))
    assert main(["compare", str(earlier), str(current)]) == 2
    assert "no cell can be compared" in (line := capsys.readouterr().err)
    assert "other processors: cores was 2, is 64" in line


def test_a_folder_that_cant_be_written_to_is_exit_code_2(
    write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 is kept for regressions: a full or forbidden folder is not one."""
    file = tmp_path / "file"
    file.write_text("in the way")
    earlier = write("earlier", 0)
    assert main(["compare", str(earlier), str(earlier), "--output", str(file / "below")]) == 2
    assert capsys.readouterr().err.strip() == f"{file / 'below'}: can't be written to: Not a directory"


def test_no_argument_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a run to compare with, the usage is shown and the exit code is 2."""
    with pytest.raises(SystemExit) as caught:
        main(["compare"])
    assert caught.value.code == 2
    assert "BASELINE" in capsys.readouterr().err


def test_many_regressions_are_counted_and_not_cut_short(truth: Any) -> None:
    """The last line names the first few cells whole, says how many more there are, and still ends with its sentence."""
    world = truth(scenarios=3, arms=4, spread=lambda rng: 0.01)
    slower = {(f"s{number}", f"arm_{arm}"): 1.5 for number in range(3) for arm in range(4)}
    last = as_text(compare(world.run(0), world.run(1, slower))).splitlines()[-1]
    assert last.count("-1 0.6") == 5
    assert "; 7 more (12 worse, 0 better," in last
    assert last.endswith("x.")


def test_foreign_words_do_no_harm(truth: Any) -> None:
    """Names and reasons from a stranger's file break neither the terminal nor the tables."""
    world = truth(scenarios=1, arms=1)
    earlier, current = world.run(0), world.run(1)
    cell = current.cells["s0", "arm_0", 1]
    cell.label = "a|b\x1b[31m\n| c | <script>"
    cell.parity = Parity(ok=False, reason="*x*\r\n# y")
    comparison = compare(earlier, current)
    text = as_text(comparison)
    assert "\x1b" not in text
    assert "\r" not in text
    markdown = as_markdown(comparison)
    assert "<script>" not in markdown
    (row,) = [line for line in markdown.splitlines() if line.startswith("| worse")]
    assert row.replace("\\|", "").count("|") == 12
    assert "\n# y" not in markdown
